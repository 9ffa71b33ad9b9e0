"""A function of one's own that gives dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from folder_of_texts import FolderOfTexts, text_files
from interlingua.connectors.bridges import LoaderConnector


def rows(folder: str) -> Iterator[dict[str, Any]]:
    for path in text_files(Path(folder)):
        yield {"key": str(path.relative_to(folder)).removesuffix(".txt"), "body": path.read_text("utf-8")}


@contextmanager
def opened(folder: Path) -> Iterator[FolderOfTexts]:
    base = folder / "texts"
    yield FolderOfTexts(
        folder=base,
        make=lambda folder: LoaderConnector(
            rows, source="rows", complete=True, arguments={"folder": str(folder)}, columns={"id": "key"}
        ),
        identify=lambda path: f"rows/{str(path.relative_to(base)).removesuffix('.txt')}",
    )
