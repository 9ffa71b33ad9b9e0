"""Which ids a full listing has met, across all the runs that it takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...retrieval.protocols import Records
from ...retrieval.types import Skip
from ..ingestor import unread_names
from ..seen import SeenIds
from .state import Listing, load_parts, save_part


class Met:
    """Ids that were `seen`, those that could not be read (`unread`), and which of them no part keeps yet."""

    def __init__(self, seen: SeenIds | None = None, unread: SeenIds | None = None) -> None:
        self.seen = seen or SeenIds()
        self.unread = unread or SeenIds()
        self._new_seen: list[NDArray[np.uint64]] = []
        self._new_unread: list[NDArray[np.uint64]] = []

    @classmethod
    def load(cls, records: Records, name: str, listing: Listing) -> Met | None:
        """What the parts of that listing of the source `name` keep; None when one is not there."""
        found = load_parts(records, name, listing)
        return None if found is None else cls(*found)

    def note(self, seen: SeenIds, skips: Sequence[Skip]) -> None:
        """Add what a segment met; `seen` may be that of this listing itself."""
        unread = SeenIds()
        unread.add(unread_names(skips))
        self.unread.add_hashes(unread.hashes())
        self._new_unread.append(unread.hashes())
        if seen is not self.seen:
            self.seen.add_hashes(seen.hashes())
            self._new_seen.append(seen.hashes())

    def save(self, records: Records, name: str, number: int, began: float) -> None:
        """Keep what is new as a part of the listing that began then."""
        save_part(records, name, number, began, _joined(self._new_seen), _joined(self._new_unread))
        self._new_seen, self._new_unread = [], []


def _joined(arrays: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    return np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *arrays]))
