"""JSON: an array of objects, one object, `{"documents": [...]}`, or objects one after the other; read as a stream."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..content import UnreadableError
from ..encoding import text_stream
from ..limits import Limits
from ..mapping import TEXT_NAMES
from .jsonl import as_row
from .row import BadRow, Row

_LISTS = frozenset(
    ("documents", "docs", "data", "items", "rows", "records", "results", "entries", "articles", "passages", "corpus")
)
_BLOCK = 65_536
_BOTH = object()
"""In place of an object whose list was taken for the rows before its own text came."""


def rows(file: BinaryIO, limits: Limits) -> Iterator[Row | BadRow]:
    """A Row per element. Raises UnreadableError where the JSON breaks off."""
    stream, _ = text_stream(file)
    scanner = _Scanner(stream, limits.max_characters)
    try:
        for number, value in enumerate(_top_level(scanner), start=1):
            yield as_row(number, value) if value is not _BOTH else BadRow(number, "has both a list and a text")
    except RecursionError:
        raise UnreadableError("nested too deeply") from None
    finally:
        stream.detach()


def _top_level(scanner: _Scanner) -> Iterator[Any]:
    while character := scanner.peek():
        if character == "[":
            yield from _elements(scanner)
        elif character == "{":
            yield from _object(scanner)
        else:
            yield scanner.value()


def _elements(scanner: _Scanner) -> Iterator[Any]:
    scanner.expect("[")
    if scanner.peek() == "]":
        scanner.expect("]")
        return
    while True:
        yield scanner.value()
        if scanner.expect(",]") == "]":
            return


def _object(scanner: _Scanner) -> Iterator[Any]:
    """The object, or the elements of the list of objects that it wraps."""
    scanner.expect("{")
    members: dict[str, Any] = {}
    streamed = False
    if scanner.peek() == "}":
        scanner.expect("}")
        return
    while True:
        key = scanner.value()
        scanner.expect(":")
        if isinstance(key, str) and _wraps(key, members, scanner):
            streamed = True
            yield from _elements(scanner)
        else:
            members[str(key)] = scanner.value()
        if scanner.expect(",}") == "}":
            break
    if not streamed:
        yield from _unwrapped(members)
    elif any(isinstance(value, str) and value.strip() for key, value in members.items() if key.lower() in TEXT_NAMES):
        yield _BOTH


def _wraps(key: str, members: dict[str, Any], scanner: _Scanner) -> bool:
    """Whether the list that follows holds the rows as objects; not when the object has a text of its own."""
    return key.lower() in _LISTS and not _has_text(members) and scanner.peek() == "[" and scanner.peek_inside() == "{"


def _unwrapped(members: dict[str, Any]) -> list[Any]:
    if _has_text(members):
        return [members]
    lists = [value for key, value in members.items() if isinstance(value, list) and _holds_rows(key, value)]
    return lists[0] if len(lists) == 1 else [members]


def _holds_rows(key: str, values: list[Any]) -> bool:
    if key.lower() in _LISTS:
        return not values or isinstance(values[0], dict | str)
    return bool(values) and isinstance(values[0], dict)


def _has_text(members: dict[str, Any]) -> bool:
    return any(key.lower() in TEXT_NAMES for key in members)


class _Scanner:
    """JSON values one by one from a stream, holding no more than the value at hand."""

    def __init__(self, stream: io.TextIOWrapper, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._decoder = json.JSONDecoder(parse_constant=lambda _: None)
        self._buffer = ""
        self._place = 0
        self._before = 0  # characters before the buffer

    def peek(self) -> str:
        """The next character that is not white space; "" at the end."""
        while True:
            while self._place < len(self._buffer):
                if self._buffer[self._place] not in " \t\n\r\ufeff":
                    return self._buffer[self._place]
                self._place += 1
            if not self._more(_BLOCK):
                return ""

    def peek_inside(self) -> str:
        """The character after the next one, white space aside; nothing is taken."""
        ahead = 1
        while True:
            while self._place + ahead < len(self._buffer):
                if self._buffer[self._place + ahead] not in " \t\n\r":
                    return self._buffer[self._place + ahead]
                ahead += 1
            if not self._more(_BLOCK):
                return ""

    def expect(self, characters: str) -> str:
        """Take the next character, which must be one of `characters`."""
        found = self.peek()
        if not found or found not in characters:
            raise self._broken(f"expected {' or '.join(characters)}, found {found or 'the end'}")
        self._place += 1
        return found

    def value(self) -> Any:
        """Take the next value."""
        self.peek()
        block = _BLOCK
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._place)
            except json.JSONDecodeError as error:
                if not self._more(block):
                    raise self._broken(error.msg) from None
            except ValueError as error:  # an integer of more than 4,300 digits
                raise self._broken(str(error)) from None
            else:
                # A number could go on in the next block; everything else ends where it ends.
                length = end - self._place
                if end < len(self._buffer) or not self._more(block):
                    self._place += length
                    return value
            block *= 2  # so that a large value is not scanned over and over

    def _more(self, size: int) -> bool:
        if len(self._buffer) - self._place > self._limit:
            raise self._broken(f"a value of more than {self._limit:,} characters (Limits.max_characters)")
        block = self._stream.read(size)
        self._before += self._place
        self._buffer = self._buffer[self._place :] + block
        self._place = 0
        return bool(block)

    def _broken(self, reason: str) -> UnreadableError:
        return UnreadableError(f"broken JSON at character {self._before + self._place:,}: {reason}")
