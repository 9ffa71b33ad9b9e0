"""JSON Lines: one object (or string) per line; a bad line spoils nothing but itself."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..encoding import text_stream
from ..limits import Limits
from .row import BadRow, Row

_UNDECODED = re.compile("[\udc80-\udcff]")


def rows(file: BinaryIO, limits: Limits) -> Iterator[Row | BadRow]:
    """A Row per line; empty lines are not counted."""
    stream, _ = text_stream(file)
    number = 0
    try:
        while line := stream.readline(limits.max_characters + 1):
            if len(line) > limits.max_characters:
                _skip_line(stream, line, limits)
                number += 1
                yield BadRow(number, f"more than {limits.max_characters:,} characters (Limits.max_characters)")
            elif line.strip():
                number += 1
                yield _parse(number, line)
    finally:
        stream.detach()


def _skip_line(stream: io.TextIOWrapper, line: str, limits: Limits) -> None:
    while line and not line.endswith(("\n", "\r")):
        line = stream.readline(limits.max_characters)


def _parse(number: int, line: str) -> Row | BadRow:
    if not line.isascii() and _UNDECODED.search(line):
        return BadRow(number, "holds bytes that cannot be decoded")
    try:
        return as_row(number, loads(line.removeprefix("\ufeff")))
    except ValueError as error:
        return BadRow(number, f"broken JSON: {error}")
    except RecursionError:
        return BadRow(number, "nested too deeply")


def loads(text: str) -> Any:
    """JSON with NaN and Infinity as None. Raises ValueError or RecursionError."""
    return json.loads(text, parse_constant=lambda _: None)


def as_row(number: int, value: Any) -> Row | BadRow:
    """An object as it is, a string as an object with a text."""
    if isinstance(value, dict):
        return Row(number, value)
    if isinstance(value, str):
        return Row(number, {"text": value})
    return BadRow(number, f"not an object but {type(value).__name__}")
