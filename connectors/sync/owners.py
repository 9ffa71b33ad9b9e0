"""Which sources are kept in step, by what they read: what one of them brought in, no other source takes over."""

from __future__ import annotations

from ...retrieval.protocols import Records
from ..stages import related
from . import state as states


class Owners:
    """Asked of what a stored document came from; remembered for one run. `name` is the source that is being run."""

    def __init__(self, records: Records, *, name: str | None = None) -> None:
        self._records = records
        self._name = name
        self._others: dict[str, str] | None = None  # read when it is first asked: few runs meet what is another's

    def __call__(self, source: str) -> str | None:
        """Why a document that came from `source` stays with it; None when no other source keeps it in step."""
        if self._others is None:
            names = [name for name in states.known_sources(self._records) if name != self._name]
            found = {name: states.load(self._records, name) for name in names}
            self._others = {name: state.source for name, state in found.items() if state is not None}
        for name, read in self._others.items():
            if related(read, source):
                return (
                    f"it is kept in step as part of {source} by the source {name}, which had it first. When that is no "
                    f"longer so: interlingua sync {name} --forget"
                )
        return None
