"""What is gone at the source: remembered until its grace is over, then deleted, unless so much is gone at once that it
looks like a fault.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from ...retrieval.protocols import Store
from ...retrieval.types import Gone
from ..stages import is_text, related
from ..vanished import delete_documents, of_source, pages, suspicious

logger = logging.getLogger(__name__)

MOST = 20_000
"""Tombstones that are kept between runs; when there are more, a full listing finds the rest again."""


class Tombstones:
    """The tombstones of one source, by document with the time since when; `changed` since they were saved.

    `anew`: the times are not to be relied on, and every grace begins now.
    """

    def __init__(self, store: Store, source: str, known: dict[str, float], *, now: float, anew: bool = False) -> None:
        self._store = store
        self._source = source
        self._now = now
        # A time to come was written by a clock that was wrong: the grace begins now.
        self.known = {id_: now if anew else min(since, now) for id_, since in known.items()}
        self.changed = self.known != known

    @property
    def overflowing(self) -> bool:
        """Whether there are more than are kept."""
        return len(self.known) > MOST

    def kept(self) -> dict[str, float]:
        """Those to save."""
        return dict(list(self.known.items())[:MOST])

    def bury(self, gone: Sequence[Gone]) -> None:
        """Note what the source says is gone, of what is stored of it."""
        named = [one.id for one in gone if not one.prefix and is_text(one.id)]
        self.bury_ids([id_ for page in pages(named) for id_ in self._stored(page)])
        prefixes = tuple(one.id for one in gone if one.prefix)
        own = of_source(self._store, self._source) if prefixes else None
        if own is not None:
            self.bury_ids([id_ for id_ in self._store.document_ids(own) if id_.startswith(prefixes)])

    def bury_ids(self, ids: Sequence[str]) -> None:
        """Note that these stored documents are gone."""
        for document_id in ids:
            if document_id not in self.known:
                self.known[document_id] = self._now
                self.changed = True

    def returned(self, ids: Collection[str]) -> None:
        """These are there again."""
        for document_id in self.known.keys() & ids:
            del self.known[document_id]
            self.changed = True

    def carry_out(self, grace: float, *, before: int, force: bool) -> tuple[int, int]:
        """Delete those whose grace is over, of `before` documents stored: how many were deleted, how many refused."""
        over = [id_ for id_, since in self.known.items() if self._now - since >= grace]
        due = [id_ for page in pages(over) for id_ in self._stored(page)]
        if not force and suspicious(len(due), before):
            logger.warning("%s: %d of %d documents are gone: suspicious, kept", self._source, len(due), before)
            return 0, len(due)
        deleted = sum(delete_documents(self._store, due))
        for document_id in over:
            del self.known[document_id]
        self.changed |= bool(over)
        return deleted, 0

    def _stored(self, ids: Sequence[str]) -> list[str]:
        known = self._store.known(ids)
        return [id_ for id_ in ids if id_ in known and related(known[id_].source, self._source)]
