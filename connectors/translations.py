"""Versions of a text that a source tells by a key of its own: the article of a row, the number of a page."""

from __future__ import annotations

from dataclasses import replace

from ..retrieval.protocols import Connector
from ..retrieval.types import TRANSLATION_GROUP, Document, Pending, Skip
from .wrapped import Item, wrapped

_MARK = "version of"
_NOTHING = ("", "0", 0)


def grouped(connector: Connector, by: str) -> Connector:
    """`connector` with documents that have the same value under the key `by` of their metadata as one group.

    Its name is that of the source, `/` and the value: of rows that name the id of the row that they translate, this is
    the id of that row's document. A document without a value, or whose value is neither a text nor a whole number, is
    left as it is; 0 is no value, since tables say so of rows that translate none. What was stored without is read
    again, and not embedded again.
    """
    return wrapped(connector, lambda items: (_item(item, by, connector.source) for item in items))


def _item(item: Item, by: str, source: str) -> Item:
    if isinstance(item, Document):
        return _document(item, by, source)
    if not isinstance(item, Pending):
        return item

    def read() -> Document | Skip:
        found = item.read()
        return found if isinstance(found, Skip) else _document(found, by, source)

    return replace(item, revision=_revision(item.revision, by), read=read)


def _document(document: Document, by: str, source: str) -> Document:
    document = replace(document, revision=_revision(document.revision, by))
    value = document.metadata.get(by)
    if isinstance(value, bool) or not isinstance(value, str | int) or value in _NOTHING:
        return document
    return replace(document, metadata={**document.metadata, TRANSLATION_GROUP: f"{source}/{value}"})


def _revision(revision: str, by: str) -> str:
    """The revision of a document that is read with this key; of one without a revision, none."""
    return f"{revision} {_MARK} {by}" if revision else ""
