"""A row as a document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...retrieval.errors import SourceError
from ...retrieval.types import Document, Gone, Skip
from ..files.content import UnreadableError, as_title, check_length, well_formed
from ..files.limits import Limits
from ..files.values import as_language, as_metadata

_NO = (None, False, 0, "", "0", "f", "false", "n", "no")
_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column is what; `metadata` None stands for all the others."""

    id: tuple[str, ...]
    text: tuple[str, ...]
    title: str | None
    language: str | None
    url: str | None
    updated: str | None
    deleted: str | None
    metadata: tuple[str, ...] | None

    def check(self, names: Sequence[str]) -> None:
        """Raise SourceError when a column is not among `names`."""
        single = [name for name in (self.title, self.language, self.url, self.updated, self.deleted) if name]
        wanted = (*self.id, *self.text, *single, *(self.metadata or ()))
        if missing := [name for name in wanted if name not in names]:
            there = ", ".join(names[:_SHOWN])
            raise SourceError(f"no column {missing[0]!r} in the rows; there are: {there}", permanent=True)

    def rest(self, names: Sequence[str]) -> tuple[str, ...]:
        """The columns that become metadata."""
        if self.metadata is not None:
            return self.metadata
        used = {*self.id, *self.text, self.title, self.url, self.updated, self.deleted}
        return tuple(name for name in names if name not in used)


def as_item(row: Mapping[str, Any], *, source: str, columns: Columns, limits: Limits) -> Document | Skip | Gone:
    """The document of a row, Gone where it is marked as deleted, or why it has no text."""
    document_id = f"{source}/{key(row, columns.id)}"
    if columns.deleted is not None and row[columns.deleted] not in _NO:
        return Gone(id=document_id)
    try:
        text = "\n\n".join(part for name in columns.text if (part := _text(row[name], name)))
        if not text.strip():
            raise UnreadableError("empty: no text")
        check_length(len(text), limits.max_characters)
    except UnreadableError as error:
        return Skip(id=document_id, reason=str(error))
    language = as_language(row[columns.language]) if columns.language else None
    link = row[columns.url] if columns.url else None
    rest = {name: row[name] for name in columns.rest(tuple(row)) if language is None or name != columns.language}
    return Document(
        id=document_id,
        text=text,
        language=language,
        title=as_title(row[columns.title]) if columns.title else None,
        url=well_formed(link) if isinstance(link, str) and link else None,
        metadata={name: value for name, value in as_metadata(rest).items() if value not in (None, "")},
    )


def key(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """What a row is called: its id, or the parts of it with a `/` between them (and written %2F within them)."""
    if len(names) == 1:
        return _name(row[names[0]])
    return "/".join(_name(row[name]).replace("%", "%25").replace("/", "%2F") for name in names)


def _name(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return well_formed(str(value))


def _text(value: Any, column: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnreadableError(f"no text in column {column!r} but a value of type {type(value).__name__}")
    return well_formed(value)
