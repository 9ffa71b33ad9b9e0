"""What is stored, as values that are the same whether an index or a server is asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...retrieval.types import Chunk, Matrix, Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A document in a list; `language` is that of its first passage, `passages` how many it has.

    `updated` is when this version was ingested (ISO 8601, UTC), None where that is not known.
    """

    id: str
    title: str | None
    url: str | None
    language: str
    passages: int
    updated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document as it is stored: its passages in order, and its languages by how many passages have them."""

    id: str
    title: str | None
    url: str | None
    languages: Mapping[str, int]
    metadata: Metadata
    passages: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Some passages with their unit vectors, shape (len(chunks), dim), row by row; shape (0, dim) for none."""

    chunks: tuple[Chunk, ...]
    vectors: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many documents begin in a language, and how many passages are in it."""

    documents: int
    passages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What is stored, in numbers, each with the most passages first.

    `languages` by tag; `sources` are passages per source, such as `files:/srv/docs`, and None for who may not know
    them.
    """

    documents: int
    passages: int
    languages: Mapping[str, Counts]
    sources: Mapping[str, int] | None
