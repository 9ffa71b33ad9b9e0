"""The queue: one thread runs the jobs in order, since ingests of one index wait for one another anyway."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ....connectors.ingestor import Progress
from ....connectors.report import Report
from ..errors import BusyError, RequestError, problem
from ..threads import leave_a_core
from .job import Event, Job, State, now, stored_report
from .journal import Journal

logger = logging.getLogger(__name__)

Run = Callable[[Job, Path, Progress], Report]
"""Ingests what lies in the folder of a job, telling how far it is after every batch."""
LAST_BATCH_SECONDS = 10.0
"""How long the batch at work when the grace is over may take to its end; the next start goes on from its beginning."""
KILLS = 3
"""A job that ran when the process died so often is not begun again: it may be what kills it."""
EVENTS = 256
"""Events kept of a job; each has the job as it was then, so that an older one is never missed."""


class _StoppedError(Exception):
    """Ends a run at a batch boundary, or once `stop` has put its job down as interrupted."""


@dataclass(slots=True)
class _Entry:
    job: Job
    stored: Job | None = None
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=EVENTS))
    done: Future[Job] = field(default_factory=Future)
    failure: BaseException | None = None
    cancelled: bool = False


class Jobs:
    """All jobs of a server, safe to share between threads.

    Args:
        journal: where they are stored.
        run: does the work.
        capacity: jobs that may wait; more are refused.
        keep: finished jobs that are kept.
        keep_seconds: how long they are kept.
        last_batch: seconds that the batch at work has to end when the grace of `stop` is over.
    """

    def __init__(
        self,
        journal: Journal,
        run: Run,
        *,
        capacity: int = 1000,
        keep: int = 1000,
        keep_seconds: float = 7 * 86400,
        last_batch: float = LAST_BATCH_SECONDS,
    ) -> None:
        self._journal = journal
        self._run = run
        self._capacity, self._keep, self._keep_seconds = capacity, keep, keep_seconds
        self._last_batch = last_batch
        self._epoch = time.time_ns() // 1_000_000
        self._entries: dict[str, _Entry] = {}
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._halted = threading.Event()
        self._saving = threading.Lock()
        self._let_go = False
        self._running: _Entry | None = None
        self._thread = threading.Thread(target=self._work, name="interlingua-jobs", daemon=True)

    def start(self) -> None:
        """Take up the stored jobs and begin to work. Raises ConfigurationError when the folder is not to be had."""
        self._journal.open()
        for job in self._journal.load():
            entry = self._entries[job.id] = _Entry(job)
            self._note(entry, job.state)
            if job.state == "running":  # killed
                self._take_up(entry)
            if not entry.job.over:
                self._waiting.append(job.id)
        self._prune()
        self._thread.start()

    def room(self, job: Job) -> Path:
        """The folder for what `job` is to ingest, before it is submitted. Raises BusyError when too many wait."""
        with self._changed:
            if self._closing:
                raise BusyError("The server is shutting down.")
            if len(self._waiting) >= self._capacity:
                raise BusyError(f"{self._capacity:,} jobs are waiting already. Try again when some are done.")
        return self._journal.payload(job)

    def submit(self, job: Job) -> Future[Job]:
        """Queue a job whose folder is filled; the future has it once it is over, or interrupted by a shutdown."""
        entry = _Entry(job)
        self._journal.save(job)
        with self._changed:
            self._entries[job.id] = entry
            self._note(entry, "queued")
            self._waiting.append(job.id)
            self._changed.notify_all()
        return entry.done

    def withdraw(self, job: Job) -> None:
        """Forget a job: one that was not submitted, or is over and whose outcome nobody will ask for."""
        with self._changed:
            self._entries.pop(job.id, None)
        self._journal.forget(job)

    def failure(self, job_id: str) -> BaseException | None:
        """What a failed job failed of, as long as the server runs."""
        entry = self._entries.get(job_id)
        return None if entry is None else entry.failure

    def get(self, job_id: str) -> Job | None:
        """A job by its id."""
        entry = self._entries.get(job_id)
        return None if entry is None else entry.job

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        with self._changed:
            return [entry.job for entry in sorted(self._entries.values(), key=lambda e: e.job.id, reverse=True)]

    def events(self, job_id: str, after: tuple[int, int]) -> list[Event]:
        """The events of a job that came after one (epoch, number), in order."""
        with self._changed:
            entry = self._entries.get(job_id)
            return [] if entry is None else [e for e in entry.events if (e.epoch, e.number) > after]

    def cancel(self, job_id: str) -> Job | None:
        """Stop a job: at once when it waits, at the next batch when it runs. What it wrote stays."""
        with self._changed:
            entry = self._entries.get(job_id)
            if entry is None:
                return None
            if not entry.job.over:
                entry.cancelled = True
                if job_id in self._waiting:
                    self._waiting.remove(job_id)
                    self._finish(entry, "cancelled")
            return entry.job

    def stop(self, grace: float) -> bool:
        """Begin no other job; after `grace` seconds stop the one that runs at its next batch, and let go.

        False when that batch does not end in time. The next start takes its job up; until the process ends, the batch
        may still write to the index, which is not to be closed under it.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(max(0.0, grace))
            self._halted.set()
            self._thread.join(self._last_batch)
        if self._thread.is_alive():
            self._abandon()
            return False
        self._journal.close()
        return True

    def _abandon(self) -> None:
        """Put the job that runs down as interrupted; its thread writes nothing to the journal any more."""
        with self._saving:
            self._let_go = True
            stored = None if self._running is None else self._running.stored
            if stored is not None and stored.state == "running":
                try:
                    self._journal.save(replace(stored, state="interrupted"))
                except OSError:  # the next start takes it for killed
                    logger.exception("a job could not be put down as interrupted", extra={"job": stored.id})

    def _take_up(self, entry: _Entry) -> None:
        """Let a job wait once more that ran when the process died, or fail it when that happened too often."""
        kills = entry.job.kills + 1
        if kills < KILLS:
            try:
                self._update(entry, state="interrupted", kills=kills)
            except OSError:  # no reason not to serve
                logger.exception("a job could not be put down as interrupted", extra={"job": entry.job.id})
                self._show(entry, replace(entry.job, state="interrupted", kills=kills))
            return
        message = f"The server died {kills} times while it ran this job, so it is not begun again. Send less at once."
        self._finish(entry, "failed", kills=kills, error={"type": "killed", "message": message})

    def _work(self) -> None:
        leave_a_core()
        while (entry := self._next()) is not None:
            try:
                self._one(entry)
            except _StoppedError:
                return
            except Exception:  # the next job may fare better
                logger.exception("a job could not be ended in order", extra={"job": entry.job.id})

    def _next(self) -> _Entry | None:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            return None if self._closing else self._entries[self._waiting.popleft()]

    def _one(self, entry: _Entry) -> None:
        self._running = entry

        def progress(report: Report) -> None:
            entry.job = replace(entry.job, report=stored_report(report))
            self._note(entry, "progress")
            if entry.cancelled or self._halted.is_set():
                raise _StoppedError

        try:
            self._begin(entry)
            report = self._run(entry.job, self._journal.payload(entry.job), progress)
        except _StoppedError:
            self._interrupt(entry)
        except Exception as error:
            if self._halted.is_set():  # what it needs may be gone already: it fails, if at all, when begun again
                self._interrupt(entry)
                return
            found = problem(error)
            if found.unexpected:
                logger.exception("a job failed", extra={"job": entry.job.id})
            entry.failure = error
            self._finish(entry, "failed", error={"type": found.type, "message": found.message})
        else:
            self._finish(entry, "done", report=stored_report(report))

    def _begin(self, entry: _Entry) -> None:
        try:
            self._update(entry, state="running", started=now(), attempt=entry.job.attempt + 1)
        except OSError as error:
            text = "The server cannot write down what becomes of its jobs: its disk may be full."
            raise RequestError(503, "storage", text) from error

    def _interrupt(self, entry: _Entry) -> None:
        if entry.cancelled:
            self._finish(entry, "cancelled")
            return
        self._update(entry, state="interrupted")
        entry.done.set_result(entry.job)

    def _finish(self, entry: _Entry, state: State, **changes: Any) -> None:
        changes |= {"state": state, "finished": now()}
        try:
            self._update(entry, **changes)
            self._journal.drop(entry.job)
        except OSError:
            logger.exception("the end of a job could not be written down", extra={"job": entry.job.id})
            self._journal.forget(entry.job)  # so that no later start runs it over what has come since
            self._show(entry, replace(entry.job, **changes))
        entry.done.set_result(entry.job)
        self._prune()

    def _update(self, entry: _Entry, *, state: State, **changes: Any) -> None:
        job = replace(entry.job, state=state, **changes)
        with self._saving:
            if self._let_go:
                raise _StoppedError
            self._journal.save(job)
            entry.stored = job
        self._show(entry, job)

    def _show(self, entry: _Entry, job: Job) -> None:
        with self._changed:
            entry.job = job
            self._note(entry, job.state)

    def _note(self, entry: _Entry, name: str) -> None:
        with self._changed:
            last = entry.events[-1].number if entry.events else 0
            job = entry.job if entry.job.over else entry.job.without_skips()
            entry.events.append(Event(epoch=self._epoch, number=last + 1, name=name, job=job))

    def _prune(self) -> None:
        """Forget finished jobs that are too old, and the oldest of too many."""
        with self._changed:
            over = sorted((entry.job for entry in self._entries.values() if entry.job.over), key=lambda job: job.id)
            oldest = time.time_ns() - int(self._keep_seconds * 1e9)
            surplus = len(over) - self._keep
            gone = [job for place, job in enumerate(over) if place < surplus or int(job.id[:16], 16) < oldest]
            for job in gone:
                del self._entries[job.id]
        for job in gone:
            self._journal.forget(job)
