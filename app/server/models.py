"""The models of the index, for routes: they hold no documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ...retrieval.catalogue import embedding_model
from ...retrieval.embedders.onnx import OnnxEmbedder
from ...retrieval.errors import EmbedderError, InputError
from ...retrieval.protocols import Embedder
from ...retrieval.rerankers import Reranker
from ...retrieval.reranking import checked
from ...retrieval.types import Matrix
from ..index import Index
from .errors import RequestError

Role = Literal["query", "passage"]


class Models:
    """The embedder and the reranker in force."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @property
    def embedder(self) -> Embedder:
        """The embedder in force."""
        return self._index.embedder

    @property
    def reranker(self) -> Reranker | None:
        """The reranker, None where none is configured."""
        with self._index.using() as current:
            return current.reranker

    def embed(self, texts: Sequence[str], role: Role, *, dimensions: int | None = None) -> tuple[Matrix, int]:
        """A unit vector for each text, shape (len(texts), dimensions), and the tokens that they have in all.

        Tokens are those of the model's own tokenizer where it is at hand, else estimated at three bytes each. Raises
        InputError for an empty text, and for `dimensions` that the model's vectors cannot be cut to.
        """
        embedder = self.embedder
        if any(not text.strip() for text in texts):
            raise InputError("A text to embed is empty.")
        kept = cut_to(embedder, dimensions)
        vectors = embedder.embed_queries(texts) if role == "query" else embedder.embed_passages(texts)
        if vectors.shape != (len(texts), embedder.dim) or not np.isfinite(vectors).all():
            raise EmbedderError(f"{embedder.model} returned no usable vectors: shape {vectors.shape}.")
        if kept != embedder.dim:
            vectors = vectors[:, :kept] / np.linalg.norm(vectors[:, :kept], axis=1, keepdims=True)
        return vectors, count_tokens(embedder, texts)

    def relevance(self, query: str, passages: Sequence[str]) -> list[float]:
        """Relevance of each passage, in order, in [0, 1]. Raises RequestError where no reranker is configured."""
        reranker = self.reranker
        if reranker is None:
            raise RequestError(
                422,
                "not_configured",
                "No reranker is configured. Name one with the setting `reranker`, such as BAAI/bge-reranker-v2-m3.",
            )
        scores: list[float] = checked(reranker, reranker.score(query, passages), len(passages)).tolist()
        return scores


def cut_to(embedder: Embedder, dimensions: int | None) -> int:
    """The length of vector to answer with. Raises InputError naming those that the model allows."""
    if dimensions is None or dimensions == embedder.dim:
        return embedder.dim
    allowed: tuple[int, ...] = ()
    known = embedding_model(embedder.model)
    if isinstance(embedder, OnnxEmbedder):
        allowed = tuple(sorted(n for n in embedder.dimensions if n <= embedder.dim))
    elif known is not None and known.reduction == "slice":
        allowed = tuple(n for n in known.dimensions if n <= embedder.dim)
        if not allowed and 0 < known.smallest <= dimensions <= embedder.dim:
            return dimensions
    if dimensions in allowed:
        return dimensions
    choices = ", ".join(map(str, allowed or (embedder.dim,)))
    raise InputError(f"{embedder.model} has no vectors of {dimensions} dimensions here. Choose one of {choices}.")


def count_tokens(embedder: Embedder, texts: Sequence[str]) -> int:
    """Tokens of `texts` in all."""
    tokenizer = embedder.tokenizer
    if tokenizer is None:
        return sum(-(-len(text.encode("utf-8", "replace")) // 3) for text in texts)
    return sum(len(tokenizer.token_starts(text)) for text in texts)
