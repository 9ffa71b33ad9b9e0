"""The values that flow through Interlingua: frozen, one per life stage.

A connector yields `Document` (or `Pending`, or `Skip`); the ingestor cuts a document into `Chunk`s; a search
returns `Hit`s.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
"""Embeddings, shape (n, dim), every row of L2 norm 1."""

Scalar = str | int | float | bool | dt.datetime | dt.date
MetadataValue = Scalar | None | list["MetadataValue"] | Mapping[str, "MetadataValue"]
Metadata = Mapping[str, MetadataValue]
"""What a user attaches to a document; dates are stored as ISO 8601 strings."""

UNDETERMINED = "und"
"""BCP-47 tag of a text whose language is not known."""

TRANSLATION_GROUP = "translation_group"
"""Key of the metadata (a text or a whole number) that documents share which are versions of one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document as a connector found it.

    `id` is stable across runs: the same source item always has the same id. `language` (BCP-47) is set only when the
    source states it with authority; otherwise it is detected. `revision` is a cheap change marker of the source (size
    and modification time, an ETag); the empty string when there is none.
    """

    id: str
    text: str
    language: str | None = None
    title: str | None = None
    url: str | None = None
    metadata: Metadata = field(default_factory=dict)
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Something the source holds that could not be read, and why.

    Whatever is stored under `id` is kept. With `prefix`, `id` ends with `/` or `#` and stands for every document whose
    id starts with it (an unreadable folder, a table that broke off in the middle).
    """

    id: str
    reason: str
    prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A document that has been listed but not read: `read` is called only when `revision` is not the stored one.

    `also` are other revisions that its document may come in, stored in which it is not read again either.
    """

    id: str
    revision: str
    read: Callable[[], Document | Skip]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A document that its source says is no longer there.

    With `prefix`, `id` stands for every document whose id starts with it (a folder, a table with its rows).
    """

    id: str
    prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A place in a stream of changes: all that came before it is covered by `cursor`.

    The cursor is the connector's own: text (JSON, say) that means nothing to anyone else and holds no secret.
    """

    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which version of which document a chunk belongs to; equal for all chunks of that version.

    `digest` covers the document as its source gave it and the chunking settings; `chunks` is how many chunks the
    version has, so that an incomplete document can be told from a complete one. `updated` is when the version was
    ingested (ISO 8601, UTC), None where that is not known; it says nothing about the version, and makes none unequal.
    """

    source: str
    revision: str
    digest: str
    chunks: int
    updated: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage of a document: `normalised document text[start:end] == text`, offsets in code points.

    `language` is BCP-47 (`de`, `zh-Hans`, `sr-Latn`, `und`), `language_confidence` in [0, 1]. `attached` is for whoever
    wrote the chunk: what an adapter keeps of another framework's object, stored as it is and read by nobody else.
    """

    id: str
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    language: str = UNDETERMINED
    language_confidence: float = 0.0
    title: str | None = None
    url: str | None = None
    metadata: Metadata = field(default_factory=dict)
    origin: Origin | None = None
    attached: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk found by a search: `score` orders the list (higher is better), `scores` has each stage."""

    chunk: Chunk
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
