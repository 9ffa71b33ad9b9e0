"""A server that runs a tiny model, and embedders that use one wrongly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from interlingua.retrieval.catalogue import EmbeddingModel, embedding_model
from interlingua.retrieval.embedders.local import LocalEmbedder
from interlingua.retrieval.embedders.local.network import Network
from interlingua.retrieval.served import ServedEmbedder
from interlingua.retrieval.served.openai import OpenAIEmbedding
from interlingua.retrieval.types import Matrix
from layouts import MODELS
from numpy.typing import NDArray
from served_samples import quick
from server import ModelServer
from tiny import WIDTH


@dataclass
class TinyServer(ModelServer):
    """Gives the vector of the exact text that it received, and of nothing else, as a real server does.

    `end`: whether its tokenizer puts a special token after a text. `before`: a prompt that it adds by itself. `noise`:
    length of a random vector that is added, for a coarser precision. With a larger `dim`, zeros follow.
    """

    network: Network | None = None
    end: bool = True
    before: str = ""
    noise: float = 0.0
    catalogued: str = field(default="")

    @classmethod
    def of(cls, name: str, folder: Path, **options: Any) -> TinyServer:
        """The server of a model of `layouts`."""
        catalogued = MODELS[name][1]
        network = LocalEmbedder(str(folder), catalogued=catalogued, device="cpu").network()
        options = {"model": catalogued, "dim": WIDTH, "limit": 32, **options}
        return cls("openai", network=network, catalogued=catalogued, **options)

    def vector(self, text: str, dimensions: int | None) -> list[float]:
        assert self.network is not None
        encoding = self.network.tokenizer.encode(self.before + text)
        row = np.array(encoding.ids if self.end else encoding.ids[:-1], np.int64)
        vector = self.network.run([row], len(self.network.around[0]))[0][:dimensions]
        vector = vector / np.linalg.norm(vector)
        if self.noise:
            drawn = np.random.default_rng(len(text)).normal(size=len(vector))
            vector = vector + self.noise * drawn / np.linalg.norm(drawn)
        filled = np.zeros(max(self.dim, len(vector)))
        filled[: len(vector)] = vector
        return list(map(float, filled))

    def facts(self) -> EmbeddingModel:
        """The entry of the catalogue, of the tiny model's size."""
        entry = embedding_model(self.catalogued)
        assert entry is not None
        return replace(entry, dim=WIDTH, reduction="none", dimensions=(), smallest=0)

    def embedder(self, **options: Any) -> ServedEmbedder:
        """As one that knows the model calls it."""
        options = {"model": self.facts(), **options}
        return ServedEmbedder(quick(self.url), dialect=OpenAIEmbedding(), **options)


class Changed:
    """An embedder of the user's own that does something with the vectors of another. `name`: what it calls itself."""

    def __init__(
        self,
        inner: LocalEmbedder,
        change: Callable[[Matrix], Any],
        *,
        name: str = "own",
        dim: int | None = None,
    ) -> None:
        self._inner, self._change = inner, change
        self.model, self.dim, self.fingerprint, self.max_tokens = name, dim or inner.dim, "0", 256
        self.tokenizer = None

    def embed_queries(self, texts: Sequence[str]) -> Any:
        return self._change(self._inner.embed_queries(texts))

    def embed_passages(self, texts: Sequence[str]) -> Any:
        return self._change(self._inner.embed_passages(texts))


class WithoutPrompt(LocalEmbedder):
    """Drops the prompt of queries."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self._embed([f"{text}{self.network().recipe.suffix}" for text in texts], "")


class WithoutMask(LocalEmbedder):
    """Pads on the wrong side, and takes the last state whatever the mask says."""

    def _embed(self, texts: list[str], prompt: str) -> Matrix:
        network = self.network()
        rows = [network.tokens(network.ids(text).astype(np.int32)) for text in texts]
        if not rows:
            return np.empty((0, network.dim), np.float32)
        width = max(map(len, rows))
        padded = [np.concatenate([row, np.full(width - len(row), network.filler, np.int64)]) for row in rows]
        states = network.states(padded)[:, -1]
        vectors: NDArray[np.float32] = states / np.linalg.norm(states, axis=1, keepdims=True)
        return vectors


class ByLength(LocalEmbedder):
    """Returns vectors in the order of the length of their texts."""

    def _embed(self, texts: list[str], prompt: str) -> Matrix:
        return super()._embed(sorted(texts, key=len, reverse=True), prompt)
