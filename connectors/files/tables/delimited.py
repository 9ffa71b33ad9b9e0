"""CSV and its relatives: delimiter and encoding found out, rows streamed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from ..content import UnreadableError
from ..encoding import text_stream
from ..limits import Limits
from .row import BadRow, Header, Row

_DELIMITERS = (",", ";", "\t", "|")
_NONE = "\x1f"
"""A delimiter that no file has, for tables of one column."""
_SAMPLE = 65_536
_MAX_COLUMNS = 10_000
"""Every row costs time by the number of columns, however short it is."""
_UNDECODED = re.compile("[\udc80-\udcff]")


def rows(file: BinaryIO, limits: Limits) -> Iterator[Header | Row | BadRow]:
    """The header, then a Row per record; the first record is taken as the header."""
    stream, _ = text_stream(file)
    try:
        sample = stream.read(_SAMPLE)
        stream.seek(0)
        yield from _records(stream, find_delimiter(sample), limits)
    finally:
        stream.detach()


def find_delimiter(sample: str) -> str:
    """The delimiter that gives the header more than one column and the most rows as many as the header."""
    lines = sample.splitlines(keepends=True)
    if len(lines) > 1 and len(sample) == _SAMPLE:
        lines.pop()  # cut off in the middle
    best, chosen = (0.0, 0), _NONE
    for delimiter in _DELIMITERS:
        try:
            counts = [len(record) for record in csv.reader(lines, delimiter=delimiter) if record]
        except csv.Error:
            continue
        if counts and counts[0] > 1:
            score = (round(counts.count(counts[0]) / len(counts), 2), counts[0])
            if score > best:
                best, chosen = score, delimiter
    return chosen


def _records(stream: io.TextIOWrapper, delimiter: str, limits: Limits) -> Iterator[Header | Row | BadRow]:
    # The limit on the length of a field belongs to the module and not to the reader: it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), limits.max_characters))
    lines = _Lines(stream, limits.max_characters)
    names: tuple[str, ...] | None = None
    number = 0
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for record in reader:
            unclosed = lines.next_record()
            if not record:
                continue
            if names is None:
                names = column_names(record)
                yield Header(names)
                continue
            number += 1
            if unclosed:
                raise UnreadableError(f"broke off at row {number:,}: a quote is opened and never closed")
            yield _row(number, names, record)
    except csv.Error as error:
        raise UnreadableError(f"broke off at row {number + 1:,}: {error}") from None


class _Lines:
    """The lines of a stream, with what has been read since the last record: its length, and whether quotes match."""

    def __init__(self, stream: io.TextIOWrapper, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._length = 0
        self._quotes = 0
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(self._limit + 1):
            self._length += len(line)
            self._quotes += line.count('"')
            if self._length > self._limit:
                raise UnreadableError(
                    f"broke off: a row holds more than {self._limit:,} characters (Limits.max_characters)"
                )
            yield line
        self._ended = True

    def next_record(self) -> bool:
        """Count from zero again; whether the record that ends here was ended by the end of the file in a quote."""
        unclosed = self._ended and self._quotes % 2 == 1
        self._length = self._quotes = 0
        return unclosed


def column_names(record: list[str]) -> tuple[str, ...]:
    """Header cells as distinct names: an empty one becomes `column_3`, a repeated one `name_2`.

    Raises UnreadableError for more than 10,000.
    """
    if len(record) > _MAX_COLUMNS:
        raise UnreadableError(f"has {len(record):,} columns, more than {_MAX_COLUMNS:,}")
    names: dict[str, None] = {}
    copies: dict[str, int] = {}
    for position, cell in enumerate(record, start=1):
        name = _UNDECODED.sub("\ufffd", cell.removeprefix("\ufeff").strip()) or f"column_{position}"
        unique = name
        number = copies.get(name, 1)
        while unique in names:
            number += 1
            unique = f"{name}_{number}"
        copies[name] = number
        names[unique] = None
    return tuple(names)


def _row(number: int, names: tuple[str, ...], record: list[str]) -> Row | BadRow:
    if len(record) > len(names):
        if any(cell.strip() for cell in record[len(names) :]):
            return BadRow(number, f"has {len(record)} cells, the header has {len(names)}")
        record = record[: len(names)]
    errors = 0
    if not all(cell.isascii() for cell in record):
        errors = sum(len(_UNDECODED.findall(cell)) for cell in record)
        if errors:
            if errors > 0.01 * sum(map(len, record)):
                return BadRow(number, f"{errors:,} bytes cannot be decoded")
            record = [_UNDECODED.sub("\ufffd", cell) for cell in record]
    values: dict[str, str | None] = dict.fromkeys(names)
    values.update(zip(names, record, strict=False))
    return Row(number, values, errors, untyped=True)
