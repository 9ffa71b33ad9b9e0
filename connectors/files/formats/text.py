"""Plain text in any encoding."""

from __future__ import annotations

from typing import BinaryIO

from ..content import Content, UnreadableError, check_length
from ..encoding import Decoded, decode
from ..limits import Limits


def read(file: BinaryIO, limits: Limits) -> Content:
    """The file's text with line ends as `\\n`; its encoding in the metadata when it is not UTF-8."""
    decoded = read_decoded(file, limits)
    return Content(text=decoded.text, metadata=decoded.metadata)


def read_decoded(file: BinaryIO, limits: Limits, *, declared: str | None = None) -> Decoded:
    """The whole file decoded, bounded before it is read: no encoding takes more than 4 bytes per character."""
    data = file.read(4 * limits.max_characters + 1)
    check_length(0 if len(data) <= 4 * limits.max_characters else limits.max_characters + 1, limits.max_characters)
    if not data.strip():
        raise UnreadableError("empty: no text")
    decoded = decode(data, declared=declared)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    check_length(len(text), limits.max_characters)
    return Decoded(text, decoded.encoding, decoded.errors)
