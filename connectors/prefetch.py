"""Run one stage of a pipeline ahead of the next, on a thread and a bounded queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds to wait for a stage that is closed early; one that is stuck in a read is left behind (a daemon thread)."""


class _End:
    """The last thing in the queue, with what ended the stage."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def prefetch(items: Iterator[T], *, ahead: int = 2, name: str = "prefetch") -> Generator[T, None, None]:
    """Yield `items` in order while a thread computes up to `ahead` more.

    An exception in the thread is raised here, after what came before it. Closing the generator stops the thread at
    its next item, closes `items` in that thread and waits for it, but not for ever.
    """
    channel: queue.Queue[T | _End] = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def put(item: T | _End) -> None:
        while not stop.is_set():
            try:
                channel.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                put(item)
                if stop.is_set():
                    break
        except BaseException as caught:  # handed to the consumer, whatever it is
            error = caught
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
        put(_End(error))

    thread = threading.Thread(target=work, name=f"interlingua-{name}", daemon=True)
    thread.start()
    try:
        while True:
            item = channel.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        thread.join(PATIENCE)
