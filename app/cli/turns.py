"""When `interlingua sync --watch` runs each source next."""

from __future__ import annotations

from collections.abc import Mapping

from ...connectors.sync.retries import LONGEST_REST
from ...retrieval.errors import InterlinguaError, SourceError, StoreLockedError, TooEarlyError

BUSY = 5.0
"""Seconds after which a store that another process holds is tried again; twice as many each time that it still does."""
LONGEST_BUSY = 300.0


class Turns:
    """When each source is due, on a clock of the caller's, in seconds; at first all of them are.

    `every`: how long from one run of a source to its next, by name.
    """

    def __init__(self, every: Mapping[str, float], *, now: float, busy: float = BUSY) -> None:
        self._every = every
        self._busy = busy
        self._pauses: dict[str, float] = {}
        self._due = dict.fromkeys(every, now)

    @property
    def next(self) -> float:
        """When the first of them is due."""
        return min(self._due.values())

    def due(self, name: str, now: float) -> bool:
        """Whether it is this one's turn."""
        return self._due[name] <= now

    def ended(self, name: str, *, began: float, now: float, error: InterlinguaError | None = None) -> None:
        """A run that began then has ended now, with this error or none."""
        again = began + self._every[name]
        pause = self._pauses.pop(name, self._busy)
        if isinstance(error, StoreLockedError):  # for a moment, mostly: a search has the folder open
            again = min(again, now + pause)
            self._pauses[name] = min(2 * pause, LONGEST_BUSY)
        elif isinstance(error, SourceError) and error.retry_after is not None:
            asked = now + min(error.retry_after, LONGEST_REST)
            again = asked if isinstance(error, TooEarlyError) else max(again, asked)
        self._due[name] = again
