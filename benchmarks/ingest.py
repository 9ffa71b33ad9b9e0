"""How fast the demo corpus goes in and is searched, where the time goes, what a second run costs, and the memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import interlingua
import numpy as np
from interlingua.retrieval.chunks import chunk_id
from interlingua.retrieval.text.chunking import chunk_spans
from interlingua.retrieval.text.normalise import normalise
from interlingua.retrieval.text.tagging import Passages, tag_batch
from interlingua.retrieval.types import Chunk, Document, Pending

from .corpus import DEMO, queries

T = TypeVar("T")

_CHILD = """
import json, pathlib, resource, sys, threading, time
import interlingua
from interlingua.app.index import from_settings
from interlingua.app.settings import load

class Timed:
    def __init__(self, inner):
        self.inner, self.seconds = inner, 0.0
    def __getattr__(self, name):
        return getattr(self.inner, name)
    def embed_passages(self, texts):
        started = time.perf_counter()
        try:
            return self.inner.embed_passages(texts)
        finally:
            self.seconds += time.perf_counter() - started

def mib(name):
    return int(pathlib.Path("/proc/self/status").read_text().split(name + ":")[1].split()[0]) / 1024

own = 0.0
def watch():
    global own
    while True:
        own = max(own, mib("RssAnon"))
        time.sleep(0.05)

threading.Thread(target=watch, daemon=True).start()
embedder = Timed(interlingua.embedder("bundled"))
with from_settings(load(store=sys.argv[2]), embedder=embedder) as index:
    report = index.ingest(interlingua.FilesConnector(sys.argv[1], name="demo"))
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result = {"report": report.to_dict(), "embedder_seconds": embedder.seconds, "peak_mib": mib("VmHWM"),
              "peak_own_mib": own, "worker_peak_mib": children / 1024}
    if report.embedded:
        texts = [stored.chunk.text for stored in index.store.scan()]
        result["tokens"] = sum(len(embedder.tokenizer.token_starts(text)) for text in texts)
        result["query_ms"] = []
        for query in json.loads(sys.argv[3]):
            started = time.perf_counter()
            index.search(query)
            result["query_ms"].append((time.perf_counter() - started) * 1000)
print(json.dumps(result))
"""


def run() -> dict[str, Any]:
    """First ingest and unchanged re-ingest in processes of their own, then each stage alone."""
    with tempfile.TemporaryDirectory() as folder:
        first, again = (_ingest(Path(folder) / "index") for _ in range(2))
    files = [p for p in (DEMO / "docs").rglob("*") if p.is_file()]
    megabytes = sum(p.stat().st_size for p in files) / 1e6
    seconds, tokens = first["report"]["seconds"], first["tokens"]
    cuts = statistics.quantiles(first["query_ms"], n=100)
    stages = _stages()
    return {
        "documents": first["report"]["documents"],
        "chunks": first["report"]["chunks"],
        "megabytes": round(megabytes, 2),
        "seconds": seconds,
        "embedder_seconds": round(first["embedder_seconds"], 3),
        "tokens": tokens,
        "tokens_per_second": round(tokens / seconds),
        "embedder_alone_tokens_per_second": round(tokens / stages["embedding"]),
        "query_p50_ms": round(statistics.median(first["query_ms"]), 2),
        "query_p99_ms": round(cuts[98], 2),
        "documents_per_second": round(first["report"]["documents"] / seconds, 1),
        "megabytes_per_second": round(megabytes / seconds, 2),
        "unchanged_seconds": again["report"]["seconds"],
        "unchanged_embedded": again["report"]["embedded"],
        # The whole process; and of that what it allocated, without mapped files (libraries, the store).
        "peak_mib": round(first["peak_mib"]),
        "peak_own_mib": round(first["peak_own_mib"]),
        "worker_peak_mib": round(first["worker_peak_mib"]),
        "stage_seconds": stages,
    }


def _ingest(store: Path) -> dict[str, Any]:
    output = subprocess.check_output(
        [sys.executable, "-c", _CHILD, str(DEMO / "docs"), str(store), json.dumps(queries() * 4)], text=True
    )
    result: dict[str, Any] = json.loads(output)
    return result


def _stages() -> dict[str, float]:
    """Seconds of each stage when it runs alone over the whole corpus."""
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = work()
        seconds[name] = round(time.perf_counter() - started, 3)
        return result

    connector = interlingua.FilesConnector(DEMO / "docs", name="demo")
    embedder = interlingua.embedder("bundled")
    embedder.embed_passages(["warm"])
    documents = timed("extraction", lambda: list(_read(connector.documents())))
    texts = timed("normalisation", lambda: [normalise(document.text) for document in documents])
    spans = timed("chunking", lambda: [chunk_spans(t, max_tokens=256, tokenizer=embedder.tokenizer) for t in texts])
    tags = timed("language", lambda: tag_batch([Passages(t, s) for t, s in zip(texts, spans, strict=True)]))
    chunks = [
        Chunk(
            id=chunk_id(document.id, start, text[start:end]),
            document_id=document.id,
            ordinal=ordinal,
            text=text[start:end],
            start=start,
            end=end,
            language=languages[ordinal].tag,
        )
        for document, text, cuts, languages in zip(documents, texts, spans, tags, strict=True)
        for ordinal, (start, end) in enumerate(cuts)
    ]
    vectors = timed("embedding", lambda: embedder.embed_passages([chunk.text for chunk in chunks]))
    with tempfile.TemporaryDirectory() as folder, interlingua.open(Path(folder) / "index") as index:

        def write() -> None:
            for first in range(0, len(chunks), 512):
                index.store.upsert(chunks[first : first + 512], np.asarray(vectors[first : first + 512]))
            index.store.flush()

        timed("store", write)
    return seconds


def _read(items: Iterable[Any]) -> Iterable[Document]:
    for item in items:
        result = item.read() if isinstance(item, Pending) else item
        if isinstance(result, Document):
            yield result
