"""Memory that has been freed goes back to the operating system."""

from __future__ import annotations

import ctypes
import sys


def release() -> None:
    """Return what is free; after a model is loaded that is 10 to 20 MB, which glibc would keep. Elsewhere nothing.

    Takes some milliseconds; may be called from any thread.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
