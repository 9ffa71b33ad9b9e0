"""Opening files of a remote file system: one thread at a time where it must be, every failure an OSError."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ..files.content import UnreadableError
from .faults import Secrets

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 4 << 20
"""Bytes per request: some megabytes, so that the time to the server does not count, and so that memory stays small."""

Open = Callable[[], AbstractContextManager[BinaryIO]]


@contextmanager
def guarded(opened: Callable[[], Any], secrets: Secrets, lock: AbstractContextManager[Any]) -> Iterator[BinaryIO]:
    """A file of a file system, buffered. Raises OSError whatever goes wrong, now or while it is read."""
    with _told(secrets), lock:
        file = opened()
    reader = io.BufferedReader(_Guarded(file, secrets, lock), BLOCK)
    try:
        # A BufferedReader has all that the parsers of tables use of a BinaryIO.
        yield cast("BinaryIO", reader)
    finally:
        reader.close()


@contextmanager
def fetched(stream: Open, *, size: int | None, limit: int) -> Iterator[str]:
    """The path of a copy on this machine. Raises UnreadableError for more than `limit` bytes, or not the `size`."""
    with tempfile.NamedTemporaryFile(prefix="interlingua-") as copy:
        with stream() as file:
            had = 0
            while block := file.read(1 << 20):
                had += len(block)
                if had > limit:
                    raise UnreadableError(f"more than {limit:,} bytes")
                copy.write(block)
        if size is not None and had != size:
            # Half a file must not be stored as the whole one under a revision that it will have tomorrow.
            raise UnreadableError(f"gave {had:,} bytes instead of the {size:,} listed: broken off, or just changed")
        copy.flush()
        yield copy.name


@contextmanager
def spooled(stream: Open, *, size: int | None, limit: int) -> Iterator[BinaryIO]:
    """The file as a copy on this machine, where going back and forth in it costs nothing."""
    with fetched(stream, size=size, limit=limit) as path, open(path, "rb") as file:  # noqa: PTH123 (a name, no path)
        yield file


@contextmanager
def _told(secrets: Secrets) -> Iterator[None]:
    """Turn what a library raises into an OSError without secrets."""
    try:
        yield
    except Exception as error:
        raise OSError(secrets.reason(error)) from None


class _Guarded(io.RawIOBase):
    def __init__(self, file: Any, secrets: Secrets, lock: AbstractContextManager[Any]) -> None:
        self._file = file
        self._secrets = secrets
        self._lock = lock

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        with _told(self._secrets), self._lock:
            data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _told(self._secrets), self._lock:
            self._file.seek(offset, whence)  # whose answer is None for paramiko
            return int(self._file.tell())

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            with _told(self._secrets), self._lock:
                self._file.close()
        super().close()
