"""How a source is kept in step, and what a run of it did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...retrieval.types import Document, Metadata
from ..report import Report
from .state import Outcome

DAY = 86400.0
ACCESS = "access"
"""Key of the metadata with the groups that may read a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one source is kept in step; times in seconds.

    Attributes:
        grace: How long a document that is gone at the source stays in the index.
        full_every: A listing of everything, which finds what changes alone miss, after so long.
        expire: A failure is no longer retried for its own sake, but only when everything is listed, after so long.
        metadata: Stored with every document, in place of what it says itself under these keys.
        options: Equal for equal options of the connector: with others, everything is listed again.
    """

    grace: float = 0.0
    full_every: float = 7 * DAY
    expire: float = 30 * DAY
    metadata: Metadata = field(default_factory=dict)
    options: str = ""

    @property
    def key(self) -> str:
        """Equal for plans under which the same documents are stored alike."""
        return f"{self.options}{self.mark}"

    @property
    def mark(self) -> str:
        """Equal for equal metadata; empty without any."""
        if not self.metadata:
            return ""
        text = json.dumps(self.metadata, sort_keys=True, default=str)
        return " " + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def revision(self, revision: str) -> str:
        """A revision as it is stored: with the metadata of the plan, so that changing that reads everything again."""
        return revision + self.mark if revision else ""

    def attach(self, document: Document) -> Document:
        """`document` with the metadata of the plan."""
        if not isinstance(document.revision, str) or not isinstance(document.metadata, Mapping):
            return document  # the ingest refuses it by name
        metadata = {**document.metadata, **self.metadata}
        return replace(document, revision=self.revision(document.revision), metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a run did.

    `listing`: everything was listed, not only what changed. `pending` documents are gone at the source and wait for the
    end of their grace; `failures` are documents that could not be read, now or before. `outcome` is `stopped` when it
    was told to stop before the end, `refused` when the guard kept documents that are gone.
    """

    name: str
    report: Report
    listing: bool
    outcome: Outcome
    pending: int = 0
    failures: int = 0

    @property
    def ok(self) -> bool:
        """It came to its end, nothing was skipped and no deletion was refused."""
        return self.outcome == "done" and self.report.ok

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "listing": "all" if self.listing else "changes",
            "pending_deletions": self.pending,
            "failures": self.failures,
            **self.report.to_dict(),
        }
