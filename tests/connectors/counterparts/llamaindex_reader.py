"""LlamaIndex's SimpleDirectoryReader over a folder of texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from folder_of_texts import FolderOfTexts
from interlingua.connectors.bridges import LoaderConnector


class _StrictReader:
    """The reader as its users make it, but that files which it cannot read are errors: by default it passes them by."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def iter_data(self) -> Iterator[list[Any]]:
        from llama_index.core import SimpleDirectoryReader

        if any(path.is_dir() for path in self.folder.glob("*.txt")):
            yield from SimpleDirectoryReader(str(self.folder), recursive=True).iter_data()
            raise OSError("a folder in place of a file")
        if not any(self.folder.rglob("*.txt")) and self.folder.is_dir():
            return  # of an empty folder it says that there are no files, as an error
        yield from SimpleDirectoryReader(str(self.folder), recursive=True, raise_on_error=True).iter_data()


@contextmanager
def opened(folder: Path) -> Iterator[FolderOfTexts]:
    yield FolderOfTexts(
        folder=folder / "texts",
        make=lambda folder: LoaderConnector(_StrictReader(folder), source="llamaindex", complete=True),
        identify=lambda path: f"llamaindex/{path}",
    )
