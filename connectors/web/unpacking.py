"""Bodies without their compression, bounded while they are unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from ...retrieval.errors import InputError


class FetchError(InputError):
    """A URL could not be fetched; `unreachable`: its host gave no whole answer, rather than one that cannot be used."""

    def __init__(self, message: str, *, unreachable: bool = False) -> None:
        super().__init__(message)
        self.unreachable = unreachable


def unpacked(response: httpx.Response, most: int) -> Iterator[bytes]:
    """The body without its Content-Encoding, never more than `most` bytes and a bit at a time."""
    named = response.headers.get("content-encoding", "").strip().lower()
    if named in ("", "identity"):
        yield from response.iter_raw(65_536)
        return
    if named not in ("gzip", "x-gzip", "deflate"):
        raise FetchError(f"is encoded as {named[:40]!r}, which was not asked for (gzip, deflate)")
    try:
        yield from unpack(response.iter_raw(65_536), most)
    except zlib.error as error:
        raise FetchError(f"is damaged: {error}") from None


def unpack(parts: Iterator[bytes], most: int, *, window: int = zlib.MAX_WBITS | 32) -> Iterator[bytes]:
    """gzip or zlib data unpacked in pieces of at most 1 MB; also what follows the first gzip member.

    Raises FetchError beyond `most` bytes in and when the end is missing, zlib.error for what is no such data.
    """
    unpacker = zlib.decompressobj(window)
    given = 0
    first = True
    for part in parts:
        given += len(part)
        if given > most:
            raise FetchError(f"has more than {most:,} bytes (max_bytes)")
        if first and part:
            first = False
            if window & 32 and not _has_header(part):  # "deflate" without zlib's header, as some servers send it
                unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        while part:
            if unpacker.eof:
                if not part.startswith(b"\x1f\x8b"):
                    return  # padding
                unpacker = zlib.decompressobj(window)
            yield unpacker.decompress(part, 1 << 20)
            part = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof and not first:
        raise FetchError("broke off: the compressed data has no end", unreachable=True)


def _has_header(part: bytes) -> bool:
    return part.startswith(b"\x1f\x8b") or (len(part) > 1 and part[0] & 15 == 8 and (part[0] << 8 | part[1]) % 31 == 0)
