"""Rich Text Format."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

from ..content import Content, UnreadableError, as_title
from ..encoding import decode, python_codec
from ..limits import Limits

_TITLE = re.compile(r"\{\\info.{0,2000}?\{\\title\s+((?:[^{}]|\\[{}]){1,2000})\}", re.DOTALL)
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{2,5})")


def read(file: BinaryIO, limits: Limits) -> Content:
    """The text; the title from the document's properties."""
    data = file.read()
    codec = _code_page(data)
    # RTF is ASCII with escapes; a writer that left other bytes in it meant its own code page.
    source = data.decode("ascii") if data.isascii() else decode(data, declared=codec).text
    text = _plain(source, codec)
    if not text.strip():
        raise UnreadableError("empty: no text")
    match = _TITLE.search(source[:100_000])
    title = as_title(_plain("{\\rtf1 " + match[1] + "}", codec)) if match else None
    return Content(text=text, title=title)


def _code_page(data: bytes) -> str:
    match = _CODE_PAGE.search(data[:4096])
    return (python_codec(f"cp{match[1].decode()}") if match else None) or "cp1252"


def _plain(source: str, codec: str) -> str:
    from striprtf import striprtf

    convert: Callable[..., str] = striprtf.rtf_to_text
    return convert(source, encoding=codec, errors="replace")
