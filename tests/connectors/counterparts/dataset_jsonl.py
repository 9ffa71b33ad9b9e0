"""One file of JSON Lines, compressed with gzip; a text that cannot be read is a number."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from interlingua.connectors.datasets import DatasetConnector
from rewritten_file import RewrittenFile, cut_off


@contextmanager
def opened(folder: Path) -> Iterator[RewrittenFile]:
    path = folder / "rows.jsonl.gz"
    yield RewrittenFile(
        path=path,
        make=DatasetConnector,
        write=_write,
        identify=lambda name: f"{path}#{name}",
        break_off=cut_off,
    )


def _write(path: Path, texts: Mapping[str, str], spoilt: frozenset[str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for name, text in texts.items():
            row = {"id": name, "text": 7 if name in spoilt else text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
