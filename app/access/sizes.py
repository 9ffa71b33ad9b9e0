"""How large what stands beside a text may be: every passage of the document carries a copy of it."""

from __future__ import annotations

import json

from ...retrieval.types import Document

MAX_TITLE = 2_000
MAX_URL = 4_000
MAX_METADATA = 65_536
"""Bytes, as JSON."""


def too_large(document: Document) -> str | None:
    """Why a document is not taken from a key; None for one that is."""
    for name, most in (("title", MAX_TITLE), ("url", MAX_URL)):
        value = getattr(document, name)
        if isinstance(value, str) and len(value) > most:
            return f"its {name} has {len(value):,} characters; at most {most:,}"
    size = len(json.dumps(document.metadata, default=str, ensure_ascii=False).encode("utf-8", "replace"))
    return f"its metadata take {size:,} bytes; at most {MAX_METADATA:,}" if size > MAX_METADATA else None
