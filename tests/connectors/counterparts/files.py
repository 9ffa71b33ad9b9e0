"""A folder of text files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interlingua import FilesConnector
from interlingua.retrieval.protocols import Connector


class Files:
    """See `Counterpart`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._ticks = 0
        self._ahead = 0.0

    def connector(self) -> Connector:
        return FilesConnector(self._root)

    def put(self, name: str, text: str) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self._tick(path)

    def delete(self, name: str) -> None:
        self._path(name).unlink()

    def rename(self, old: str, new: str) -> None:
        self._path(new).parent.mkdir(parents=True, exist_ok=True)
        self._path(old).rename(self._path(new))

    def spoil(self, name: str) -> None:
        self._path(name).write_bytes(b"PK\x03\x04 an archive that ends here\x00\xff")
        self._tick(self._path(name))

    def document_id(self, name: str) -> str:
        return str(self._path(name))

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self._root.with_name("unplugged")
        self._root.rename(away)
        yield
        away.rename(self._root)

    @contextmanager
    def half(self) -> Iterator[None]:
        part, away = self._root / "deep", self._root.with_name("a disk")
        part.rename(away)
        part.symlink_to(self._root / "nowhere")
        yield
        part.unlink()
        away.rename(part)

    def skew(self, seconds: float) -> None:
        self._ahead = seconds

    def _path(self, name: str) -> Path:
        return self._root / f"{name}.txt"

    def _tick(self, path: Path) -> None:
        # A second more each time: two writes within a tick of the file system's clock would look like one.
        self._ticks += 1
        at = time.time() + self._ahead + self._ticks
        os.utime(path, (at, at))


@contextmanager
def opened(folder: Path) -> Iterator[Files]:
    root = folder / "docs"
    root.mkdir()
    yield Files(root)
