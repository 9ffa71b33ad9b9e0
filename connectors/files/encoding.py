"""Bytes to text: byte order mark, then strict UTF-8, then what the file declares, then detection (chardet)."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .content import UnreadableError

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What browsers read under these names: the superset that files so labelled are really written in.
_SUPERSETS = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso-8859-8",
    "x-mac-cyrillic": "mac-cyrillic",
    "macintosh": "mac-roman",
}
_SAMPLE = 65_536
_TOLERATED = 0.01
_CONTROLS = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f\x7f-\x84\x86-\x9f]")
_DECLARATION = re.compile(rb"<[?!/A-Za-z][\x00-\x7f]{0,1000}?>|coding[:=]")
_ISO_2022 = re.compile(rb"\x1b[$(][@-Z(]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the Python codec that gave it, and how many byte sequences had to be replaced by U+FFFD."""

    text: str
    encoding: str
    errors: int = 0

    @property
    def metadata(self) -> dict[str, str | int]:
        """`encoding` when it is not UTF-8, `decoding_errors` when there were any."""
        shown: dict[str, str | int] = {}
        if not self.encoding.startswith("utf-8"):
            shown["encoding"] = self.encoding
        if self.errors:
            shown["decoding_errors"] = self.errors
        return shown


def decode(data: bytes, *, declared: str | None = None) -> Decoded:
    """The text of `data`; raises UnreadableError when it is binary or when 1 % or more of it cannot be decoded."""
    decoded = _decode(data, declared)
    probe = decoded.text[:_SAMPLE]
    if "\0" in decoded.text or len(_CONTROLS.findall(probe)) > 0.005 * len(probe):
        raise UnreadableError("binary data, not text")
    return decoded


def _decode(data: bytes, declared: str | None) -> Decoded:
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _lossy(data, codec)
    wide = b"\0" in data
    if not wide and not _ISO_2022.search(data):
        text = _strict(data, "utf-8")
        if text is not None:
            return Decoded(text, "utf-8")
        almost = _almost_utf8(data)
        if almost is not None:
            return almost
    for codec in _candidates(data, declared):
        if wide and not codec.startswith(("utf-16", "utf-32")):
            continue
        text = _strict(data, codec)
        if text is not None and not (wide and _unlikely(text)):
            return Decoded(text, codec)
    if wide:
        raise UnreadableError("binary data, not text (it holds NUL bytes)")
    return _lossy(data, next(iter(_candidates(data, declared)), "utf-8"))


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _unlikely(text: str) -> bool:
    """Whether many characters do not exist: nearly any bytes can be read as UTF-16."""
    probe = text[:2000]
    unknown = sum(
        unicodedata.category(character) in ("Cn", "Co", "Cc") and character not in "\t\n\r\f" for character in probe
    )
    return unknown > 0.01 * len(probe)


def _lossy(data: bytes, codec: str) -> Decoded:
    text = _strict(data, codec)
    if text is not None:
        return Decoded(text, codec)
    text = data.decode(codec, "replace")
    errors = text.count("\ufffd")
    if errors >= _TOLERATED * len(text):
        raise UnreadableError(f"unknown encoding: not all can be read as {codec}, the best guess (errors: {errors:,})")
    return Decoded(text, codec, errors)


def _almost_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with a few damaged bytes: far more good multi-byte characters than bad ones."""
    text = data.decode("utf-8", "replace")
    errors = text.count("\ufffd")
    good = (len(data) - len(text)) / 2  # a character of 2 to 4 bytes makes the text 1 to 3 shorter
    if errors * 10 < good and errors < _TOLERATED * len(text):
        return Decoded(text, "utf-8", errors)
    return None


def _candidates(data: bytes, declared: str | None) -> Iterator[str]:
    """Codecs to try, most likely first."""
    sample = _telling_part(data)
    codec = python_codec(declared) if declared else None
    if codec and not (codec == "cp1252" and (_hardly_western(sample) or _ISO_2022.search(sample))):
        yield codec
    import chardet

    guesses = [chardet.detect(sample), *chardet.detect_all(sample)]
    for guess in guesses:
        if guess["encoding"] and (codec := python_codec(guess["encoding"])):
            yield codec


def _hardly_western(sample: bytes) -> bool:
    """Nearly any bytes pass as Latin-1, the usual wrong declaration; but Latin text is mostly ASCII letters."""
    high = sum(byte > 0xBF for byte in sample)
    return high > 0.3 * (high + sum(chr(byte).isalpha() for byte in sample if byte < 0x80) + 1)


def python_codec(label: str) -> str | None:
    """The Python codec for a charset label, widened as browsers do; None for a label that nobody knows."""
    name = label.strip().strip("\"'").lower()
    name = _SUPERSETS.get(name, name)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return found.name if found._is_text_encoding else None


def _telling_part(data: bytes) -> bytes:
    """64 KB from shortly before the first byte that is not ASCII: what a detector can learn from."""
    match = re.search(rb"[\x80-\xff\x1b\x00]", data)
    start = max(0, match.start() - 1000) if match else 0
    if b"\0" in data[:_SAMPLE]:
        # UTF-16 and UTF-32 must be cut at a multiple of their unit
        return data[:_SAMPLE]
    # chardet believes what a file declares, even where it cannot be true; `declared` has been tried before.
    return _DECLARATION.sub(b" ", data[start : start + _SAMPLE])


def text_stream(file: BinaryIO) -> tuple[io.TextIOWrapper, str]:
    """A table's text for streaming, and its codec: line ends untouched, undecodable bytes as lone surrogates.

    The whole file is checked for UTF-8 first, in constant memory; otherwise a part of it is given to `decode`.
    """
    head = file.read(_SAMPLE)
    codec = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    if codec is None:
        file.seek(0)
        broken = _first_non_utf8(file)
        codec = "utf-8" if broken is None else _codec_of_part(file, head, broken)
    file.seek(0)
    return io.TextIOWrapper(file, encoding=codec, errors="surrogateescape", newline=""), codec


def _first_non_utf8(file: BinaryIO) -> int | None:
    """Offset of the first block that is not UTF-8, None when all is. A NUL byte counts as not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    while True:
        block = file.read(1 << 20)
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            return offset
        if b"\0" in block:
            return offset
        if not block:
            return None
        offset += len(block)


def _codec_of_part(file: BinaryIO, head: bytes, broken: int) -> str:
    file.seek(broken)
    block = file.read(1 << 20)
    part = head if broken == 0 else head + block
    # A cut inside a character would spoil a strict decode: end at a line.
    end = part.rfind(b"\n") + 1 if b"\0" not in part else len(part) // 4 * 4
    return decode(part[: end or len(part)]).encoding
