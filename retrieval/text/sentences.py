"""A sentence of a passage that can stand for a query."""

from __future__ import annotations

from itertools import pairwise

from .boundaries import layout, sentences

_LEAST, _MOST = 10, 200  # characters


def as_query(text: str) -> str:
    """The longest sentence that is no longer than a query; else the beginning, up to a blank; may be empty."""
    offsets = sentences(layout(text)).offsets.tolist()
    pieces = [text[start:end].strip() for start, end in pairwise(offsets)]
    fitting = [piece for piece in pieces if _LEAST <= len(piece) <= _MOST]
    if fitting:
        return max(fitting, key=len)
    start = text.strip()[:_MOST]
    return start.rpartition(" ")[0] if len(text.strip()) > _MOST and " " in start else start
