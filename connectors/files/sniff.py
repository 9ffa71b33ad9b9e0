"""Which format a file really has, from its first bytes; its extension decides only where they leave a choice."""

from __future__ import annotations

from .content import UnreadableError
from .registry import BY_NAME, Format, for_extension

HEAD = 8192
"""How many bytes of a file `identify` wants."""

_PARQUET = b"PAR1"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_REFUSED = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"),
    (b"BM", "a BMP image"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"fLaC", "a FLAC file"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "an ELF program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (_PARQUET, "a Parquet table (name it .parquet)"),
)
_SHORT_MARKS = (b"BM", b"GIF8", b"ID3", b"RIFF", b"OggS", b"BZh", b"Rar!", b"II*\0", b"MM\0*")
_MUST_BE_ZIP = ("docx", "pptx", "xlsx", "odf", "epub")


def identify(head: bytes, extension: str) -> Format:
    """The format to read a file with. Raises UnreadableError with what it is when there is none."""
    named = for_extension(extension)
    if b"%PDF-" in head[:1024] and (named is None or named.isolated or head.startswith(b"%PDF-")):
        return BY_NAME["pdf"]
    if head.startswith(_ZIP):
        return BY_NAME["zip"]
    if head.startswith(_OLE):
        return BY_NAME["ole"]
    if head.lstrip().startswith(b"{\\rtf"):
        return BY_NAME["rtf"]
    if named is not None and named.name == "parquet" and head.startswith(_PARQUET):
        return named
    _refuse_binary(head)
    if named is None:
        return _by_markup(head)
    if named.name in (*_MUST_BE_ZIP, "pdf", "rtf", "ole", "parquet"):
        raise UnreadableError(
            f"damaged or mislabelled: the name ends in .{extension}, the content is not {named.label}"
        )
    return named


def _refuse_binary(head: bytes) -> None:
    for mark, what in _REFUSED:
        # Marks of two to four letters also begin ordinary texts ("BMW …"): binary data shows itself by a NUL soon.
        if head.startswith(mark) and (mark not in _SHORT_MARKS or b"\0" in head):
            raise UnreadableError(f"unsupported format: {what}")
    if head[4:8] == b"ftyp" and b"\0" in head[:4]:
        raise UnreadableError("unsupported format: an MP4, MOV or HEIC file")


def _by_markup(head: bytes) -> Format:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return BY_NAME["html"]
    return BY_NAME["text"]
