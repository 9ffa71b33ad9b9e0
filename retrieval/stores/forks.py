"""Keeping a forked child's hands off its parent's shard.

A child inherits the open shard. Any call there waits forever, and when the child ends, dropping its copy flushes what
it remembers over what the parent has written since: a parent that flushed and closed normally was left with a shard
that does not open ("Corrupted ID tracker mapping storage", qdrant-edge-py 0.9.0). So the child never drops its copy.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Protocol


class Owner(Protocol):
    """Something that holds a shard."""

    def inherited(self) -> object | None:
        """The shard that a child of this process would inherit."""
        ...


_owners: weakref.WeakSet[Owner] = weakref.WeakSet()


def protect(owner: Owner) -> None:
    """From now on, forked children keep away from what `owner` holds."""
    _owners.add(owner)


def _abandon() -> None:
    for owner in list(_owners):
        shard = owner.inherited()
        if shard is not None:
            # One reference that nobody gives back: the destructor never runs, not even when the interpreter ends.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(shard))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon)
