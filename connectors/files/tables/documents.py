"""Rows of a table as documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from ....retrieval.types import TRANSLATION_GROUP, Document, MetadataValue, Skip
from ..content import UnreadableError, as_title, check_length, well_formed
from ..limits import Limits
from ..mapping import ColumnMap
from ..registry import for_extension
from ..sniff import HEAD, identify
from ..values import as_language, as_number, as_value
from .row import BadRow, Header, Row
from .seen import SeenKeys

_HOPELESS = 100
"""Rows without a text column at the start of a table after which it is given up."""


def table_documents(
    file: BinaryIO,
    *,
    extension: str,
    table_id: str,
    url: str | None,
    facts: Mapping[str, MetadataValue],
    columns: ColumnMap,
    limits: Limits,
    group: str | None = None,
) -> Iterator[Document | Skip]:
    """One Document or Skip per row, streaming. Raises UnreadableError when the table cannot be read (on).

    `group`: the table of which this is a version in another language. Rows with an id are versions of the row there
    with the same id, unless they name a `translation_group`; those without are not, since rows may be missing in one.
    """
    made = table_rows(
        file, extension=extension, table_id=table_id, url=url, facts=facts, columns=columns, limits=limits, group=group
    )
    for _, item in made:
        yield item


def table_rows(
    file: BinaryIO,
    *,
    extension: str,
    table_id: str,
    url: str | None,
    facts: Mapping[str, MetadataValue],
    columns: ColumnMap,
    limits: Limits,
    numbered: bool = True,
    metadata: Collection[str] | None = None,
    group: str | None = None,
) -> Iterator[tuple[int, Document | Skip]]:
    """As `table_documents`, each with the number of its row, from 1.

    `numbered`: a row without an id has its number in its place, and every document has it as metadata; otherwise a
    digest of what the row holds, so that it keeps its id wherever it stands, and the second of two equal rows is
    passed over. `metadata`: the only columns besides those of `columns` that are kept; None for all.
    """
    head = file.read(HEAD)
    if not head:
        raise UnreadableError("empty: no rows")
    chosen = identify(head, extension)
    if chosen != for_extension(extension):
        raise UnreadableError(f"mislabelled: the name ends in .{extension}, the content is {chosen.label}")
    file.seek(0)
    maker = _Maker(table_id, url, {**facts, "format": chosen.name}, columns, limits, numbered, metadata, group)
    read = chosen.load()
    if chosen.name == "parquet":
        read = partial(read, wanted=maker.wanted)
    try:
        for item in read(file, limits):
            if isinstance(item, Header):
                columns.resolve(item.columns)
            elif (made := maker.convert(item)) is not None:
                yield item.number, made
    except (UnicodeError, _HopelessError) as error:
        raise UnreadableError(f"broke off: {error}") from None
    for skip in maker.unknown_keys():
        yield maker.rows + 1, skip
    if not maker.rows:
        raise UnreadableError("empty: no rows")


class _Maker:
    """Converts the rows of one table; remembers the keys it has seen."""

    def __init__(
        self,
        table_id: str,
        url: str | None,
        facts: Mapping[str, MetadataValue],
        columns: ColumnMap,
        limits: Limits,
        numbered: bool,
        metadata: Collection[str] | None,
        group: str | None,
    ) -> None:
        self.rows = 0
        self._group = group
        self._table_id = table_id
        self._url = url
        self._facts = facts
        self._columns = columns
        self._limits = limits
        self._numbered = numbered
        self._metadata = metadata
        self._seen = SeenKeys()
        self._keyed = not numbered
        self._keyless = 0
        self._texts = 0

    def wanted(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The columns that are read at all."""
        if self._metadata is None:
            return names
        used = {*self._columns.resolve(names).values(), *self._metadata}
        return tuple(name for name in names if name in used)

    def convert(self, item: Row | BadRow) -> Document | Skip | None:
        self.rows += 1
        key: str | None = None
        try:
            if isinstance(item, BadRow):
                raise UnreadableError(item.reason)
            roles = self._roles(item)
            if "id" in roles:
                self._keyed = True
                key = self._key(item, roles["id"])
            elif not self._numbered:
                key = self._digest(item, roles)
                if not self._seen.add(key):
                    return None
            return self._document(item, key or str(item.number), roles)
        except UnreadableError as error:
            if key is None and not isinstance(error, _DuplicateError):
                self._keyless += 1
            # Where rows have keys, "#2" would be the row with the key 2 and not the second one.
            name = key or (f"row {item.number}" if self._keyed else str(item.number))
            return Skip(id=f"{self._table_id}#{name}", reason=f"row {item.number:,}: {error}")

    def unknown_keys(self) -> Iterator[Skip]:
        """Rows whose id could not be read may be any of those stored before: none of them counts as deleted."""
        if self._keyed and self._keyless:
            reason = f"{self._keyless:,} rows have no readable id: nothing of this table is deleted in this run"
            yield Skip(id=f"{self._table_id}#", reason=reason, prefix=True)

    def _roles(self, row: Row) -> dict[str, str]:
        try:
            roles = self._columns.resolve(row.values)
        except UnreadableError as error:
            if not self._texts and self.rows >= _HOPELESS:
                raise _HopelessError(f"given up after {_HOPELESS} rows: {error}") from None
            raise
        self._texts += 1
        return roles

    def _key(self, row: Row, column: str) -> str:
        value = row.values[column]
        key = "" if value is None else well_formed(str(value)).strip()
        if not key:
            raise UnreadableError(f"no id in column {column!r}")
        if not self._seen.add(key):
            raise _DuplicateError(
                f"the id {key[:80]!r} in column {column!r} is taken by an earlier row; "
                "name another column with columns={'id': ...}, or '' to number the rows"
            )
        return key

    def _digest(self, row: Row, roles: Mapping[str, str]) -> str:
        """32 hex digits over all that is kept of a row; the order of its columns does not matter."""
        used = row.values if self._metadata is None else {*roles.values(), *self._metadata}
        values = {name: value for name, value in row.values.items() if name in used}
        text = json.dumps(values, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _document(self, row: Row, key: str, roles: Mapping[str, str]) -> Document:
        values = row.values
        text = _text(values[roles["text"]], roles["text"])
        check_length(len(text), self._limits.max_characters)
        language = as_language(values[roles["language"]]) if "language" in roles else None
        used = {roles[role] for role in ("text", "id", "title", "url") if role in roles}
        if language is not None:
            used.add(roles["language"])
        convert = as_number if row.untyped else as_value
        others = {
            well_formed(name): convert(value)
            for name, value in values.items()
            if name not in used and (self._metadata is None or name in self._metadata)
        }
        if row.decoding_errors:
            others["decoding_errors"] = row.decoding_errors
        link = values[roles["url"]] if "url" in roles else None
        return Document(
            id=f"{self._table_id}#{key}",
            text=text,
            language=language,
            title=as_title(values[roles["title"]]) if "title" in roles else None,
            url=well_formed(link) if isinstance(link, str) and link else self._url,
            metadata={
                **self._facts,
                **({TRANSLATION_GROUP: f"{self._group}#{key}"} if self._group and "id" in roles else {}),
                **({"row": row.number} if self._numbered else {}),
                **{name: value for name, value in others.items() if value not in (None, "")},
            },
        )


class _DuplicateError(UnreadableError):
    pass


class _HopelessError(Exception):
    pass


def _text(value: Any, column: str) -> str:
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        value = "\n".join(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise UnreadableError("empty: no text")
    if not isinstance(value, str):
        raise UnreadableError(f"no text in column {column!r} but a value of type {type(value).__name__}")
    return well_formed(value)
