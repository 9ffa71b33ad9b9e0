from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from interlingua.connectors.prefetch import prefetch


def test_items_come_in_order() -> None:
    assert list(prefetch(iter(range(100)))) == list(range(100))


def test_an_error_comes_after_what_was_computed_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    stage = prefetch(items())
    assert [next(stage), next(stage)] == [1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(stage)


def test_it_never_runs_further_ahead_than_told() -> None:
    produced = 0

    def items() -> Iterator[int]:
        nonlocal produced
        for number in range(100):
            produced = number + 1
            yield number

    stage = prefetch(items(), ahead=3)
    next(stage)
    time.sleep(0.2)
    assert produced <= 1 + 3 + 1  # taken, queued, and the one waiting for a place
    stage.close()


def test_closing_early_closes_the_source_and_ends_the_thread() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    before = threading.active_count()
    stage = prefetch(prefetch(items()))
    assert next(stage) == 0
    stage.close()
    assert closed.is_set()
    assert threading.active_count() == before
