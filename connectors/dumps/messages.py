"""The messages of an mbox, one by one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..files.compression import Block
from ..files.content import UnreadableError
from ..files.limits import Limits
from .tape import Tape

_HEAD = 1 << 18
"""Bytes in which the headers of a message end, or are cut off."""
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATED = re.compile(
    rb"From .{0,400}\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:"
    + rb"%s +\d\d? +\d\d?:\d\d(?::\d\d)?(?: +\S+){0,2} +\d{4}|\d\d? +%s +\d{4} +\d\d?:\d\d)" % (_MONTH, _MONTH)
)
"""Asctime, as most programs write it, also with a time zone; or the date of a header."""
_UNDATED = re.compile(rb"From \S+")
_HEADER = re.compile(rb"(?:[!-9;-~]+[ \t]*:|>From )")
_MAIL_HEADER = re.compile(
    rb"(?:Return-Path|Received|From|To|Subject|Date|Message-ID|MIME-Version|Delivered-To|Status|X-[A-Za-z-]+|DKIM-"
    rb"Signature|Content-Type|Reply-To|Sender|Envelope-to|Authentication-Results)[ \t]*:",
    re.IGNORECASE,
)
_CONTEXT = 3
_AHEAD = 2_000
"""Bytes before and behind a `From ` that are looked at."""
_BLANK = re.compile(rb"\r?\n\r?\n")
_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:(?:[ \t]|\r?\n[ \t])*<?([^<>\s]+)", re.IGNORECASE | re.MULTILINE)
_MOZILLA_STATUS = re.compile(rb"^x-mozilla-status[ \t]*:[ \t]*([0-9a-f]{4})\b", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(rb"^x-status[ \t]*:[ \t]*[A-Z]*D", re.IGNORECASE | re.MULTILINE)
_EXPUNGED = 0x0008


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it stands in the file from `offset` on, without its `From ` line.

    `raw` is None when it is larger than a document may be. `message_id` is empty when it has none; `expunged` when the
    mail program has deleted it and only not yet taken it out of the file.
    """

    offset: int
    size: int
    digest: str
    message_id: str
    expunged: bool
    raw: bytes | None


def messages(blocks: Iterator[Block], limits: Limits) -> Iterator[Message]:
    """The messages of a file in order, `offset` after decompression. Raises UnreadableError when it is no mbox."""
    tape = Tape(blocks)
    while len(tape.buffer) < _CONTEXT + 5 and tape.more():
        pass
    offset = len(tape.cut(len(tape.buffer) - len(tape.buffer.lstrip(b"\r\n"))))
    if tape.buffer and not tape.buffer.startswith(b"From "):
        raise UnreadableError("not an mbox: it does not begin with a line 'From …'")
    while tape.buffer or tape.more():
        offset += len(tape.cut(tape.find(b"\n") + 1 or len(tape.buffer)))
        message = _message(tape, offset, limits)
        yield message
        offset += message.size


def unescaped(raw: bytes) -> bytes:
    """A message with the lines that were written as `>From ` as they were."""
    return re.sub(rb"^>(>*From )", rb"\1", raw, flags=re.MULTILINE)


def digest_of(parts: Iterable[bytes]) -> str:
    """32 hex digits over a message, whatever line ends are behind it: the last one of a file has others."""
    whole, ends = hashlib.blake2b(digest_size=16), b""
    for part in parts:
        text = ends + part
        rest = text.rstrip(b"\r\n")
        ends = text[len(rest) :]
        whole.update(rest)
    return whole.hexdigest()


def _message(tape: Tape, offset: int, limits: Limits) -> Message:
    """The message that the buffer begins with, cut off it."""
    kept, head, size = bytearray(), bytearray(), 0

    def parts() -> Iterator[bytes]:
        nonlocal size
        ended = False
        while not ended:
            end, ended = _end(tape, fresh=not size)
            part = tape.cut(end)
            size += len(part)
            head.extend(part[: max(0, _HEAD - len(head))])
            if size <= limits.max_file_bytes:
                kept.extend(part)
            yield part

    digest = digest_of(parts())
    blank = _BLANK.search(head)
    headers = bytes(head[: blank.start()] if blank is not None else head)
    found = _MESSAGE_ID.search(headers)
    mozilla = _MOZILLA_STATUS.search(headers)
    return Message(
        offset=offset,
        size=size,
        digest=digest,
        message_id=found[1].decode("utf-8", "replace")[:500] if found is not None else "",
        expunged=bool(mozilla and int(mozilla[1], 16) & _EXPUNGED) or _STATUS.search(headers) is not None,
        raw=bytes(kept) if size <= limits.max_file_bytes else None,
    )


def _end(tape: Tape, *, fresh: bool) -> tuple[int, bool]:
    """How much of the buffer belongs to the present message, and whether that is all of it.

    Unless `fresh`, when the buffer begins with the message, its first three bytes have been looked at: they tell what
    stands before a `From `.
    """
    start = 0 if fresh else _CONTEXT
    while True:
        # The two lines that tell whether a message begins must be there as a whole.
        while len(tape.buffer) < start + 2 * _AHEAD and tape.more():
            pass
        found = tape.buffer.find(b"From ", start)
        if found < 0:
            if tape.ended:
                return len(tape.buffer), True
            return max(start - _CONTEXT, len(tape.buffer) - _AHEAD), False
        if found > len(tape.buffer) - _AHEAD and not tape.ended:
            if found > _CONTEXT:
                return found - _CONTEXT, False
            tape.more()
        elif _begins(tape.buffer, found):
            return found, True
        else:
            start = found + 5


def _begins(buffer: bytearray, place: int) -> bool:
    """Whether a message begins at a `From `; a sentence may begin so too."""
    if place and buffer[place - 1 : place] != b"\n":
        return False
    end = buffer.find(b"\n", place)
    if end < 0:
        return False
    line, following = bytes(buffer[place : min(end, place + 500)]), bytes(buffer[end + 1 : end + 200])
    if _DATED.match(line):
        return _HEADER.match(following) is not None
    if _UNDATED.fullmatch(line.rstrip()) is None:
        return False
    after_blank = place == 0 or buffer[max(0, place - 3) : place].endswith((b"\n\n", b"\n\r\n"))
    return after_blank and _MAIL_HEADER.match(following) is not None
