"""Latency of POST /search at a fixed rate of requests, with and without an ingest in the same server.

Open loop: requests come at random times (a Poisson process) whether or not those before are answered, and each is timed
from the moment at which it was to be sent, so that a stall of the server counts for all who would have come meanwhile.

    python -m benchmarks.serve --chunks 5000 --seconds 10     # a small run, written nowhere
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import interlingua
from interlingua.retrieval.types import Document

from .corpus import queries, short_texts

CHUNKS, RATE, SECONDS = 100_000, 50, 60
POSTED = 1000
"""Documents of one job of the ingest that runs meanwhile."""


def run(*, chunks: int = CHUNKS, rate: int = RATE, seconds: int = SECONDS) -> dict[str, Any]:
    """Milliseconds without and with an ingest, and the parts that a search is made of."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "index"
        parts = _fill(store, chunks)
        with _serving(store) as (process, url), httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            _load(url, rate, 5, seed=1)  # caches, code paths
            quiet = _phase(process, lambda: _load(url, rate, seconds, seed=2))
            with _ingesting(client):
                before, started = _chunks(client), time.perf_counter()
                busy = _phase(process, lambda: _load(url, rate, seconds, seed=3))
                ingested = (_chunks(client) - before) / (time.perf_counter() - started)
    return {
        "chunks": chunks,
        "requests_per_second": rate,
        "seconds": seconds,
        "without_ingest": quiet,
        "with_ingest": busy | {"ingested_chunks_per_second": round(ingested, 1)},
        "parts_of_a_search_alone": parts,
        "bound": _bound(quiet, busy, parts),
    }


def _fill(store: Path, chunks: int) -> dict[str, float]:
    """An index of so many chunks; what embedding a query and searching the store take, p50 in ms."""
    with interlingua.open(store) as index:
        index.ingest([Document(id=str(n), text=text) for n, text in enumerate(short_texts(chunks))])
        index.store.optimize()
        vectors = index.embedder.embed_queries(queries())
        rows = iter(list(vectors) * 2)
        return {
            "embedding_p50_ms": _median(lambda query: index.embedder.embed_queries([query])),
            "store_p50_ms": _median(lambda query: index.store.search(next(rows), limit=10)),
        }


def _median(work: Callable[[str], object]) -> float:
    times = []
    for query in queries():
        started = time.perf_counter()
        work(query)
        times.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(times), 2)


@contextlib.contextmanager
def _serving(store: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of its own process, ready; its address."""
    command = [sys.executable, "-m", "interlingua.app.cli", "serve", "--store", str(store), "--port", "0"]
    environment = os.environ | {"INTERLINGUA_RATE": "0", "INTERLINGUA_SHUTDOWN_GRACE": "5"}
    log = store.with_name("log")
    with log.open("w") as stream:
        process = subprocess.Popen(command, stderr=stream, text=True, env=environment)
    try:
        while not (found := re.search(r"listening on (http://[^\"]+)", log.read_text())):
            if process.poll() is not None:
                raise RuntimeError(f"the server did not start: {log.read_text()}")
            time.sleep(0.1)
        with httpx.Client(base_url=found[1], trust_env=False) as client:
            while client.get("/ready").status_code != 200:
                time.sleep(0.1)
        yield process, found[1]
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def _ingesting(client: httpx.Client) -> Iterator[None]:
    """New documents without end: as many jobs as no run will finish."""
    texts = short_texts(POSTED)
    jobs = []
    for batch in range(60):
        documents = [{"id": f"new/{batch}/{n}", "text": f"{text} {batch}"} for n, text in enumerate(texts)]
        jobs.append(client.post("/documents?wait=false", json={"documents": documents}).json()["id"])
    while not client.get(f"/jobs/{jobs[0]}").json()["report"]:
        time.sleep(0.1)
    yield
    still = [job for job in jobs if client.delete(f"/jobs/{job}").json()["state"] != "done"]
    if not still:
        raise RuntimeError("the ingest ended before the measurement: post more")


def _chunks(client: httpx.Client) -> int:
    return int(client.get("/status").json()["passages"])


def _phase(process: subprocess.Popen[str], load: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figures of a load, with the processor time that the server took, in cores."""
    before, started = _processor_seconds(process.pid), time.perf_counter()
    figures = load()
    cores = (_processor_seconds(process.pid) - before) / (time.perf_counter() - started)
    return figures | {"server_cores": round(cores, 2)}


def _processor_seconds(pid: int) -> float:
    """Seconds of processor time of a process so far; Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _load(url: str, rate: int, seconds: int, *, seed: int) -> dict[str, Any]:
    """Latencies, in ms, of searches that come at random times at `rate` a second."""
    times, failed = asyncio.run(_requests(url, rate, seconds, seed))
    cuts = statistics.quantiles(times, n=1000)
    return {
        "p50_ms": round(statistics.median(times), 2),
        "p90_ms": round(cuts[899], 2),
        "p99_ms": round(cuts[989], 2),
        "p999_ms": round(cuts[998], 2),
        "max_ms": round(max(times), 2),
        "requests": len(times),
        "failed": failed,
    }


async def _requests(url: str, rate: int, seconds: int, seed: int) -> tuple[list[float], int]:
    rng = random.Random(seed)
    bodies = [json.dumps({"query": query, "limit": 10}).encode() for query in queries()]
    connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    times: list[float] = []
    failed = 0

    async def one(due: float, body: bytes) -> None:
        nonlocal failed
        connection = connections.pop() if connections else await asyncio.open_connection(*_address(url))
        try:
            status = await _search(*connection, body)
        except (asyncio.IncompleteReadError, ConnectionError):  # it was idle for long, and the server has closed it
            connection = await asyncio.open_connection(*_address(url))
            status = await _search(*connection, body)
        connections.append(connection)
        times.append((time.perf_counter() - due) * 1000)
        failed += status != 200

    due = time.perf_counter()
    end = due + seconds
    tasks = []
    while (due := due + rng.expovariate(rate)) < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due, rng.choice(bodies))))
    await asyncio.gather(*tasks)
    for _, writer in connections:
        writer.close()
    return times, failed


async def _search(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
    """One request over a connection that is kept; the status. A client that costs next to nothing."""
    head = f"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(head.encode() + b"\r\n\r\n" + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = re.search(rb"content-length: (\d+)", answer)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(answer.split(maxsplit=2)[1])


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80


def _bound(quiet: dict[str, Any], busy: dict[str, Any], parts: dict[str, float]) -> str:
    """What most of the time goes to, in words."""
    work = parts["embedding_p50_ms"] + parts["store_p50_ms"]
    name = "the store" if parts["store_p50_ms"] > parts["embedding_p50_ms"] else "embedding the query"
    return (
        f"Without an ingest, {work:.1f} ms of a median of {quiet['p50_ms']:.1f} ms are the search itself, most of it "
        f"{name}; the rest is HTTP and JSON. An ingest adds {busy['p50_ms'] - quiet['p50_ms']:.1f} ms to the median "
        f"and {busy['p99_ms'] - quiet['p99_ms']:.1f} ms to the 99th percentile: its calls of the store hold the "
        "interpreter, and it takes the cores that are free."
    )


def main() -> None:
    """A run of any size, printed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    arguments = parser.parse_args()
    print(json.dumps(run(chunks=arguments.chunks, rate=arguments.rate, seconds=arguments.seconds), indent=2))


if __name__ == "__main__":
    main()
