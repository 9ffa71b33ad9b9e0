"""What is wrong inside a store: works on any store, through its protocol."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..protocols import Store
from ..types import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something to repair. `document_id` is None when it concerns the store as a whole."""

    document_id: str | None
    text: str


@dataclass(slots=True)
class _Seen:
    versions: Counter[Origin | None] = field(default_factory=Counter)
    ordinals: set[int] = field(default_factory=set)


def integrity(store: Store) -> list[Problem]:
    """Every problem found by reading the whole store, sorted by document id; empty when it is sound.

    A document is sound when every chunk of exactly one version is there. Ingesting its source again repairs it. Reading
    100k chunks takes a second or two; memory grows with the number of documents.
    """
    documents: dict[str, _Seen] = {}
    for stored in store.scan():
        seen = documents.setdefault(stored.chunk.document_id, _Seen())
        seen.versions[stored.chunk.origin] += 1
        seen.ordinals.add(stored.chunk.ordinal)
    problems = [
        Problem(document_id=document_id, text=text)
        for document_id in sorted(documents)
        if (text := _fault(documents[document_id])) is not None
    ]
    lost = getattr(store, "points_lost", 0)
    if lost:
        text = f"{lost} chunks fewer than when the store was last closed: files were damaged or replaced."
        problems.insert(0, Problem(document_id=None, text=text))
    return problems


def _fault(seen: _Seen) -> str | None:
    if len(seen.versions) > 1:
        counts = ", ".join(
            f"{n} of {_digest(o)}" for o, n in sorted(seen.versions.items(), key=lambda i: _digest(i[0]))
        )
        return f"chunks of {len(seen.versions)} versions are stored ({counts})"
    origin, stored = next(iter(seen.versions.items()))
    if origin is None:
        return None  # written without an origin: nothing says how many chunks there should be
    if stored != origin.chunks:
        return f"{stored} of {origin.chunks} chunks are stored"
    if len(seen.ordinals) != stored:
        return f"{stored} chunks share {len(seen.ordinals)} positions"
    return None


def _digest(origin: Origin | None) -> str:
    return "no version" if origin is None else origin.digest[:12]
