"""What an ingest did, and how far it has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..retrieval.types import Skip

if TYPE_CHECKING:
    from .embedding import Window

MAX_SKIPS = 1000
"""Skips kept with their reasons; beyond that only their number is."""


UNREADABLE = "OCR reads no better"
"""Stands for the advice where there is none: the pages were read, and what came out cannot be used either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of one ingest (or, given to a progress callback, the outcome so far).

    Documents: `added`, `updated`, `unchanged`, `deleted`, `skipped`; `refused_deletions` are documents that vanished
    from the source but were kept by the guard against mass deletion. Chunks: `embedded` went through the model,
    `reused` took the vector that was stored for the same text. `languages` counts the chunks written per language.
    `needs_ocr` counts documents stored of which pages cannot be used as they are, by what to do about it.
    """

    source: str
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    refused_deletions: int = 0
    skipped: int = 0
    skips: tuple[Skip, ...] = ()
    embedded: int = 0
    reused: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    needs_ocr: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def documents(self) -> int:
        """Documents dealt with so far."""
        return self.added + self.updated + self.unchanged + self.skipped

    @property
    def chunks(self) -> int:
        """Chunks written."""
        return self.embedded + self.reused

    @property
    def ok(self) -> bool:
        """Nothing was skipped and no deletion was refused."""
        return self.skipped == 0 and self.refused_deletions == 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the totals."""
        return {
            "source": self.source,
            "documents": self.documents,
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
            "refused_deletions": self.refused_deletions,
            "skipped": self.skipped,
            "skips": [{"id": skip.id, "reason": skip.reason} for skip in self.skips],
            "chunks": self.chunks,
            "embedded": self.embedded,
            "reused": self.reused,
            "languages": dict(sorted(self.languages.items(), key=lambda item: (-item[1], item[0]))),
            "needs_ocr": dict(sorted(self.needs_ocr.items())),
            "seconds": round(self.seconds, 3),
        }


class Tally:
    """The counters behind a report; only the thread that writes touches them."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.counts: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.needs_ocr: Counter[str] = Counter()
        self.skips: list[Skip] = []

    def add(self, window: Window) -> None:
        """Count a window that has been written; of skips the first `MAX_SKIPS` are kept with their reasons."""
        self.counts["unchanged"] += window.unchanged
        self.counts["skipped"] += len(window.skips)
        self.skips.extend(window.skips[: MAX_SKIPS - len(self.skips)])
        self.counts["embedded"] += window.embedded
        self.counts["reused"] += len(window.chunks) - window.embedded
        self.languages.update(chunk.language for chunk in window.chunks)
        for document in window.finished:
            outcome = ("updated" if document.changed else "unchanged") if document.known else "added"
            self.counts[outcome] += 1
            if (metadata := document.chunks[0].metadata).get("needs_ocr") is True:
                self.needs_ocr[str(metadata.get("needs_ocr_fix") or UNREADABLE)] += 1

    def report(self, seconds: float) -> Report:
        """The counters as a report."""
        return Report(
            source=self.source,
            skips=tuple(self.skips),
            languages=dict(self.languages),
            needs_ocr=dict(self.needs_ocr),
            seconds=seconds,
            **{name: self.counts[name] for name in _COUNTS},
        )


_COUNTS = ("added", "updated", "unchanged", "deleted", "refused_deletions", "skipped", "embedded", "reused")
