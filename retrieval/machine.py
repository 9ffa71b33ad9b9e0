"""What the machine gives this process: cores, and memory, which goes back once it is free."""

from __future__ import annotations

import ctypes
import os
import sys
from math import ceil
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of all cores that a container may use per period, or `max`; the period (Linux, cgroup v2)."""


def cores(quota: Path = _QUOTA) -> int:
    """Cores that this process may use, at least 1: those it is bound to, and no more than its container's quota."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        allowed = os.cpu_count() or 1
    try:
        most, period = quota.read_text().split()
        return max(1, min(allowed, ceil(int(most) / int(period))))
    except (OSError, ValueError):  # not Linux, or "max"
        return allowed


def release() -> None:
    """Return what is free; after a model is loaded that is 10 to 20 MB, which glibc would keep. Elsewhere nothing.

    Takes some milliseconds; may be called from any thread.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
