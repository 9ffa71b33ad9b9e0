"""Interlingua: one index for every language.

    import interlingua

    index = interlingua.open(".interlingua")
    index.ingest("docs/")
    hits = index.search("金利リスクの管理", limit=5, languages=["de", "en"])

Importing this module loads nothing heavy: names are resolved when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app.client import Client
    from .app.index import Index, Status, open
    from .app.migration import MigrationReport
    from .connectors.files import FilesConnector
    from .connectors.report import Report
    from .retrieval.embedders import load as embedder
    from .retrieval.errors import InterlinguaError
    from .retrieval.types import Chunk, Document, Hit, Skip

__version__ = "0.1.0"

__all__ = [
    "Chunk",
    "Client",
    "Document",
    "FilesConnector",
    "Hit",
    "Index",
    "InterlinguaError",
    "MigrationReport",
    "Report",
    "Skip",
    "Status",
    "__version__",
    "embedder",
    "open",
]

_HOMES = {
    "Chunk": (".retrieval.types", "Chunk"),
    "Client": (".app.client", "Client"),
    "Document": (".retrieval.types", "Document"),
    "FilesConnector": (".connectors.files", "FilesConnector"),
    "Hit": (".retrieval.types", "Hit"),
    "Index": (".app.index", "Index"),
    "InterlinguaError": (".retrieval.errors", "InterlinguaError"),
    "MigrationReport": (".app.migration", "MigrationReport"),
    "Report": (".connectors.report", "Report"),
    "Skip": (".retrieval.types", "Skip"),
    "Status": (".app.index", "Status"),
    "embedder": (".retrieval.embedders", "load"),
    "open": (".app.index", "open"),
}


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'interlingua' has no attribute {name!r}") from None
    return getattr(import_module(module, __name__), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
