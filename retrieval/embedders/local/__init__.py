"""A sentence-transformers model in this process: from the hub or from a folder, on CPU, CUDA or MPS."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from ...catalogue import EmbeddingModel, embedding_model, warn_of_licence
from ...errors import ConfigurationError, EmbedderError
from ...protocols import Tokenizer
from ...types import Matrix
from ..texts import Pieces, token_ids
from .batches import Batches, Run
from .digest import folder_digest
from .loading import Request, devices
from .network import Network, load_network

_CODE = "local-1: prompt + text + suffix, cut to the first dimensions, renormalised"  # change it when vectors change


class LocalEmbedder:
    """A sentence-transformers model. Prompts, suffix and cutting are applied here, not by the library.

    Making one reads nothing: the model is loaded on first use, once for each device. Any number of threads may share
    one instance; a device runs one batch at a time. Vectors are float32 of length 1
    in whatever precision the network computes.

    Args:
        name: hub id, alias from the catalogue, or the path of a folder.
        catalogued: name of the catalogued model that a folder or a hub model is a copy or a fine-tune of; its prompts,
            suffix, padding and dimensions are then those of the catalogue.
        dimensions: length of vector; None: all that the model gives.
        task: an instruction of the user's own for queries, in English; None: the model's own.
        device: such as `cuda:1`; several, as `cuda:0,cuda:1`, each hold the model and share the batches; `openvino`:
            the CPU, by OpenVINO; None: CUDA, else MPS, else CPU.
        dtype: float32, bfloat16 or float16; None: float32 on CPU and MPS, bfloat16 on CUDA where it has it.
        revision: commit or branch of the hub.
        trust_remote_code: run the model's own code; for a hub model only together with a revision.
        batch_tokens: tokens of a batch, padding included; None: by device. Halved when memory runs out.
    """

    def __init__(
        self,
        name: str,
        *,
        catalogued: str | None = None,
        dimensions: int | None = None,
        task: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        trust_remote_code: bool = False,
        batch_tokens: int | None = None,
    ) -> None:
        entry = embedding_model(catalogued or name)
        if catalogued is not None and entry is None:
            raise ConfigurationError(f"No model in the catalogue is called {catalogued!r}. See: interlingua models.")
        self._request = Request(
            name=name,
            catalogued=catalogued is not None,
            entry=entry,
            device=None,
            dtype=dtype,
            revision=revision,
            trust_remote_code=trust_remote_code,
        )
        self._devices = devices(device)
        self._dimensions, self._task = dimensions, task
        self._batches = Batches(name, batch_tokens)
        self._loading = threading.Lock()
        self._networks: list[Network] = []

    def network(self) -> Network:
        """The model on its first device."""
        return self.networks()[0]

    def networks(self) -> list[Network]:
        """The model on each device, loaded on the first call."""
        if not self._networks:
            with self._loading:
                if not self._networks:
                    if self._request.entry is not None:
                        warn_of_licence(self._request.entry)
                    requests = [replace(self._request, device=device) for device in self._devices]
                    self._networks = [
                        load_network(request, dimensions=self._dimensions, task=self._task) for request in requests
                    ]
        return self._networks

    @property
    def model(self) -> str:
        """The hub id of a model named by the catalogue, else the name or path that was given."""
        return self._request.path

    @property
    def entry(self) -> EmbeddingModel | None:
        """The catalogued model that it is, or is a copy of; None where there is none."""
        return self._request.entry

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.network().dim

    @property
    def fingerprint(self) -> str:
        """Hash of the files, prompts, suffix, pooling, dimension and length limit; 32 hexadecimal digits.

        Device and precision are not in it: they move a vector by a rounding error. Nor is a task of the user's own: it
        changes queries alone, so that stored passages can be searched with any. Reads all weights the first time.
        """
        network, entry = self.network(), self._request.entry
        settings = {
            **asdict(network.recipe),
            "query_prompt": network.recipe.query_prompt if entry is None else entry.query_prompt,
            "pooling": network.pooling,
            "dim": network.dim,
            "positions": network.positions,
            "files": folder_digest(network.folder),
            "code": _CODE,
        }
        return hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16).hexdigest()

    @property
    def max_tokens(self) -> int:
        """Tokens of a passage that it reads, beside prompt, suffix and special tokens."""
        network = self.network()
        return network.room(network.recipe.passage_prompt)

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own tokenizer."""
        return Pieces(self.network().tokenizer)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per query, shape (len(texts), dim), in order; shape (0, dim) for no texts.

        Raises:
            EmbedderError: a vector is not finite or has no length, or memory does not suffice for one text.
        """
        recipe = self.network().recipe
        return self._embed([recipe.query(text) for text in _several(texts)], recipe.query_prompt)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per passage, shape (len(texts), dim), in order; shape (0, dim) for no texts.

        Raises:
            EmbedderError: a vector is not finite or has no length, or memory does not suffice for one text.
        """
        recipe = self.network().recipe
        return self._embed([recipe.passage(text) for text in _several(texts)], recipe.passage_prompt)

    def _embed(self, texts: list[str], prompt: str) -> Matrix:
        network = self.network()
        rows = [network.tokens(ids) for batch in token_ids(network.tokenizer, texts) for ids in batch]
        skipped = len(network.around[0]) + len(network.ids(prompt))
        vectors = np.empty((len(rows), network.dim), np.float32)

        def runs(copy: Network) -> Run:
            return lambda places: copy.run([rows[i] for i in places], skipped)

        lengths = np.array([len(row) for row in rows], np.int64)
        copies = [(runs(copy), copy.device) for copy in self.networks()]
        for places, found in self._batches.run(lengths, copies if len(rows) > 1 else copies[:1]):
            vectors[places] = self._unit(found[:, : network.dim])
        return vectors

    def _unit(self, vectors: NDArray[np.float32]) -> Matrix:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if wrong := int(np.count_nonzero(~(np.isfinite(norms) & (norms > 0)))):
            raise EmbedderError(
                f"{self.model} gave {wrong} of {len(vectors)} vectors with NaN, infinity or length 0 on "
                f"{self.network().device}. In float16 its numbers may be too large: try dtype='bfloat16' or 'float32'."
            )
        unit: Matrix = vectors / norms
        return unit


def _several(texts: Sequence[str]) -> Sequence[str]:
    if isinstance(texts, str):
        raise TypeError("Texts must be a sequence of strings, not one string: write [text].")
    return texts
