"""When `interlingua sync --watch` runs a source next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from interlingua.app.cli.sync import _Runs, _Stop
from interlingua.app.cli.turns import LONGEST_BUSY, Turns
from interlingua.app.sources import Configured
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.sync.plan import Plan
from interlingua.retrieval.errors import InterlinguaError, SourceError, StoreLockedError, TooEarlyError

DAY = 86_400.0


def turns(every: float = 900.0) -> Turns:
    return Turns({"it": every}, now=0.0)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, 900),
        (SourceError("503"), 900),
        (SourceError("429", retry_after=20), 900),
        (SourceError("429", retry_after=1200), 700 + 1200),  # from when it asked, not from when the run began
        (SourceError("429", retry_after=1e9), 700 + DAY),
        (TooEarlyError("not yet", retry_after=60), 700 + 60),  # nothing was done: no reason to wait for the next turn
        (StoreLockedError("a search"), 700 + 5),
    ],
)
def test_the_next_turn_after_a_run_of_700_seconds(error: InterlinguaError | None, expected: float) -> None:
    one = turns()
    assert one.due("it", 0.0)
    one.ended("it", began=0.0, now=700.0, error=error)
    assert (one.next, one.due("it", expected - 1), one.due("it", expected)) == (expected, False, True)


def test_a_store_that_stays_busy_is_tried_less_and_less_often() -> None:
    one, now, pauses = turns(DAY), 0.0, []
    for _ in range(10):
        one.ended("it", began=now, now=now, error=StoreLockedError("an ingest"))
        pauses.append(one.next - now)
        now = one.next
    assert (pauses[:4], pauses[-1]) == ([5, 10, 20, 40], LONGEST_BUSY)
    one.ended("it", began=now, now=now)
    assert one.next == now + DAY
    one.ended("it", began=now, now=now, error=StoreLockedError("a search"))
    assert one.next == now + 5
    often = turns(3.0)
    often.ended("it", began=0.0, now=0.0, error=StoreLockedError("a search"))
    assert often.next == 3.0


def test_watching_tries_a_busy_store_again_long_before_the_next_turn() -> None:
    tries: list[int] = []
    stop = _Stop()

    @contextmanager
    def opened() -> Iterator[None]:
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        raise StoreLockedError("a search has it")
        yield

    source = Configured(name="it", kind="x", connector=DocumentsConnector(items=[]), plan=Plan(), every=None)
    guard = threading.Timer(30, stop.set)
    guard.start()
    _Runs(opened, stop, force=False, full=False, as_json=True, busy=0.01).watch([source], DAY)
    guard.cancel()
    assert len(tries) == 3
