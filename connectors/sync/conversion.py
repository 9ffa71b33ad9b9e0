"""What a connector yields, on its way into the stages: with the metadata of the plan, and watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...retrieval.types import Document, Pending, Skip
from .failures import Failures
from .plan import Plan
from .tombstones import Tombstones


class Conversion:
    """Converts the items of one segment, and notes what the registries want to know.

    `met`: documents with a failure that were there again. `rested`: failures that were not tried again. `returned`:
    documents with a tombstone that were there. `revisions` of documents that could not be read.
    """

    def __init__(self, plan: Plan, failures: Failures, gone: Tombstones, *, patient: bool) -> None:
        self._plan = plan
        self._failures = failures
        self._gone = gone
        self._patient = patient
        self.met: set[str] = set()
        self.rested: set[str] = set()
        self.returned: set[str] = set()
        self.revisions: dict[str, str] = {}

    def convert(self, item: Document | Pending | Skip) -> Document | Pending | Skip:
        """`item` as it goes on."""
        if item.id in self._gone.known:
            self.returned.add(item.id)
        if isinstance(item, Skip):
            return item
        if item.id in self._failures.known:
            self.met.add(item.id)
        if isinstance(item, Document):
            return self._plan.attach(item)
        if self._patient and (failure := self._failures.rest(item.id, item.revision)) is not None:
            self.rested.add(item.id)
            return Skip(id=item.id, reason=f"{failure.reason} (not tried again yet)")
        also = tuple(map(self._plan.revision, item.also))
        return replace(item, revision=self._plan.revision(item.revision), also=also, read=self._reading(item))

    def _reading(self, item: Pending) -> Callable[[], Document | Skip]:
        def read() -> Document | Skip:
            try:
                found = item.read()
            except Exception:
                self.revisions[item.id] = item.revision
                raise
            if isinstance(found, Document):
                return self._plan.attach(found)
            self.revisions[item.id] = item.revision
            return found

        return read
