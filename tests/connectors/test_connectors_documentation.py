"""The examples of docs/connectors.md make the connectors that they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
SOURCES = [
    [
        "s3://library/handbook",
        "s3://library",
        "zip::s3://library/releases/2026.zip/docs",
        "sftp://files.example.org/srv/docs",
    ],
    ["sql:wiki", "sql:products"],
    ["git:git.example.org/team/handbook/docs"],
]


class Noting:
    """In place of an index: notes what is to be ingested."""

    def __init__(self) -> None:
        self.sources: list[str] = []

    def ingest(self, connector: Any) -> None:
        self.sources.append(connector.source)


@pytest.mark.parametrize(
    ("code", "sources"), list(zip(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL), SOURCES, strict=True))
)
def test_the_examples_make_connectors(code: str, sources: list[str]) -> None:
    index = Noting()
    exec(code, {"index": index})
    assert index.sources == sources
