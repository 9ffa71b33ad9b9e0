"""Where the records of a WARC file are, and what they are of; what is damaged is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

from ..files.compression import Place, blocks
from ..files.content import UnreadableError
from ..files.limits import Limits
from .tape import Tape

_HEAD = 256_000
"""Bytes that the headers of a record, or of a response, may have."""
_BEGIN = re.compile(rb"WARC/1\.[01]\r?\n")
_BLANK = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")
_GZIP = b"\x1f\x8b\x08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record: where it begins, its WARC headers (names in lower case), and the first of an HTTP response."""

    place: Place
    headers: Mapping[str, str]
    status: int | None = None
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something that cannot be read; `headers` when it is a record whose headers can, `alone` when no other is lost."""

    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False


def records(file: BinaryIO, limits: Limits) -> Iterator[Record | Damage]:
    """The records of a file, compressed record by record, as a whole, or not at all."""
    place = Place()
    while True:
        tape = Tape(blocks(file, limits, place))
        try:
            yield from _records(tape)
        except UnreadableError as error:
            yield Damage(reason=str(error))
            found = _next_member(file, limits, tape.place().member)
            if found is None:
                return
            place = found
        else:
            return


def _records(tape: Tape) -> Iterator[Record | Damage]:
    while _to_begin(tape):
        place = tape.place()
        blank = _find_blank(tape, 0)
        if blank is None:
            yield Damage(reason="a record whose headers do not end")
            tape.cut(5)
            continue
        headers = _headers(bytes(tape.buffer[: blank[0]]))
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            yield Damage(reason=f"a record whose length is {length[:40]!r}", headers=headers, alone=True)
            tape.cut(5)
            continue
        tape.cut(blank[1])
        status, content_type = None, headers.get("content-type", "")
        if headers.get("warc-type") in ("response", "revisit"):
            status, content_type = _response(tape, int(length))
        if not _pass_over(tape, int(length)):
            yield Damage(reason="the record ends before its end: the file is cut off", headers=headers)
            return
        yield Record(place=place, headers=headers, status=status, content_type=content_type)


def _to_begin(tape: Tape) -> bool:
    """Cut up to where a record begins: nothing but line ends where all is well. False at the end."""
    while True:
        match = _BEGIN.search(tape.buffer)
        if match is not None and (match.start() == 0 or tape.buffer[match.start() - 1 : match.start()] == b"\n"):
            tape.cut(match.start())
            return True
        tape.cut(match.end() if match is not None else max(0, len(tape.buffer) - 16))
        if match is None and not tape.more():
            return False


def _find_blank(tape: Tape, start: int) -> tuple[int, int] | None:
    """Where an empty line begins and ends, behind the headers that begin at `start`."""
    while (match := _BLANK.search(tape.buffer, start)) is None:
        if len(tape.buffer) - start > _HEAD or not tape.more():
            return None
    return match.span()


def _response(tape: Tape, length: int) -> tuple[int | None, str]:
    """Status and content type of the HTTP response that the buffer begins with."""
    blank = _find_blank(tape, 0)
    end = min(blank[0] if blank is not None else len(tape.buffer), length)
    status = _STATUS.match(tape.buffer)
    headers = _headers(bytes(tape.buffer[:end]))
    return int(status[1]) if status is not None else None, headers.get("content-type", "")


def _headers(data: bytes) -> dict[str, str]:
    """Header lines below the first line; the first of several of one name, folded lines joined."""
    lines = re.sub(r"\r?\n[ \t]+", " ", data.decode("utf-8", "replace")).splitlines()[1:]
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _pass_over(tape: Tape, length: int) -> bool:
    """Cut `length` bytes away, without holding them; whether there were so many."""
    while length > len(tape.buffer):
        length -= len(tape.buffer)
        tape.cut(len(tape.buffer))
        if not tape.more():
            return False
    tape.cut(length)
    return True


def _next_member(file: BinaryIO, limits: Limits, after: int) -> Place | None:
    """Where, behind a damaged member, the next begins that holds a record; None without compression, and at the end."""
    file.seek(0)
    if not file.read(3).startswith(_GZIP):
        return None
    window, start = b"", after + 1
    file.seek(start)
    while data := file.read(1 << 20):
        window += data
        position = -1
        while (position := window.find(_GZIP, position + 1)) >= 0:
            place = Place(start + position)
            if _holds_record(file, limits, place):
                return place
        file.seek(start + len(window))
        start, window = start + len(window) - 2, window[-2:]
    return None


def _holds_record(file: BinaryIO, limits: Limits, place: Place) -> bool:
    try:
        first = next(blocks(file, limits, place), None)
    except UnreadableError:
        return False
    return first is not None and _BEGIN.match(first.data) is not None


def page_uri(headers: Mapping[str, str]) -> str | None:
    """The URL that a record is of, without fragment and credentials; None where it is of none of the web."""
    given = headers.get("warc-target-uri", "").strip("<> ")
    try:
        parts = urlsplit(given)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return None
    except ValueError:
        return None
    return urlunsplit((parts.scheme.lower(), parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
