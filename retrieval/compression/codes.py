"""The searches of the stores, in numpy: candidates by codes, rescored with the full vectors.

Codes are those of Qdrant. int8: numbers between the .5th and the 99.5th percentile of all, in 127 steps. Binary: the
sign of each number, of queries as of passages.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..manifest import Manifest, Quantization
from ..stores.answers import oversampling
from ..types import Matrix

QUANTILE = 0.99  # of the numbers that the 127 steps of int8 cover, the rest is clipped
_DECIMALS = 6  # scores that agree so far are equal, as in the stores

Ints = NDArray[np.int64]


def search(queries: Matrix, passages: Matrix, own: Ints, quantization: Quantization, *, limit: int) -> Ints:
    """The passages that a store finds for each query, best first, shape (queries, limit).

    Args:
        queries: shape (q, dim).
        passages: shape (n, dim), n > limit.
        own: for each query the passage that it was taken from, which is not to be found; -1 for none.
        quantization: of the store.
        limit: hits wanted.
    """
    exact = _without(np.round(queries @ passages.T, _DECIMALS), own)
    if quantization == "none":
        return _first(exact, limit)
    q, p = _int8(queries, passages) if quantization == "int8" else (_signs(queries), _signs(passages))
    candidates = _first(_without(q @ p.T, own), min(candidates_of(quantization, limit), len(passages)))
    kept = np.full_like(exact, -np.inf)
    np.put_along_axis(kept, candidates, np.take_along_axis(exact, candidates, 1), 1)
    return _first(kept, limit)


def candidates_of(quantization: Quantization, limit: int) -> int:
    """How many passages a store rescores for `limit` hits; it asks for one more, to see ties."""
    manifest = Manifest(model="", fingerprint="", dim=1, quantization=quantization)
    return round((limit + 1) * oversampling(manifest, limit + 1))


def code_bytes(dim: int, quantization: Quantization) -> int:
    """Bytes of one vector as the search reads it first."""
    return {"none": 4 * dim, "int8": dim, "binary": -(-dim // 8)}[quantization]


def shortened(vectors: Matrix, dim: int) -> Matrix:
    """The first `dim` numbers of each, at unit length."""
    cut = vectors[:, :dim]
    return np.asarray(cut / np.linalg.norm(cut, axis=1, keepdims=True), dtype=np.float32)


def _int8(queries: Matrix, passages: Matrix) -> tuple[Matrix, Matrix]:
    low, high = np.quantile(passages, [(1 - QUANTILE) / 2, (1 + QUANTILE) / 2])
    step = (high - low) / 127 or 1.0

    def coded(vectors: Matrix) -> Matrix:
        steps = np.clip(np.round((vectors - low) / step), 0, 127)
        return np.asarray(low + step * steps, dtype=np.float32)

    return coded(queries), coded(passages)


def _signs(vectors: Matrix) -> Matrix:
    return np.where(vectors > 0, np.float32(1), np.float32(-1))


def _without(scores: Matrix, own: Ints) -> Matrix:
    rows = np.flatnonzero(own >= 0)
    scores[rows, own[rows]] = -np.inf
    return scores


def _first(scores: Matrix, count: int) -> Ints:
    """The best `count` of each row, equals in their order."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]
