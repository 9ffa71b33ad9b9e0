"""A small transformer from a folder, run by onnxruntime: one unit vector per text.

Neither torch nor transformers is needed. `python -m training` writes the folder (see `training/publish.py`).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as JsonTokenizer

from ..errors import ConfigurationError, EmbedderError
from ..machine import cores, release
from ..precedence import SEARCHES
from ..protocols import Tokenizer
from ..types import Matrix
from .published import REMEDY, fingerprint, parse_tokenizer, read_files
from .texts import Pieces, token_ids

BUNDLED = Path(__file__).parent / "bundled"
FILES = ("config.json", "tokenizer.json", "model.onnx")

_CODE = b"onnx-1: the first positions - 2 tokens between the special ones"  # change it when the code changes vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A model as read.

    `dimensions` are the lengths that a vector may be cut to, `dim` the full one. `around` are the ids of the special
    tokens before and after a text, `positions` how many tokens it reads, those included.
    """

    name: str
    dim: int
    dimensions: tuple[int, ...]
    max_tokens: int
    positions: int
    around: tuple[int, int]
    session: Any
    tokenizer: JsonTokenizer
    fingerprint: str

    def tokens(self, ids: NDArray[np.int32]) -> NDArray[np.int64]:
        """A text's tokens between the special ones; what exceeds the positions is cut off."""
        begin, end = self.around
        return np.concatenate(([begin], ids[: self.positions - 2], [end])).astype(np.int64)

    def run(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """The unit vector of one text, shape (dim,).

        One text alone, so that nothing is padded and its vector cannot depend on a batch.

        Raises:
            EmbedderError: onnxruntime failed.
        """
        inputs = {"input_ids": tokens[np.newaxis], "attention_mask": np.ones((1, len(tokens)), np.int64)}
        try:
            result: NDArray[np.float32] = self.session.run(["sentence_embedding"], inputs)[0][0]
        except Exception as error:  # onnxruntime's exceptions have no common class of their own
            raise EmbedderError(f"The model {self.name} failed on {len(tokens)} tokens: {error}. {REMEDY}") from error
        return result


def bundled(dimensions: int | None = None) -> OnnxEmbedder:
    """The multilingual model that comes with the package; `dimensions` as in OnnxEmbedder."""
    return OnnxEmbedder(BUNDLED, dimensions=dimensions)


class OnnxEmbedder:
    """A transformer from a folder. It has no prompts: queries and passages are embedded alike.

    The files are read once, on first use; any number of threads may share one instance. Texts run one by one, as many
    at a time as there are cores: a text gets the same vector, bit for bit, in every batch, and nothing is spent on
    padding (measured on two cores: 10,900 tokens a second; batches of eight padded passages give a quarter less).

    Args:
        folder: of the model.
        dimensions: numbers kept of each vector, from its start, brought to length 1 again; None: all.
    """

    def __init__(self, folder: Path, *, dimensions: int | None = None) -> None:
        self.folder = folder
        self.cut_to = dimensions
        self._lock = threading.Lock()
        self._network: Network | None = None
        self._workers: tuple[int, ThreadPoolExecutor] | None = None

    def network(self) -> Network:
        """The model, read on the first call."""
        if self._network is None:
            with self._lock:
                if self._network is None:
                    self._network = _checked(read(self.folder), self.cut_to)
        return self._network

    def shortened(self, dimensions: int | None) -> OnnxEmbedder:
        """The same model with vectors cut to `dimensions`; what was read is shared."""
        if dimensions == self.cut_to:
            return self
        other = OnnxEmbedder(self.folder, dimensions=dimensions)
        other._network = _checked(self.network(), dimensions)
        return other

    @property
    def model(self) -> str:
        """Name of the model, from its config.json."""
        return self.network().name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.network().dim if self.cut_to is None else self.cut_to

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Lengths that a vector may be cut to."""
        return self.network().dimensions

    @property
    def fingerprint(self) -> str:
        """Hash of network, tokenizer, configuration and of how they are used; 32 hexadecimal digits."""
        network = self.network()
        cut = {} if self.dim == network.dim else {"dimensions": str(self.dim).encode()}
        return fingerprint(network.fingerprint.encode(), cut) if cut else network.fingerprint

    @property
    def max_tokens(self) -> int:
        """Ceiling for chunks: the length it was trained on. It reads on to its last position, and less well."""
        return self.network().max_tokens

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own tokenizer."""
        return Pieces(self.network().tokenizer)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per query, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per passage, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Matrix:
        network, dim = self.network(), self.dim
        vectors = np.empty((len(texts), dim), np.float32)

        def embed(ids: NDArray[np.int32]) -> NDArray[np.float32]:
            if len(texts) > 1:
                SEARCHES.give_way()
            vector = network.run(network.tokens(ids))
            return vector if dim == network.dim else vector[:dim] / np.linalg.norm(vector[:dim])

        done = 0
        run = map if len(texts) == 1 else self._threads().map
        for batch in token_ids(network.tokenizer, texts):
            for row in run(embed, batch):
                vectors[done] = row
                done += 1
        return vectors

    def _threads(self) -> ThreadPoolExecutor:
        """One pool for all calls, a thread per core; a forked process makes its own.

        Threads of a new pool for each call would each leave 14 MB of free memory behind in the allocator.
        """
        with self._lock:
            if self._workers is None or self._workers[0] != os.getpid():
                self._workers = os.getpid(), ThreadPoolExecutor(cores(), thread_name_prefix="interlingua-onnx")
            return self._workers[1]


def _checked(network: Network, dimensions: int | None) -> Network:
    """The network, if its vectors may be cut to so many numbers; ConfigurationError otherwise."""
    if dimensions is not None and dimensions not in network.dimensions:
        choices = ", ".join(map(str, sorted(network.dimensions)))
        raise ConfigurationError(f"{network.name} has no vectors of {dimensions} dimensions. Choose one of {choices}.")
    return network


def read(folder: Path) -> Network:
    """Read the three files of a network.

    Raises:
        ConfigurationError: the folder or one of the files is not there.
        EmbedderError: a file is damaged, or the files do not belong together.
    """
    contents = read_files(folder, FILES, kind="ONNX")
    digest = fingerprint(_CODE, contents)
    del contents["model.onnx"]  # 42 MB, which the session reads for itself: given bytes, it would keep them
    try:
        config = json.loads(contents["config.json"])
        own = config["interlingua"]
        name, max_tokens = str(own["name"]), int(own["max_tokens"])
        dimensions = tuple(map(int, own["dimensions"]))
        positions, rows = int(config["max_position_embeddings"]), int(config["vocab_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise EmbedderError(f"{folder / 'config.json'} is damaged: {error!r}. {REMEDY}") from error
    tokenizer = parse_tokenizer(folder, contents["tokenizer.json"])
    around = tokenizer.encode("").ids
    if tokenizer.get_vocab_size() != rows or len(around) != 2:
        raise EmbedderError(
            f"The model in {folder} does not fit together: config.json says {rows} tokens, the tokenizer has "
            f"{tokenizer.get_vocab_size()} and puts {len(around)} special ones around a text, not 2. {REMEDY}"
        )
    network = Network(
        name=name,
        dim=max(dimensions),
        dimensions=dimensions,
        max_tokens=max_tokens,
        positions=positions,
        around=(around[0], around[1]),
        session=_session(folder / "model.onnx"),
        tokenizer=tokenizer,
        fingerprint=digest,
    )
    release()
    return network


def _session(path: Path) -> Any:
    """The network, ready to run in the thread that calls it."""
    import onnxruntime  # type: ignore[import-untyped, unused-ignore]  # not typed; takes 0.1 s, so only when needed

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    # Not ALL: it fuses addition and layer normalisation into one operator that takes several times as long.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common class of their own
        raise EmbedderError(f"{path} is damaged: {error}. {REMEDY}") from error
