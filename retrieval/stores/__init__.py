"""Stores: Qdrant in process (Edge) and Qdrant as a server, behind one protocol."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..protocols import Store

__all__ = ["open_store"]

_URL = re.compile(r"https?://", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:\d{2,5}|\[[0-9A-Fa-f:]+\]:\d{2,5}")


def open_store(location: str | Path, *, collection: str = "interlingua", api_key: str | None = None) -> Store:
    """The store at `location`: a Qdrant server for `http(s)://…` or `HOST:PORT`, else a folder; not opened yet.

    `collection` and `api_key` belong to a server. Call `prepare` on what is returned. The engines are imported here,
    so that importing this package costs nothing (qdrant-client takes 0.6 s).
    """
    text = str(location)
    if isinstance(location, str) and (_URL.match(text) or _HOST_AND_PORT.fullmatch(text)):
        from .qdrant import QdrantStore

        return QdrantStore(text, collection=collection, api_key=api_key)
    from .edge import EdgeStore

    return EdgeStore(Path(location))
