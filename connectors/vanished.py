"""What a source no longer has: found, judged, deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ..retrieval.filters import Filter, where
from ..retrieval.protocols import Store
from ..retrieval.stores.answers import FIRST_CHUNK
from .seen import SeenIds

MAX_SOURCES = 100_000
GUARD_DOCUMENTS = 10
GUARD_SHARE = 0.3
"""More than this many documents and this share of a source vanishing at once is taken for a fault of the source."""
_PAGE = 256


def suspicious(gone: int, before: int) -> bool:
    """Whether so many documents gone of so many stored look like a fault: many of them, or all."""
    return gone > 0 and (gone >= before or (gone > GUARD_DOCUMENTS and gone > GUARD_SHARE * before))


def of_source(store: Store, source: str) -> Filter | None:
    """What is stored of `source` and of the sources within it; None when nothing is."""
    known = store.facets("source", limit=MAX_SOURCES)
    within = [name for name in known if name == source or name.startswith(source + "/")]
    return where(source=within) if within else None


def stored_documents(store: Store, source: str) -> int:
    """How many documents of `source` are stored."""
    own = of_source(store, source)
    return 0 if own is None else store.count(FIRST_CHUNK & own)


def vanished(store: Store, source: str, seen: SeenIds, unread: SeenIds) -> tuple[list[str], int]:
    """Stored documents of `source` that were neither seen nor are part of what could not be read; how many are stored.

    `unread` has names as `unread_names` gives them.
    """
    own = of_source(store, source)
    if own is None:
        return [], 0
    stored = 0
    found: list[str] = []
    for document_id in store.document_ids(own):
        stored += 1
        if document_id not in seen and not any(parent in unread for parent in _parents(document_id)):
            found.append(document_id)
    return found, stored


def delete_documents(store: Store, ids: Sequence[str]) -> Iterator[int]:
    """Delete documents, some at a time, yielding how many after each step."""
    for page in pages(ids):
        store.delete(where(document_id=page))
        yield len(page)


def pages(ids: Sequence[str]) -> Iterator[list[str]]:
    """`ids`, some at a time."""
    rest = iter(ids)
    while page := list(islice(rest, _PAGE)):
        yield page


def _parents(document_id: str) -> Iterator[str]:
    """A document and what it may be part of: `a/b.csv#7`, the folder `a`, the table `a/b.csv`."""
    yield document_id
    for position, character in enumerate(document_id):
        if character in "/#" and position:
            yield document_id[:position]
