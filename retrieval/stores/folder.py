"""The folder of an embedded store: who holds it, and the manifest.

manifest.json   written last when a store is created: without it there is no store yet
holder.json     locked by the process that has the store open; says which one that is
shard/          the Qdrant Edge shard
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
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from ..errors import ManifestError, StoreError, StoreLockedError
from ..manifest import Manifest, Quantization

REPAIR = "Run interlingua doctor, restore the folder from a backup or an export, or delete it and ingest again."
_WAYS_OUT = (
    "Stop that process, point this one at another --store, or let both use a Qdrant server (--store http://HOST:6333)."
)
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)


class Holder:
    """The lock on a folder. The system lets go of it when the process ends, however it ends, so it is never stale."""

    def __init__(self, folder: Path, descriptor: int, last: Mapping[str, Any]) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self._close = weakref.finalize(self, os.close, descriptor)
        self.last = last
        """What the process that had the folder before wrote: `points` when it closed the store in order."""

    def release(self, *, points: int | None) -> None:
        """Let others open the folder; `points` is how many there were at the end."""
        with contextlib.suppress(OSError):  # a note for the next process; a full disk must not keep the lock
            _write(self._descriptor, {"closed": _now(), "points": points})
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
        _write(
            descriptor,
            {"pid": os.getpid(), "command": _command(), "host": socket.gethostname(), "since": _now()},
        )
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLockedError(_locked_message(folder, _read_patiently(path))) from None
    except OSError as error:
        os.close(descriptor)
        raise StoreError(f"The store folder {folder} cannot be locked: {error}. Choose another --store.") from error
    return Holder(folder, descriptor, last)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in the folder; None when there is none. Raises ManifestError when it cannot be read."""
    path = folder / "manifest.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path} is damaged: {error}. {REPAIR}") from error
    return parse_manifest(values, where=str(path))


def parse_manifest(values: Any, *, where: str, repair: str = REPAIR) -> Manifest:
    """The manifest in `values`, every field of the right type. Raises ManifestError."""
    if not isinstance(values, Mapping):
        raise ManifestError(f"The manifest of {where} is damaged: {values!r} is no mapping. {repair}")
    try:
        manifest = Manifest.from_dict(values, where=where)
    except ManifestError as error:
        raise ManifestError(f"{error}. {repair}") from error
    sound = (
        isinstance(manifest.model, str)
        and isinstance(manifest.fingerprint, str)
        and type(manifest.dim) is int
        and manifest.dim > 0
        and manifest.quantization in get_args(Quantization)
        and type(manifest.schema) is int
    )
    if not sound:
        raise ManifestError(f"The manifest of {where} is damaged: {dict(values)}. {repair}")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest so that it is there in full or not at all, also after a power loss."""
    temporary = folder / "manifest.json.new"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(manifest.to_dict(), file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / "manifest.json")
        sync_folder(folder)
    except OSError as error:
        raise StoreError(f"The manifest of {folder} cannot be written: {error}.") from error


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
