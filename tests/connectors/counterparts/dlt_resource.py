"""A dlt resource that gives a mapping for each file of a folder of texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from folder_of_texts import FolderOfTexts, text_files
from interlingua.connectors.bridges import LoaderConnector


@contextmanager
def opened(folder: Path) -> Iterator[FolderOfTexts]:
    dlt = pytest.importorskip("dlt", reason="dlt is not installed: pip install 'dlt>=1.31,<2'")

    @dlt.resource(name="texts", primary_key="id")
    def texts(folder: str) -> Iterator[dict[str, Any]]:
        for path in text_files(Path(folder)):
            name = str(path.relative_to(folder)).removesuffix(".txt")
            yield {"id": name, "text": path.read_text("utf-8")}

    base = folder / "texts"
    yield FolderOfTexts(
        folder=base,
        make=lambda folder: LoaderConnector(texts, source="dlt", complete=True, arguments={"folder": str(folder)}),
        identify=lambda path: f"dlt/{str(path.relative_to(base)).removesuffix('.txt')}",
    )
