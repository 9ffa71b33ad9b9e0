"""Compressed files as streams: gzip, bzip2, xz and Zstandard, told by their first bytes, in bounded memory."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Protocol

from ...retrieval.errors import MissingExtraError
from .content import UnreadableError
from .limits import Limits

SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
"""Of names of compressed files."""

_BLOCK = 1 << 18
_LARGEST = 1 << 20
"""Most bytes that are decompressed at once, whatever a block of compressed ones holds."""
_RATIO_FROM = 50_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: `skip` bytes behind the beginning of the member at `member`.

    A compressed file is one member or several, one after the other, each of which can be read alone. Without
    compression every offset begins a member.
    """

    member: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """Up to 1 MiB of a file, decompressed, and where it begins."""

    data: bytes
    place: Place


def blocks(file: BinaryIO, limits: Limits, start: Place = Place()) -> Iterator[Block]:
    """What `file` holds from `start` on. Raises UnreadableError where it is damaged, broken off or a bomb."""
    name, skip = _method(file), start.skip
    file.seek(start.member)
    parts = _plain(file, start.member)
    if name:
        make = _DECOMPRESSORS.get(name)
        parts = _guarded(
            _zstd(file) if make is None else _members(file, start.member, make), file, start.member, name, limits
        )
    for block in parts:
        if not skip:
            yield block
        elif skip < len(block.data):
            place = block.place
            yield Block(block.data[skip:], Place(place.member, place.skip + skip))
            skip = 0
        else:
            skip -= len(block.data)


def decompressed(file: BinaryIO, limits: Limits) -> BinaryIO:
    """`file`, or where it is compressed a stream of what it holds; seeking back begins anew."""
    if not is_compressed(file):
        file.seek(0)
        return file
    return io.BufferedReader(_Stream(file, limits), 1 << 20)


def is_compressed(file: BinaryIO) -> bool:
    """Whether `file` begins as compressed files of a known kind do."""
    return bool(_method(file))


class _Stream(io.RawIOBase):
    """The blocks of a file as a file."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._begin()

    def _begin(self) -> None:
        self._blocks = blocks(self._file, self._limits)
        self._rest = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next((block.data for block in self._blocks), b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._position += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end of compressed data is not known")
        target = offset + (self._position if whence == io.SEEK_CUR else 0)
        if target < self._position:
            self._begin()
        scratch = bytearray(_BLOCK)
        while self._position < target:
            if not self.readinto(memoryview(scratch)[: target - self._position]):
                break
        return self._position

    def tell(self) -> int:
        return self._position


def _method(file: BinaryIO) -> str:
    """What `file` is compressed with, the empty string for nothing that is known here."""
    file.seek(0)
    head = file.read(6)
    return next((name for name, mark in _MARKS if head.startswith(mark)), "")


def _plain(file: BinaryIO, offset: int) -> Iterator[Block]:
    while data := file.read(_BLOCK):
        yield Block(data, Place(offset))
        offset += len(data)


def _zstd(file: BinaryIO) -> Iterator[Block]:
    """From the beginning always: pyarrow says nothing of members."""
    try:
        import pyarrow as pa
    except ImportError:
        raise UnreadableError(str(MissingExtraError("pyarrow", "datasets"))) from None
    skip = 0
    stream = pa.CompressedInputStream(pa.PythonFile(_Unclosed(file), mode="r"), "zstd")
    while data := stream.read(_LARGEST):
        yield Block(data, Place(0, skip))
        skip += len(data)


def _members(file: BinaryIO, offset: int, make: Callable[[], _Decompressor]) -> Iterator[Block]:
    member, decoder, skip, pending = offset, make(), 0, b""
    while True:
        if decoder.eof:
            rest = decoder.unused_data or file.read(_BLOCK)
            if not rest.strip(b"\0"):
                return  # padding
            member, decoder, skip, pending = file.tell() - len(rest), make(), 0, rest
        elif not pending and decoder.needs_input:
            pending = file.read(_BLOCK)
            if not pending:
                raise EOFError("it ends too early")
        data, pending = decoder.decompress(pending, _LARGEST), b""
        if data:
            yield Block(data, Place(member, skip))
            skip += len(data)


def _guarded(parts: Iterator[Block], file: BinaryIO, start: int, name: str, limits: Limits) -> Iterator[Block]:
    """The blocks, as long as they are not far more than was read for them; errors in one form."""
    given = 0
    try:
        for block in parts:
            given += len(block.data)
            if given > max(_RATIO_FROM, limits.max_archive_ratio * (file.tell() - start)):
                raise UnreadableError(
                    f"decompression bomb: more than {limits.max_archive_ratio:g} times its size "
                    "(Limits.max_archive_ratio)"
                )
            yield block
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise UnreadableError(f"broke off: damaged {name} data: {error}") from None


class _Unclosed:
    """A file that pyarrow does not close when it is done: it is not its own."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.closed = file.read, False

    def close(self) -> None:
        self.closed = True


class _Decompressor(Protocol):
    """What those of bz2 and lzma have."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decompressor for gzip, with the attributes of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


_MARKS = (("gzip", b"\x1f\x8b\x08"), ("bzip2", b"BZh"), ("xz", b"\xfd7zXZ\0"), ("zstd", b"\x28\xb5\x2f\xfd"))
_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": _Gzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": partial(lzma.LZMADecompressor, memlimit=1 << 28),  # its strongest preset wants 65 MB
}
