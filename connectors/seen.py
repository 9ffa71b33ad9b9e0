"""Which document ids a run has met, at 8 bytes each, so that memory stays bounded for any corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class SeenIds:
    """A set of ids kept as sorted runs of 64-bit hashes that are merged geometrically.

    A collision (chance below 1e-7 for a million ids) makes a document look seen: at worst it is kept for too long.
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def __contains__(self, document_id: str) -> bool:
        return bool(self._contains(_hashes([document_id]))[0])

    def add(self, ids: Sequence[str]) -> list[bool]:
        """Add `ids`; for each, whether it was new (the second of two equal ids is not)."""
        if not ids:
            return []
        hashes = _hashes(ids)
        new = ~self._contains(hashes)
        unique, first = np.unique(hashes, return_index=True)
        new &= np.isin(np.arange(len(hashes)), first)
        self._merge(unique)
        return [bool(x) for x in new]

    def hashes(self) -> NDArray[np.uint64]:
        """All that is in it, 8 bytes each, shape (ids,), ascending."""
        return np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *self._runs]))

    def add_hashes(self, hashes: NDArray[np.uint64]) -> None:
        """Add what `hashes` of another set gave."""
        if hashes.size:
            self._merge(np.unique(hashes))

    def _merge(self, unique: NDArray[np.uint64]) -> None:
        self._runs.append(unique)
        while len(self._runs) > 1 and self._runs[-1].size * 2 >= self._runs[-2].size:
            self._runs.append(np.union1d(self._runs.pop(), self._runs.pop()))

    def _contains(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        found = np.zeros(len(hashes), dtype=np.bool_)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, hashes), run.size - 1)
            found |= run[places] == hashes
        return found


def _hashes(ids: Sequence[str]) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(i.encode("utf-8", "surrogatepass"), digest_size=8).digest() for i in ids)
    return np.frombuffer(digests, dtype=np.uint64)
