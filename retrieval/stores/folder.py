"""The folder of an embedded store, and who holds it.

manifest.json   written last when a store is created: without it there is no store yet (see `manifests`)
next.json       there while vectors of another model are being built
holder.json     locked by the process that has the store open; says which one that is
shard/          the Qdrant Edge shard; shard-2/, shard-3/ … once the index has moved to another model
shard.new/      a shard that is being created; never holds data
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import re
import socket
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import StoreError, StoreLockedError

REPAIR = "Run interlingua doctor, restore the folder from a backup or an export, or delete it and ingest again."
_WAYS_OUT = (
    "Stop that process, point this one at another --store, or let both use a Qdrant server (--store http://HOST:6333)."
)
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)


class Holder:
    """The lock on a folder. The system lets go of it when the process ends, however it ends, so it is never stale.

    The shards of the folder that are open share it: it is let go with the last of them.
    """

    def __init__(self, folder: Path, descriptor: int, last: Mapping[str, Any]) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self._close = weakref.finalize(self, os.close, descriptor)
        self.last = last
        """What the process that had the folder before wrote: `points` of each shard when it closed them in order."""
        self._open: set[str] = set()
        self._points: dict[str, int] = {}
        self._lock = threading.Lock()

    def opened(self, shard: str) -> None:
        """Note that a shard is open."""
        with self._lock:
            self._open.add(shard)

    def has_open(self, shard: str) -> bool:
        """Whether this process has the shard open."""
        with self._lock:
            return shard in self._open

    def release(self, shard: str, *, points: int | None) -> None:
        """Note that a shard with so many points is closed; after the last one, let others open the folder."""
        with self._lock:
            self._open.discard(shard)
            if points is not None:
                self._points[shard] = points
            if self._open or not self._close.alive:
                return
            with contextlib.suppress(OSError):  # a note for the next process; a full disk must not keep the lock
                _write(self._descriptor, {"closed": _now(), "points": self._points})
            self._close()

    def undo(self) -> None:
        """Let go as if the folder had not been held: opening it failed."""
        with contextlib.suppress(OSError):
            _write(self._descriptor, self.last)
        self._close()

    def forget(self) -> None:
        """Close this process's copy of the lock without writing, as a forked child must."""
        self._close()


def hold(folder: Path) -> Holder:
    """Create the folder and lock it for this process. Raises StoreLockedError at once when it is taken."""
    path = folder / "holder.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"The store folder {folder} cannot be used: {error}. Choose another --store.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        last = _read(path)
        _write(descriptor, whoami())
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLockedError(_locked_message(folder, _read_patiently(path))) from None
    except OSError as error:
        os.close(descriptor)
        raise StoreError(f"The store folder {folder} cannot be locked: {error}. Choose another --store.") from error
    return Holder(folder, descriptor, last)


def whoami() -> dict[str, Any]:
    """This process, as others are told about it: pid, command without secrets, host, since when."""
    return {"pid": os.getpid(), "command": _command(), "host": socket.gethostname(), "since": _now()}


def alive(holder: Mapping[str, Any]) -> bool:
    """Whether the process of a `whoami` may still run: one on another host may."""
    pid = holder.get("pid")
    return holder.get("host") != socket.gethostname() or not isinstance(pid, int) or _alive(pid)


def sync_folder(folder: Path) -> None:
    """Make renames within the folder survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked_message(folder: Path, holder: Mapping[str, Any]) -> str:
    pid, host = holder.get("pid"), holder.get("host")
    if not isinstance(pid, int):
        return f"{folder} is in use by another process. {_WAYS_OUT}"
    who = f"process {pid} (`{holder.get('command')}`) on {host} since {holder.get('since')}"
    if host == socket.gethostname():
        if pid == os.getpid():
            return (
                f"{folder} is already open in this very process ({who}). "
                "Share that store, close it first, or use another --store or a Qdrant server."
            )
        if not _alive(pid):
            return f"{folder} is in use: {who} has ended, but a process that it forked still runs. {_WAYS_OUT}"
    return f"{folder} is in use by {who}. {_WAYS_OUT}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _command() -> str:
    """The command line, without the values of options that look like secrets; long words (a script) are cut."""
    words: list[str] = []
    hide = False
    for word in sys.orig_argv:
        option, equals, _ = word.partition("=")
        secret = option.startswith("-") and bool(_SECRET.search(option))
        words.append("***" if hide else f"{option}=***" if secret and equals else " ".join(word.split())[:80])
        hide = secret and not equals
    return " ".join(words)[:300]


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _write(descriptor: int, values: Mapping[str, Any]) -> None:
    content = json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
    os.pwrite(descriptor, content, 0)
    os.ftruncate(descriptor, len(content))


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _read_patiently(path: Path) -> dict[str, Any]:
    """What the holder wrote; it may be writing this very moment, so a few more tries within half a second."""
    for _ in range(10):
        values = _read(path)
        if "pid" in values:
            return values
        time.sleep(0.05)
    return {}
