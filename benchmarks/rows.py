"""Short rows of one Parquet file, in many scripts, through the whole ingest: how fast, and in how much memory.

python -m benchmarks rows     # BENCHMARK_ROWS: how many; BENCHMARK_MEMORY: bytes that the process may have at most
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from interlingua.retrieval.types import Matrix

from .corpus import sentences

ROWS = int(os.environ.get("BENCHMARK_ROWS", "1000000"))
MEMORY = int(os.environ.get("BENCHMARK_MEMORY", "0"))
CONTROLLER = Path("/sys/fs/cgroup/memory")
_GROUP = 50_000

_CHILD = """
import json, pathlib, sys, threading, time
import interlingua
from interlingua.app.index import from_settings
from interlingua.app.settings import load
from interlingua.connectors.datasets import DatasetConnector

def mib(name):
    return int(pathlib.Path("/proc/self/status").read_text().split(name + ":")[1].split()[0]) / 1024

own = []
def watch():
    while True:
        own.append(mib("RssAnon"))
        time.sleep(1.0)

threading.Thread(target=watch, daemon=True).start()
done = [0]
def progress(report):
    if report.documents - done[0] >= 50_000:
        done[0] = report.documents
        print(f"{report.documents:,} rows, {report.documents / report.seconds:,.0f}/s, {mib('VmRSS'):,.0f} MiB",
              file=sys.stderr, flush=True)

with from_settings(load(store=sys.argv[2]), embedder=interlingua.embedder(sys.argv[3])) as index:
    report = index.ingest(DatasetConnector(sys.argv[1], name="rows"), progress=progress)
    half = own[len(own) // 2:] or [0.0]
    print(json.dumps({"report": report.to_dict(), "peak_mib": mib("VmHWM"), "peak_own_mib": max(own, default=0.0),
                      "median_own_first_half_mib": sorted(own[:len(own) // 2] or [0.0])[len(own) // 4],
                      "median_own_second_half_mib": sorted(half)[len(half) // 2]}))
"""


def run() -> dict[str, Any]:
    """A million rows with an embedder that costs next to nothing, 20,000 with the bundled model; each a new store.

    What the connector, the ingest and the store need in time and memory shows in the first; the second is bound by
    the model. With a limit, the first runs where the kernel gives a process no more memory than that, the store's files
    in its cache included, and ends it when it needs more (a control group of version 1, which only root can make).
    """
    return {
        "all": _measure(ROWS, f"{__package__}.rows:NgramCounts", limit=MEMORY),
        "bundled": _measure(min(ROWS, 20_000), "bundled"),
    }


def _measure(rows: int, embedder: str, *, limit: int = 0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, _limited(limit) as group:
        path = Path(folder) / "rows.parquet"
        characters = write_rows(path, rows)
        command = [sys.executable, "-c", _CHILD, str(path), str(Path(folder) / "index"), embedder]
        if group is not None:
            command = ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh", *command]
        result = json.loads(subprocess.check_output(command, text=True))
        if group is not None:
            result["limit_mib"] = limit / 2**20
            result["peak_with_cache_mib"] = int((group / "memory.max_usage_in_bytes").read_text()) / 2**20
        size = path.stat().st_size
    report = result.pop("report")
    return {
        "embedder": embedder,
        "rows": rows,
        "documents": report["documents"],
        "skipped": report["skipped"],
        "characters_per_row": round(characters / rows, 1),
        "parquet_megabytes": round(size / 1e6, 1),
        "seconds": report["seconds"],
        "rows_per_second": round(report["documents"] / report["seconds"]),
        # The whole process, with the files that are mapped (the store, the libraries); and what it allocated itself.
        **{name: round(value) for name, value in result.items()},
    }


@contextlib.contextmanager
def _limited(limit: int) -> Iterator[Path | None]:
    """A control group whose processes have at most `limit` bytes of memory between them; None without a limit."""
    if not limit:
        yield None
        return
    group = CONTROLLER / f"interlingua-rows-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(limit))
        yield group
    finally:
        group.rmdir()


class NgramCounts:
    """An embedder that counts hashed runs of three characters: some microseconds for a short text."""

    model, dim, fingerprint, max_tokens = "ngram-counts", 256, "0" * 32, 256

    @property
    def tokenizer(self) -> None:
        """None: the lengths of chunks are estimated."""
        return

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """As `embed_passages`."""
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, shape (len(texts), 256)."""
        counts = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            points = np.frombuffer(f"  {text} ".encode("utf-32-le", "replace"), np.uint32)
            np.add.at(counts[row], (points[:-2] * 31 + points[1:-1] * 17 + points[2:]) % self.dim, 1)
        vectors: Matrix = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return vectors


def write_rows(path: Path, count: int) -> int:
    """`count` different short texts, in row groups of 50,000; how many characters they have."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("topic", pa.string())])
    total = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, count, _GROUP):
            numbers = range(first, min(first + _GROUP, count))
            texts = [_text(number) for number in numbers]
            total += sum(map(len, texts))
            topics = [f"topic-{number % 50}" for number in numbers]
            writer.write_table(pa.table([list(numbers), texts, topics], schema=schema))
    return total


def _text(number: int) -> str:
    """A sentence of the demo corpus in one of 49 languages, numbered where it comes again."""
    known = sentences()
    round_, place = divmod(number, len(known))
    return known[place] if not round_ else f"{known[place]} ({round_})"
