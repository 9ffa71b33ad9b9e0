"""A loader of LangChain (a class derived from its BaseLoader) over a folder of texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from folder_of_texts import FolderOfTexts, text_files
from interlingua.connectors.bridges import LoaderConnector
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document


class FolderLoader(BaseLoader):
    def __init__(self, folder: str) -> None:
        self.folder = folder

    def lazy_load(self) -> Iterator[Document]:
        for path in text_files(Path(self.folder)):
            yield Document(page_content=path.read_text("utf-8"), metadata={"source": str(path)})


@contextmanager
def opened(folder: Path) -> Iterator[FolderOfTexts]:
    yield FolderOfTexts(
        folder=folder / "texts",
        make=lambda folder: LoaderConnector(
            FolderLoader, source="langchain", complete=True, arguments={"folder": str(folder)}
        ),
        identify=lambda path: f"langchain/{path}",
    )
