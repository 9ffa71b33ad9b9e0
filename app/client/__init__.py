"""A client of the HTTP API, with the methods of an `Index`.

    with interlingua.Client("http://127.0.0.1:8000", key) as client:
        hits = client.search("金利リスクの管理", limit=5, languages=["de", "en"])

docs/client.md shows the rest.
"""

from __future__ import annotations

from .client import Client
from .values import Job, ServerStatus

__all__ = ["Client", "Job", "ServerStatus"]
