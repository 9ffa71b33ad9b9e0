"""What the framework costs on top of its model and its store, as ratios within one run.

Ingest: 4,000 short texts through the whole pipeline, against embedding them in one call plus upserting the same
points into an Edge shard of the same configuration. Query: `Index.search`, against embedding the query plus the raw
Edge query.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import interlingua
import qdrant_edge as edge
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.stores import shard
from interlingua.retrieval.stores.payload import VECTOR, to_payloads
from interlingua.retrieval.text.language import detect
from interlingua.retrieval.types import Document

from .corpus import queries, short_texts

TEXTS = 4_000
ROUNDS = 5


def run() -> dict[str, Any]:
    """Medians over rounds in which the two sides alternate."""
    texts = short_texts(TEXTS)
    interlingua.embedder("bundled").embed_passages(texts[:100])
    detect("Both models are loaded before anything is measured.")
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(_round(texts, Path(folder)))
    return {
        "texts": TEXTS,
        "megabytes": round(sum(len(text.encode()) for text in texts) / 1e6, 2),
        "pipeline_seconds": _median(rounds, "pipeline"),
        "embed_seconds": _median(rounds, "embed"),
        "raw_upsert_seconds": _median(rounds, "upsert"),
        "ingest_ratio": round(statistics.median(r["pipeline"] / (r["embed"] + r["upsert"]) for r in rounds), 3),
        "ingest_ratios": sorted(round(r["pipeline"] / (r["embed"] + r["upsert"]), 2) for r in rounds),
        "query_ms": _median(rounds, "query_ms"),
        "raw_query_ms": _median(rounds, "raw_query_ms"),
        "query_overhead_ms": round(statistics.median(r["query_ms"] - r["raw_query_ms"] for r in rounds), 3),
    }


def _median(rounds: list[dict[str, float]], name: str) -> float:
    return round(statistics.median(r[name] for r in rounds), 3)


def _round(texts: list[str], folder: Path) -> dict[str, float]:
    documents = [Document(id=str(n), text=text) for n, text in enumerate(texts)]
    with interlingua.open(folder / "index") as index:
        started = time.perf_counter()
        report = index.ingest(documents)
        pipeline = time.perf_counter() - started
        assert report.embedded == len(texts), report
        stored = [s.chunk for s in index.store.scan()]
        manifest = index.manifest
        query_ms = _time_queries(lambda query: index.search(query, limit=10))
    embedder = interlingua.embedder("bundled")
    started = time.perf_counter()
    vectors = embedder.embed_passages(texts)
    embed = time.perf_counter() - started
    place = {str(n): n for n in range(len(texts))}
    payloads = to_payloads(stored)
    rows = [place[chunk.document_id] for chunk in stored]
    raw = _raw_shard(folder / "raw", manifest)
    started = time.perf_counter()
    for first in range(0, len(stored), 256):
        batch = range(first, min(first + 256, len(stored)))
        points = [edge.Point(stored[i].id, {VECTOR: vectors[rows[i]]}, payloads[i]) for i in batch]
        raw.update(edge.UpdateOperation.upsert_points(points))
    raw.flush()
    upsert = time.perf_counter() - started
    params = edge.SearchParams(quantization=edge.QuantizationSearchParams(rescore=True, oversampling=5.0))

    def raw_query(query: str) -> Any:
        vector = embedder.embed_queries([query])[0]
        nearest = edge.Query.Nearest(vector, using=VECTOR)
        return raw.query(edge.QueryRequest(limit=10, query=nearest, with_payload=True, params=params))

    raw_query_ms = _time_queries(raw_query)
    raw.close()
    return {"pipeline": pipeline, "embed": embed, "upsert": upsert, "query_ms": query_ms, "raw_query_ms": raw_query_ms}


def _raw_shard(folder: Path, manifest: Manifest) -> edge.EdgeShard:
    folder.mkdir()
    shard.create(folder, manifest)
    return shard.load(folder)


def _time_queries(search: Any) -> float:
    times = []
    for query in queries() * 5:
        started = time.perf_counter()
        search(query)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000
