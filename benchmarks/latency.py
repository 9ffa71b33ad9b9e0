"""Query latency at 1,000, 10,000 and 100,000 chunks, with and without a language filter, embedding included."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import interlingua
from interlingua.retrieval.types import Document

from .corpus import queries, short_texts

SIZES = (1_000, 10_000, 100_000)
REPEATS = 8


def run() -> dict[str, Any]:
    """Milliseconds, p50 and p99, by size."""
    results = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder, interlingua.open(Path(folder) / "index") as index:
            index.ingest([Document(id=str(n), text=text) for n, text in enumerate(short_texts(size))])
            started = time.perf_counter()
            index.store.optimize()
            optimize = time.perf_counter() - started
            results[str(size)] = {
                "optimize_seconds": round(optimize, 2),
                "all_languages": _measure(lambda query, index=index: index.search(query)),
                "one_language": _measure(lambda query, index=index: index.search(query, languages=["de"])),
                "embedding_only": _measure(lambda query, index=index: index.embedder.embed_queries([query])),
                "disk_mib": round((index.status().bytes or 0) / 2**20, 1),
            }
    return results


def _measure(search: Callable[[str], object]) -> dict[str, float]:
    times = []
    for query in queries() * REPEATS:
        started = time.perf_counter()
        search(query)
        times.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(times, n=100)
    return {"p50_ms": round(statistics.median(times), 2), "p99_ms": round(cuts[98], 2)}
