"""One CSV file; a text that cannot be read is missing."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from interlingua.connectors.datasets import DatasetConnector
from rewritten_file import RewrittenFile


@contextmanager
def opened(folder: Path) -> Iterator[RewrittenFile]:
    path = folder / "rows.csv"
    yield RewrittenFile(
        path=path,
        make=DatasetConnector,
        write=_write,
        identify=lambda name: f"{path}#{name}",
        break_off=_unclosed,
    )


def _write(path: Path, texts: Mapping[str, str], spoilt: frozenset[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text"))
        for name, text in texts.items():
            writer.writerow((name, "" if name in spoilt else text))


def _unclosed(path: Path) -> None:
    """Leave the first half of the lines, the last in the middle of a quoted cell."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 2]) + '"half","a cell that nev', "utf-8")
