"""Versions of a text that a source tells by a key of its own: the article of a row, the number of a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from ..retrieval.protocols import Connector, Incremental
from ..retrieval.types import TRANSLATION_GROUP, Checkpoint, Document, Gone, Pending, Skip

_MARK = "version of"


def grouped(connector: Connector, by: str) -> Connector:
    """`connector` with documents that have the same value under the key `by` of their metadata as one group.

    Its name is that of the source, `/` and the value: of rows that name the id of the row that they translate, this is
    the id of that row's document. A document without a value, or whose value is neither a text nor a whole number, is
    left as it is. What was stored without is read again, and not embedded again.
    """
    return Changing(connector, by) if hasattr(connector, "changes") else Listing(connector, by)


@dataclass(frozen=True, slots=True)
class Listing:
    """See `grouped`."""

    inner: Connector
    by: str

    @property
    def source(self) -> str:
        """That of `inner`."""
        return self.inner.source

    @property
    def complete(self) -> bool:
        """That of `inner`."""
        return self.inner.complete

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """See `Connector.documents`."""
        for item in self.inner.documents():
            yield _item(item, self.by, self.source)


@dataclass(frozen=True, slots=True)
class Changing(Listing):
    """See `grouped`; of a source that gives changes."""

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """See `Incremental.changes`."""
        for item in cast("Incremental", self.inner).changes(since):
            yield item if isinstance(item, Gone | Checkpoint) else _item(item, self.by, self.source)


def _item(item: Document | Pending | Skip, by: str, source: str) -> Document | Pending | Skip:
    if isinstance(item, Skip):
        return item
    if isinstance(item, Document):
        return _document(item, by, source)

    def read() -> Document | Skip:
        found = item.read()
        return found if isinstance(found, Skip) else _document(found, by, source)

    return replace(item, revision=_revision(item.revision, by), read=read)


def _document(document: Document, by: str, source: str) -> Document:
    document = replace(document, revision=_revision(document.revision, by))
    value = document.metadata.get(by)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return document
    return replace(document, metadata={**document.metadata, TRANSLATION_GROUP: f"{source}/{value}"})


def _revision(revision: str, by: str) -> str:
    """The revision of a document that is read with this key; of one without a revision, none."""
    return f"{revision} {_MARK} {by}" if revision else ""
