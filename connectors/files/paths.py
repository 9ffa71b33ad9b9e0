"""Names of files as valid UTF-8, and opening without being fooled by what is not a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from .content import UnreadableError


def utf8(name: str) -> str:
    """`name` as the file system gave it, with bytes that are not UTF-8 written as `\\xNN`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def kind(mode: int) -> str:
    """What a directory entry that is not a regular file is called."""
    tests = ((stat.S_ISFIFO, "FIFO"), (stat.S_ISSOCK, "socket"), (stat.S_ISDIR, "folder"))
    return next((name for test, name in tests if test(mode)), "device")


def open_regular(path: str) -> BinaryIO:
    """Open a regular file for reading. Raises UnreadableError for anything else, OSError as `open` does."""
    # O_NONBLOCK: a FIFO put in place of the file since it was listed must not hang the run.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise UnreadableError(f"not a file but a {kind(mode)}")
    return os.fdopen(descriptor, "rb")


CHANGED = "the file changed while it was read: the next run reads it again"


def has_changed(path: str, size: int, mtime_ns: int) -> bool:
    """Whether a file is no longer of this size in bytes and this time of modification: someone writes it, or did."""
    try:
        status = Path(path).stat()
    except OSError:
        return True
    return (status.st_size, status.st_mtime_ns) != (size, mtime_ns)


def os_reason(error: OSError) -> str:
    """An operating system error in the system's own words, without the path."""
    return (error.strerror or str(error)).lower()
