"""Documents from the web: sites and feeds.

`WebConnector` and `FeedConnector` are what other code uses; `fetching.Fetcher` fetches a URL that a stranger chose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connector import WebConnector
    from .feed import FeedConnector
    from .single import PagesConnector

__all__ = ["FeedConnector", "PagesConnector", "WebConnector"]

_HOMES = {"FeedConnector": ".feed", "PagesConnector": ".single", "WebConnector": ".connector"}


def __getattr__(name: str) -> object:
    # Lazy: httpx is needed by nobody who reads files.
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)
