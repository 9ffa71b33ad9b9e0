"""A folder with a text file for each document, which loaders of other frameworks read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from interlingua.connectors.bridges import LoaderConnector


@dataclass(kw_only=True)
class FolderOfTexts:
    """`make` gives a connector over the folder; a loader raises when the folder is not there, or holds `broken`."""

    folder: Path
    make: Callable[[Path], LoaderConnector]
    identify: Callable[[Path], str]

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def connector(self) -> LoaderConnector:
        return self.make(self.folder)

    def put(self, name: str, text: str) -> None:
        self._path(name).parent.mkdir(parents=True, exist_ok=True)
        self._path(name).write_text(text, "utf-8")

    def delete(self, name: str) -> None:
        self._path(name).unlink()

    def rename(self, old: str, new: str) -> None:
        self._path(new).parent.mkdir(parents=True, exist_ok=True)
        self._path(old).rename(self._path(new))

    def spoil(self, name: str) -> None:
        self._path(name).write_text("", "utf-8")

    def document_id(self, name: str) -> str:
        return self.identify(self._path(name))

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self.folder.with_name(self.folder.name + ".away")
        shutil.move(self.folder, away)
        try:
            yield
        finally:
            shutil.move(away, self.folder)

    @contextmanager
    def half(self) -> Iterator[None]:
        # Sorted behind most names, so that some documents come before it.
        broken = self.folder / "m-broken.txt"
        broken.mkdir()
        try:
            yield
        finally:
            broken.rmdir()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.txt"


def text_files(folder: Path) -> Iterator[Path]:
    """All text files in order; NotADirectoryError when the folder is gone."""
    if not folder.is_dir():
        raise NotADirectoryError(folder.name)
    yield from sorted(folder.rglob("*.txt"))
