"""Vectors as the adapters pass them on: looked up by chunk, checked, and chosen among."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import EmbedderError
from ..filters import Filter, Ids
from ..protocols import Embedder, Store
from ..types import Hit, Matrix

BATCH = 256
"""Chunks that are asked for, embedded or written at once."""


def by_id(points: Sequence[str]) -> Iterator[Filter]:
    """Filters on the chunks of these ids, `BATCH` ids each; none for none."""
    for start in range(0, len(points), BATCH):
        yield Filter((Ids(tuple(points[start : start + BATCH])),))


def checked(embedder: Embedder, vectors: Matrix, count: int) -> Matrix:
    """`vectors`, if they are (count, dim) finite numbers; EmbedderError otherwise."""
    if vectors.shape != (count, embedder.dim) or not np.isfinite(vectors).all():
        raise EmbedderError(
            f"{embedder.model} returned no usable vectors: shape {vectors.shape}, ({count}, {embedder.dim}) of finite "
            "numbers was expected."
        )
    return vectors


def most_diverse(hits: Sequence[Hit], store: Store, *, limit: int, weight: float) -> list[Hit]:
    """At most `limit` of `hits`, relevant and unlike one another, in the order picked; see `diverse`."""
    vectors = {
        stored.chunk.id: stored.vector
        for matching in by_id([hit.chunk.id for hit in hits])
        for stored in store.scan(matching, vectors=True)
    }
    # A hit that was deleted since has no vector any more.
    rows = [(hit, vector) for hit in hits if (vector := vectors.get(hit.chunk.id)) is not None]
    if not rows:
        return []
    relevance = np.array([hit.score for hit, _ in rows])
    matrix = np.array([vector for _, vector in rows], np.float32)
    return [rows[row][0] for row in diverse(relevance, matrix, limit=limit, weight=weight)]


def diverse(relevance: NDArray[np.float64], vectors: NDArray[np.float32], *, limit: int, weight: float) -> list[int]:
    """Rows by maximal marginal relevance: relevant to the query, and unlike those picked before.

    Args:
        relevance: cosine of each row with the query, shape (n,).
        vectors: unit vectors, shape (n, dim).
        limit: how many rows to pick.
        weight: of the relevance, in [0, 1]; the rest is the weight of the greatest cosine with a row picked before.

    Returns:
        At most `limit` rows in the order picked, equals in the order given.
    """
    picked: list[int] = []
    likeness = np.zeros(len(relevance))
    left = np.ones(len(relevance), bool)
    for _ in range(min(limit, len(relevance))):
        marginal = relevance if not picked else weight * relevance - (1 - weight) * likeness
        row = int(np.argmax(np.where(left, marginal, -np.inf)))
        similar = vectors @ vectors[row]
        likeness = np.maximum(likeness, similar) if picked else similar.astype(np.float64)
        picked.append(row)
        left[row] = False
    return picked
