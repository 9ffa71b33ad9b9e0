"""One Parquet file, written by pyarrow in row groups of two; a text that cannot be read is null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from interlingua.connectors.datasets import DatasetConnector
from rewritten_file import RewrittenFile, cut_off


@contextmanager
def opened(folder: Path) -> Iterator[RewrittenFile]:
    path = folder / "rows.parquet"
    yield RewrittenFile(
        path=path,
        make=lambda path: DatasetConnector(path, columns={"id": "key", "text": "text"}),
        write=_write,
        identify=lambda name: f"{path}#{name}",
        break_off=cut_off,
    )


def _write(path: Path, texts: Mapping[str, str], spoilt: frozenset[str]) -> None:
    rows = [{"key": name, "text": None if name in spoilt else text} for name, text in texts.items()]
    schema = pa.schema([("key", pa.string()), ("text", pa.string())])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, row_group_size=2)
