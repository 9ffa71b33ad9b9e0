"""The registry of what could not be read: tried again, longer and longer after the last time, until it expires.

One that has expired is still remembered: were it forgotten, the next full listing would begin the series anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ...retrieval.types import Gone, Skip
from ..seen import SeenIds
from .state import Failure

MOST = 10_000
"""Failures that are remembered; beyond them documents are only counted in the report."""
_MOST_REASON = 500
_FIRST_PAUSE = 600.0


class Failures:
    """Failures of one source, by document; `changed` since it was made."""

    def __init__(self, known: dict[str, Failure], *, now: float, expire: float) -> None:
        self.known = dict(known)
        self.changed = False
        self._now = now
        self._expire = expire

    def due(self) -> bool:
        """Whether one of them is to be tried again now, even if nobody says that it has changed."""
        return any(self._is_due(one) for one in self.known.values() if self._now - one.first <= self._expire)

    def rest(self, document_id: str, revision: str) -> Failure | None:
        """The failure of a document that is the same as at its last try, which was not long ago; None to try it."""
        known = self.known.get(document_id)
        same = known is not None and bool(revision) and known.revision == revision
        return known if known is not None and same and not self._is_due(known) else None

    def note(self, skips: Sequence[Skip], revisions: dict[str, str], *, rested: Collection[str]) -> None:
        """These failed, those in `rested` without having been tried."""
        for skip in skips:
            before = self.known.get(skip.id)
            if skip.id in rested or (before is None and len(self.known) >= MOST):
                continue
            self.known[skip.id] = Failure(
                id=skip.id,
                reason=skip.reason[:_MOST_REASON],
                first=self._now if before is None else before.first,
                last=self._now,
                attempts=1 if before is None else before.attempts + 1,
                revision=revisions.get(skip.id, ""),
            )
            self.changed = True

    def forget(self, ids: Collection[str]) -> None:
        """These succeeded, or are no longer there."""
        for document_id in ids:
            self.changed |= self.known.pop(document_id, None) is not None

    def forget_gone(self, gone: Gone) -> None:
        """What its source says is no longer there."""
        self.forget([id_ for id_ in self.known if id_ == gone.id or (gone.prefix and id_.startswith(gone.id))])

    def forget_unseen(self, seen: SeenIds) -> None:
        """What a full listing did not meet."""
        self.forget([document_id for document_id in self.known if document_id not in seen])

    def _is_due(self, one: Failure) -> bool:
        pause = min(_FIRST_PAUSE * 2.0 ** min(one.attempts - 1, 30), max(self._expire, _FIRST_PAUSE))
        return since(one.last, self._now) >= pause


def since(then: float, now: float) -> float:
    """Seconds since `then`; endless for a time to come, which a clock that was wrong has written."""
    return now - then if then <= now else float("inf")
