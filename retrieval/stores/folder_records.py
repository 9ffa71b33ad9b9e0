"""The records of an embedded store: a file each in the folder `records`, replaced by a rename."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError, StoreLockedError
from .folder import sync_folder, whoami


class FolderRecords:
    """See `Records`. The first line of a file is the name as JSON, since a file's own name is short and ASCII."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "records"

    def get(self, name: str) -> str | None:
        """See `Records.get`."""
        try:
            content = self._path(name).read_bytes().decode()  # read_text would change the ends of lines
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(f"{self._path(name)} (record {name!r}) cannot be read: {error}.") from error
        return content.partition("\n")[2]

    def put(self, name: str, text: str) -> None:
        """See `Records.put`."""
        path = self._path(name)
        temporary = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8", newline="") as file:
                file.write(f"{json.dumps(name)}\n{text}")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(self._folder)
        except OSError as error:
            raise StoreError(f"{path} (record {name!r}) cannot be written: {error}.") from error

    def remove(self, names: Sequence[str]) -> None:
        """See `Records.remove`."""
        try:
            for name in names:
                self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"A record in {self._folder} cannot be deleted: {error}.") from error

    def names(self, prefix: str = "") -> list[str]:
        """See `Records.names`."""
        found = [name for path in self._folder.glob("*.json") if (name := _name(path)) is not None]
        return sorted(name for name in found if name.startswith(prefix))

    @contextmanager
    def hold(self, name: str) -> Iterator[Callable[[], None]]:
        """See `Records.hold`. The system lets go of the lock when the process ends, however it ends."""
        path = self._path(name).with_suffix(".lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(f"{path} (for {name!r}) cannot be written: {error}.") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreLockedError(
                    taken(name, os.pread(descriptor, 10_000, 0).decode("utf-8", "replace"))
                ) from None
            content = json.dumps(whoami()).encode()
            os.pwrite(descriptor, content, 0)
            os.ftruncate(descriptor, len(content))
            yield lambda: None
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self._folder / f"{digest}.json"


def taken(name: str, holder: str) -> str:
    """What to say when another holds `name`; `holder` is its `whoami` as JSON."""
    try:
        who = json.loads(holder)
        said = f"process {who['pid']} (`{who['command']}`) on {who['host']} since {who['since']}"
    except (ValueError, KeyError, TypeError):
        said = "another process"
    return f"{name} is held by {said}. Wait until it has ended, or stop it."


def _name(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8") as file:
            name = json.loads(file.readline())
    except (OSError, ValueError):
        return None
    return name if isinstance(name, str) else None
