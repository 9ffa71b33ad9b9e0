"""The part of a store that a filter lets through: what is outside it cannot be found, counted or named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..filters import Filter
from ..protocols import Readable, Stored
from ..types import Hit


class FilteredStore:
    """A `Readable` that adds `within` to everything that is asked of `store`; no document can be written through it."""

    def __init__(self, store: Readable, within: Filter) -> None:
        self._store = store
        self._within = within

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        limit: int,
        where: Filter | None = None,
        score_threshold: float | None = None,
    ) -> list[Hit]:
        """See `Readable.search`."""
        return self._store.search(vector, limit=limit, where=self._within & where, score_threshold=score_threshold)

    def scan(self, where: Filter | None = None, *, vectors: bool = False, after: str | None = None) -> Iterator[Stored]:
        """See `Readable.scan`."""
        return self._store.scan(self._within & where, vectors=vectors, after=after)

    def count(self, where: Filter | None = None) -> int:
        """See `Readable.count`."""
        return self._store.count(self._within & where)

    def facets(self, key: str, where: Filter | None = None, *, limit: int = 1000) -> dict[str, int]:
        """See `Readable.facets`."""
        return self._store.facets(key, self._within & where, limit=limit)

    def index(self, where: Filter, *, reserved: bool = False) -> None:
        """See `Readable.index`; what this store adds itself is reserved."""
        self._store.index(self._within, reserved=True)
        self._store.index(where, reserved=reserved)
