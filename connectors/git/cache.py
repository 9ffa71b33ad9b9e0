"""The folder of a bare repository that several processes fetch into."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...retrieval.errors import SourceError

_HELD = "interlingua.held"
_PAUSE = 0.05


@contextmanager
def held(folder: Path, *, seconds: float) -> Iterator[int]:
    """In this block nobody else writes into `folder`, which is made; what a fetch that was killed left there is gone.

    Gives a descriptor: whoever inherits it holds the folder too, so that a fetch which outlives this process keeps
    others out until it ends. Raises SourceError when another holds the folder for so many seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _HELD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, folder, time.monotonic() + seconds)
        _tidy(folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise SourceError(f"another process is fetching into the cache {folder}. Try again later.") from None
        time.sleep(_PAUSE)


def _tidy(folder: Path) -> None:
    """Remove what git takes for the work of another process, and packs that are not whole."""
    for left in (*folder.rglob("*.lock"), *folder.glob("objects/pack/tmp_*")):
        left.unlink(missing_ok=True)
