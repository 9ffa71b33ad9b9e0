"""Zip containers (docx, xlsx, epub…): measured by decompressing them before any parser sees them."""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO

from .content import UnreadableError
from .limits import Limits

_CHUNK = 1 << 18
_RATIO_FROM = 50_000_000
_ENTITIES = tuple("<!ENTITY".encode(codec) for codec in ("ascii", "utf-16-le", "utf-16-be"))
_OVERLAP = max(map(len, _ENTITIES)) - 1
_XML = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")


def open_archive(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """The container, once all its members were found to be harmless. Raises UnreadableError.

    Sizes in the headers are not believed: every member is decompressed in chunks and counted. XML that declares
    entities is refused, since office formats have none and bombs are made of them. Archives in archives stay closed.
    """
    try:
        archive = zipfile.ZipFile(file)
        members = archive.infolist()
        if len(members) > limits.max_archive_members:
            raise UnreadableError(
                f"zip container of {len(members):,} members, more than {limits.max_archive_members:,} "
                "(Limits.max_archive_members)"
            )
        size = file.seek(0, 2)
        total = 0
        for member in members:
            total = _measure(archive, member, total, size, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise UnreadableError(f"damaged zip container: {error}") from None
    return archive


def _measure(archive: zipfile.ZipFile, member: zipfile.ZipInfo, total: int, size: int, limits: Limits) -> int:
    """`total` plus the decompressed size of `member`."""
    if member.flag_bits & 1:
        raise UnreadableError("encrypted: needs a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Office formats have no other; and zipfile cannot bound what bzip2 and LZMA give at once.
        raise UnreadableError(f"damaged zip container: compression method {member.compress_type}")
    is_xml = member.filename.lower().endswith(_XML)
    tail = b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > limits.max_archive_bytes:
                raise UnreadableError(
                    f"zip bomb: more than {limits.max_archive_bytes:,} bytes (Limits.max_archive_bytes)"
                )
            if total > _RATIO_FROM and total > limits.max_archive_ratio * size:
                raise UnreadableError(
                    f"zip bomb: more than {limits.max_archive_ratio:g} times its size (Limits.max_archive_ratio)"
                )
            if is_xml:
                window = tail + chunk
                if any(mark in window for mark in _ENTITIES):
                    raise UnreadableError("XML with entity declarations: refused")
                tail = window[-_OVERLAP:]
    return total
