"""ZeroEntropy's `/models/embed` and `/models/rerank`.

Sunset: the hosted service was shut down in September 2026. This is for servers of one's own that speak its language.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..catalogue import EmbeddingModel, RerankerModel
from .answers import in_order
from .connection import Connection
from .dialects import Request, Role, Served

_TEXTS = 128
_SIZE = 4_990_000  # bytes; a request may have 5,000,000


class ZeroEntropyEmbedding:
    """`/models/embed`: the server knows the prompts, by role, and the learned projections to shorter vectors.

    Args:
        version: the path before `/models`; None is `/v1`.
    """

    own_prompts = True
    own_dimensions = True

    def __init__(self, version: str | None = None) -> None:
        self._version = version

    def describe(self, connection: Connection, name: str | None, known: EmbeddingModel | None) -> Served:
        """Nothing is asked: the service has no list."""
        return _described(name or "zembed-1", self._version)

    def request(
        self, texts: Sequence[str], served: Served, *, role: Role, dimensions: int | None, truncate: bool
    ) -> Request:
        """One request of texts without prompts."""
        body = {"model": served.model, "input": list(texts), "input_type": role, "encoding_format": "base64"}
        path = f"{served.prefix}/models/embed"
        return Request(path=path, body=body if dimensions is None else {**body, "dimensions": dimensions})

    def vectors(self, answer: Any, count: int) -> list[Any]:
        """In the order sent; there is no index."""
        return [item["embedding"] for item in answer["results"]]


class ZeroEntropyRerank:
    """`/models/rerank`: scores in [0, 1].

    Args:
        version: the path before `/models`; None is `/v1`.
    """

    own_template = True

    def __init__(self, version: str | None = None) -> None:
        self._version = version

    def describe(self, connection: Connection, name: str | None, known: RerankerModel | None) -> Served:
        """Nothing is asked: the service has no list."""
        return _described(name or "zerank-2", self._version)

    def request(self, query: str, passages: Sequence[str], served: Served) -> Request:
        """One request."""
        body = {"model": served.model, "query": query, "documents": list(passages)}
        return Request(path=f"{served.prefix}/models/rerank", body=body)

    def scores(self, answer: Any, count: int) -> list[Any]:
        """By `index`: the answer is sorted by score."""
        return [item["relevance_score"] for item in in_order(answer["results"], count)]


def _described(name: str, version: str | None) -> Served:
    """The service calls its models zembed-1 and zerank-2; the hub zeroentropy/zembed-1-embedding and the like."""
    own = name.rsplit("/", 1)[-1].removesuffix("-embedding").removesuffix("-reranker")
    return Served(model=own, prefix="/v1" if version is None else version, texts=_TEXTS, size=_SIZE)
