"""Keeping the documents of sources in a store in step with them; see `session` for what one run does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ...retrieval.protocols import Connector, Records, Store
from ..ingestor import Ingestor, Progress
from . import state as states
from .plan import Plan, SyncReport
from .session import Session, StoppedError
from .stream import SEGMENT_ITEMS


class Synchroniser:
    """Keeps the documents of sources in a store in step with them.

    `clock` gives seconds since 1970 and `sleep` waits; without one, a wait ends when the run is told to stop. A cursor
    is committed at the first checkpoint after `segment_items` items: what a kill may make be listed again.
    """

    def __init__(
        self,
        ingestor: Ingestor,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
        segment_items: int = SEGMENT_ITEMS,
    ) -> None:
        self._ingestor = ingestor
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._segment_items = segment_items

    def sync(
        self,
        connector: Connector,
        *,
        name: str | None = None,
        plan: Plan = Plan(),  # noqa: B008 (frozen)
        full: bool = False,
        force: bool = False,
        patient: bool = False,
        stop: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> SyncReport:
        """Bring the store in step with `connector`, from where the last run of the source `name` ended.

        `full` lists everything; `force` deletes even when suspiciously many documents are gone; `patient` does not read
        again at once what failed a short time ago. `stop` ends the run between two windows, with what was done kept.
        Raises SourceError when the source stays away, TooEarlyError (which is one, and leaves no run in the history) as
        long as it asked to be left alone, StoreLockedError when another run of the same source is on,
        EmbedderError, StoreError; each leaves a state to go on from, and is remembered in it.
        """
        name = connector.source if name is None else name
        stop = threading.Event() if stop is None else stop
        with self._store.records().hold(_held(name)) as keep:
            session = Session(
                self._ingestor, self._store, connector, name, plan, keep=keep, stop=stop, progress=progress,
                clock=self._clock, patient=patient, segment_items=self._segment_items,
            )  # fmt: skip
            return session.run(full=full, force=force, sleep=self._sleep or _until(stop))


def forget(records: Records, name: str) -> None:
    """Remember nothing of the source `name` any more; its documents stay. StoreLockedError while a run of it is on."""
    with records.hold(_held(name)):
        states.forget(records, name)


def _held(name: str) -> str:
    return f"sync of {name}"


def _until(stop: threading.Event) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise StoppedError

    return sleep
