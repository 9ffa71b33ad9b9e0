"""Vectors that were made before: what is not embedded again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

_MOST_BYTES = 64 * 2**20


class DeletedVectors:
    """The vectors of texts that were deleted lately, for when they come back; safe to share between threads.

    `langchain_core.indexing.index(cleanup="incremental")` cleans after each batch: of a source that lies across two
    batches it deletes the chunks that have not come by yet, and adds the same ones a moment later. 100 of 5,000
    unchanged documents were embedded anew on every run. Keeps up to 64 MiB of vectors, the latest.
    """

    def __init__(self, *, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._vectors: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, fingerprint: str, text: str, vector: NDArray[np.float32]) -> None:
        """Keep the vector, shape (dim,), that the model of `fingerprint` gave to `text`."""
        key = _key(fingerprint, text)
        with self._lock:
            before = self._vectors.pop(key, None)
            self._vectors[key] = vector
            self._bytes += vector.nbytes - (0 if before is None else before.nbytes)
            while self._bytes > self._most_bytes:
                self._bytes -= self._vectors.popitem(last=False)[1].nbytes

    def find(self, fingerprint: str, text: str) -> NDArray[np.float32] | None:
        """The vector, shape (dim,); None when it is not kept."""
        with self._lock:
            return self._vectors.get(_key(fingerprint, text))


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


def _key(fingerprint: str, text: str) -> bytes:
    return hashlib.blake2b(f"{fingerprint}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
