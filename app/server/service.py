"""What the routes of one server share, and how it starts and stops."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from ...connectors.ingestor import Progress
from ...connectors.report import Report
from ...retrieval.machine import cores
from ..access.keys import EVERYONE, Key, Keys
from ..access.view import View
from ..answers import Answerer, answerer_for, open_chat
from ..index import Index
from ..settings import Settings
from .errors import RequestError
from .jobs.job import Job
from .jobs.journal import Journal
from .jobs.queue import Jobs
from .limits import Limits, Rate
from .metrics import Metrics
from .models import Models
from .sources import source_of
from .threads import Threads, leave_a_core

logger = logging.getLogger(__name__)

CHAT_THREADS = 8
"""For answers, which mostly wait for the chat model."""
SLOW_THREADS = 2
"""For what takes long (searches with a reranker, exports), so that searches need not wait for it; as many again for
lists of texts, which are the longest."""
PROBE_SECONDS = 1.0
"""How long the store may take to answer a probe."""
RETRY_SECONDS = 5.0


class Service:
    """One index, its keys, its jobs and its limits. `start` begins the work, `stop` ends it and closes the index."""

    def __init__(self, index: Index, keys: Keys) -> None:
        settings = index.settings
        self.settings = settings
        self.keys = keys
        self.limits = Limits.of(settings)
        self.rate = Rate(settings.rate)
        self.metrics = Metrics()
        self.models = Models(index)
        timeout, waiting = settings.request_timeout, settings.max_waiting
        self.quick = Threads(settings.threads or max(4, 2 * cores()), waiting=waiting, timeout=timeout, name="quick")
        self.slow = Threads(SLOW_THREADS, waiting=waiting, timeout=timeout, name="slow", initializer=leave_a_core)
        self.texts = Threads(SLOW_THREADS, waiting=waiting, timeout=timeout, name="texts", initializer=leave_a_core)
        # What the chat model may take is its own setting; this only ends what hangs all the same.
        self.answer_seconds = 2 * settings.chat_timeout + timeout
        self.chats = Threads(CHAT_THREADS, waiting=waiting, timeout=self.answer_seconds, name="chat")
        self._probe = Threads(1, waiting=waiting, timeout=PROBE_SECONDS, name="probe")
        self._chat = open_chat(settings)
        self.jobs = Jobs(Journal(state_folder(settings) / "jobs"), self._ingest)
        self.ready = False
        """Whether requests are to be sent here: not before `start`, and not once it is to stop."""
        self.draining = False
        """Whether it is to stop: streams end, so that clients take them up elsewhere."""
        self._index = index
        self._views: dict[Key, View] = {}
        self._drained = 0.0

    def view(self, key: Key) -> View:
        """The index as `key` sees it; the same object each time, since it remembers what it has looked up."""
        found = self._views.get(key)
        return found if found is not None else self._views.setdefault(key, View(self._index, key))

    def answerer(self, seen: View) -> Answerer | None:
        """What answers questions from what `seen` shows; None where no chat model is configured."""
        return None if self._chat is None else answerer_for(self._index, self._chat, search=seen.search)

    def start(self) -> None:
        """Take up the jobs that are left, and load the model in the background. Raises ConfigurationError."""
        self.jobs.start()
        threading.Thread(target=self._warm_up, name="interlingua-start", daemon=True).start()

    def drain(self) -> None:
        """Be no longer ready, and end the streams."""
        self.ready, self.draining = False, True
        self._drained = self._drained or time.monotonic()

    def stop(self) -> bool:
        """Let the job finish, or stop it at its next batch once `shutdown_grace` is over; then close the index.

        False when a batch does not end: the index stays open then, and the process is to end as if it were killed.
        """
        self.drain()
        idle = self.jobs.stop(self._drained + self.settings.shutdown_grace - time.monotonic())
        for threads in (self.quick, self.slow, self.texts, self.chats, self._probe):
            threads.close()
        if idle:
            self._index.close()
        else:  # it would fail what is written this moment; what a kill leaves, the next start reads
            logger.warning("a batch did not end in time: its job goes on at the next start")
        return idle

    async def answers(self) -> bool:
        """Whether the server is ready and its store answers, within a second."""
        if not self.ready:
            return False
        try:
            await self._probe.run(self.view(EVERYONE).counts)
        except Exception as error:
            logger.warning("the store does not answer", exc_info=error)
            return False
        return True

    def _warm_up(self) -> None:
        """Load the model with a first text, so that no request waits for that; again until it works."""
        while not self.draining:
            try:
                self.models.embed(["ready"], "query")
            except Exception as error:
                logger.warning("the model does not answer", exc_info=error)
                time.sleep(RETRY_SECONDS)
            else:
                self.ready = not self.draining
                return

    def _ingest(self, job: Job, folder: Path, progress: Progress) -> Report:
        key = self.keys.named(job.key)
        if key is None or not key.allows("write"):
            raise RequestError(403, "forbidden", "The key that asked for this may not write any more.")
        if not job.made_by(key):
            raise RequestError(403, "forbidden", "The key that asked for this has another filter or prefix now.")
        counted = self.metrics.counting()

        def batch(report: Report) -> None:
            counted(embedded=report.embedded, reused=report.reused)
            progress(report)

        return self.view(key).ingest(source_of(job, folder, self.settings), progress=batch)


def state_folder(settings: Settings) -> Path:
    """Where the server keeps its jobs and uploads: the setting, or a folder beside the embedded store."""
    if settings.state is not None:
        return Path(settings.state)
    if "://" in settings.store:
        return Path(".interlingua-server")
    store = Path(settings.store)
    return store.with_name(f"{store.name}-server")
