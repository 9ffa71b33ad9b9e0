"""Documents from files, folders and standard input.

`FilesConnector` and `StdinConnector` are what other code uses. Formats live one per file in `formats/` (a file is one
document) and `tables/` (a row is one document); `registry` maps extensions to them. Parsers of binary formats run in
a worker process (`worker`), started and watched by `pool`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connector import FilesConnector
    from .limits import Limits
    from .ocr.options import Ocr
    from .stdin import StdinConnector

__all__ = ["FilesConnector", "Limits", "Ocr", "StdinConnector"]

_HOMES = {"FilesConnector": ".connector", "Limits": ".limits", "Ocr": ".ocr.options", "StdinConnector": ".stdin"}


def __getattr__(name: str) -> object:
    # Lazy, because the worker process imports this package too and must start in milliseconds, without numpy.
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)
