"""Put the measured figures into README, between the markers: `python -m benchmarks.readme`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
START, END = "<!-- figures: python -m benchmarks.readme -->", "<!-- end of figures -->"


def table() -> str:
    """The table that README quotes, from benchmarks/results."""
    ingest, overhead, latency = (_result(name) for name in ("ingest", "overhead", "latency"))
    small, large = latency["1000"], latency["100000"]
    rows = [
        (
            f"ingest of the demo corpus ({ingest['documents']} documents, {ingest['chunks']:,} chunks, "
            f"{ingest['megabytes']} MB)",
            f"{ingest['seconds']:.1f} s ({ingest['documents_per_second']:.0f} documents/s, "
            f"{ingest['megabytes_per_second']:.2f} MB/s)",
        ),
        ("the same in tokens of text", f"{ingest['tokens_per_second']:,} tokens/s"),
        (
            "the same again, nothing changed",
            f"{ingest['unchanged_seconds']:.2f} s, {ingest['unchanged_embedded']} embedded",
        ),
        (
            f"pipeline over its embedder plus raw store calls ({overhead['texts']:,} short texts)",
            f"{overhead['ingest_ratio']:.2f} x",
        ),
        ("a query over its embedding plus the raw store query", f"+{max(0.0, overhead['query_overhead_ms']):.2f} ms"),
        (
            "query, 1,000 chunks, embedding included (p50 / p99)",
            f"{small['all_languages']['p50_ms']} / {small['all_languages']['p99_ms']} ms",
        ),
        (
            "query, 100,000 chunks (p50 / p99)",
            f"{large['all_languages']['p50_ms']} / {large['all_languages']['p99_ms']} ms",
        ),
        (
            "query, 100,000 chunks, one language (p50 / p99)",
            f"{large['one_language']['p50_ms']} / {large['one_language']['p99_ms']} ms",
        ),
        ("peak memory of an ingest, models included", f"{ingest['peak_mib']} MiB"),
    ]
    lines = [f"| {ingest['machine']} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)


def with_figures(text: str) -> str:
    """`text` (README) with the table in its place."""
    head, rest = text.split(START)
    return f"{head}{START}\n{table()}\n{END}{rest.split(END)[1]}"


def _result(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    return result


if __name__ == "__main__":
    README.write_text(with_figures(README.read_text(encoding="utf-8")), encoding="utf-8")
