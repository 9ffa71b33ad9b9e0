"""Where the work is done: never on the event loop, and never so much of it at once that all of it is late."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from .errors import BusyError, LateError

P = ParamSpec("P")
T = TypeVar("T")

SWITCH_SECONDS = 0.0005
"""How long a thread may hold the interpreter once another wants it (Python's default is ten times as much): a search
asks for it a few times on its way, and would wait each time for an ingest that is in the middle of something."""


class Threads:
    """A bounded number of threads with a bounded queue before them.

    Args:
        count: of threads.
        waiting: calls that may be in work or wait; more are refused with BusyError.
        timeout: seconds that a call may take from its arrival on; LateError after that, while the thread goes on.
        name: of the threads.
        initializer: called in each thread as it begins.
    """

    def __init__(
        self, count: int, *, waiting: int, timeout: float, name: str, initializer: Callable[[], None] | None = None
    ) -> None:
        self._pool = ThreadPoolExecutor(count, f"interlingua-{name}", initializer)
        self._room = waiting
        self._timeout = timeout
        self._lock = threading.Lock()
        self.pending = 0
        """Calls that are in work or wait."""

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, run in a thread. Raises BusyError, LateError, and whatever `work` raises."""
        with self._lock:
            if self.pending >= self._room:
                raise BusyError(f"{self._room} requests are waiting already. Try again in a moment.")
            self.pending += 1
        try:
            future = self._pool.submit(work, *args, **kwargs)
        except RuntimeError:  # closed
            self._ended(None)
            raise BusyError("The server is shutting down.") from None
        future.add_done_callback(self._ended)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout)
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise  # the work itself ran into a time limit
            raise LateError(f"The answer took longer than {self._timeout:g} seconds.") from None

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, _: object) -> None:
        with self._lock:
            self.pending -= 1


def leave_a_core() -> None:
    """Keep this thread, and those that it starts, off one core, which searches have to themselves; on Linux.

    Not a lower priority: a thread of low priority that holds the interpreter when others want the cores holds up all.
    On two busy cores searches took 1.5 s so, 0.12 s with equal priorities, and 0.02 s with a core left (p50).
    """
    if sys.platform == "linux":
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) > 1:
            os.sched_setaffinity(0, allowed[:-1])
