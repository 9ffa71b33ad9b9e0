"""Documents as they are stored, the same whether an index or a server is asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...retrieval.types import Chunk, Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A document in a list; `language` is that of its first passage."""

    id: str
    title: str | None
    url: str | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document as it is stored: its passages in order, and its languages by how many passages have them."""

    id: str
    title: str | None
    url: str | None
    languages: Mapping[str, int]
    metadata: Metadata
    passages: tuple[Chunk, ...]
