"""How far each source is, as it is remembered with the index: no source is asked, and no model is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...retrieval.protocols import Records
from . import state as states
from .state import Failure, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """What is remembered of one source. Times are seconds since 1970, `lag` in seconds.

    `lag`: how long ago the last run began after which the index was in step; None when there was none. `listing`: a
    full listing is under way. `documents` were stored after the last run; `pending` of them are gone at the source and
    wait for the end of their grace, or for the guard to be overruled. `runs` are the last ones, the latest last.
    """

    name: str
    source: str | None = None
    lag: float | None = None
    listing: bool = False
    documents: int = 0
    pending: int = 0
    not_before: float | None = None
    failures: Sequence[Failure] = ()
    runs: Sequence[Run] = ()

    @property
    def last(self) -> Run | None:
        """The latest run."""
        return self.runs[-1] if self.runs else None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return dataclasses.asdict(self)


def status(records: Records, name: str, *, now: float) -> SourceStatus:
    """What is remembered of the source `name`. Raises StoreError."""
    state = states.load(records, name)
    if state is None:
        return SourceStatus(name=name)
    failures = states.load_failures(records, name).values()
    return SourceStatus(
        name=name,
        source=state.source,
        lag=None if state.synced is None else max(0.0, now - state.synced),
        listing=state.listing is not None,
        documents=state.documents,
        pending=len(states.load_gone(records, name)),
        not_before=state.not_before,
        failures=tuple(sorted(failures, key=lambda one: (-one.last, one.id))),
        runs=state.runs,
    )
