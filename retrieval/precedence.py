"""Searches come first: long work of this process, such as an ingest, gives way to them between its steps.

Priorities of threads are no way to do it: a thread of low priority that holds the interpreter when others want the
cores holds up all (searches took 1.5 s so, beside an ingest on two busy cores).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.05
"""Seconds that a step waits at most: among searches without a pause an ingest goes on, 20 steps a second."""


class Precedence:
    """Counts what comes first; safe to share between threads.

    Args:
        patience: seconds that `give_way` waits at most.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.forget()

    def forget(self) -> None:
        """Begin anew: in a fork, the threads that were counted do not exist."""
        self._changed = threading.Condition()
        self._count = 0
        self._own = threading.local()

    @property
    def busy(self) -> bool:
        """Whether anything that comes first is at work."""
        return self._count > 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Until the end of the block, other threads that `give_way` wait; keep it to milliseconds."""
        with self._changed:
            self._count += 1
        self._own.depth = self._depth + 1
        try:
            yield
        finally:
            self._own.depth -= 1
            with self._changed:
                self._count -= 1
                if not self.busy:
                    self._changed.notify_all()

    def give_way(self) -> None:
        """Wait until nothing that comes first is at work, at most `patience`; not at all within a block of `first`."""
        if not self.busy or self._depth:
            return
        with self._changed:
            self._changed.wait_for(lambda: not self.busy, self.patience)

    @property
    def _depth(self) -> int:
        """Blocks of `first` that this thread is in."""
        return int(getattr(self._own, "depth", 0))


SEARCHES = Precedence()
"""The searches of this process; work that takes long calls `give_way` between steps of some milliseconds."""
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=SEARCHES.forget)
