"""What Prometheus reads: counts by route template, never by path, so that their number is bounded."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable, Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .jobs.job import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one server, apart from those of others in this process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "interlingua_requests", "Answered requests.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "interlingua_request_seconds",
            "Seconds from the arrival of a request to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge("interlingua_requests_in_flight", "Requests not yet answered.", registry=registry)
        self._pending = Gauge(
            "interlingua_work_pending", "Calls in work or waiting for a thread.", ["threads"], registry=registry
        )
        self._jobs = Gauge("interlingua_jobs", "Jobs that are known, by state.", ["state"], registry=registry)
        self._chunks = Counter(
            "interlingua_ingested_chunks", "Chunks written: embedded anew, or reused.", ["how"], registry=registry
        )
        self._documents = Gauge("interlingua_documents", "Documents of the index.", registry=registry)
        self._passages = Gauge("interlingua_passages", "Passages of the index.", registry=registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def counting(self) -> Callable[..., None]:
        """Counts the chunks of one ingest; to be called with how many there are so far, by how they came."""
        before: Counts[str] = Counts()

        def count(**so_far: int) -> None:
            for how, chunks in so_far.items():
                self._chunks.labels(how).inc(chunks - before[how])
                before[how] = chunks

        return count

    def size(self, *, documents: int, passages: int) -> None:
        """What the index holds."""
        self._documents.set(documents)
        self._passages.set(passages)

    def count_jobs(self, states: Iterable[State]) -> None:
        """How many jobs are in each state, those in which none is included."""
        counts = Counts(states)
        for state in get_args(State):
            self._jobs.labels(state).set(counts[state])

    def pending(self, **calls: int) -> None:
        """Calls in work or waiting, per kind of thread."""
        for threads, count in calls.items():
            self._pending.labels(threads).set(count)

    def text(self) -> bytes:
        """All of it, in Prometheus' format."""
        return generate_latest(self.registry)
