"""Chunks and vectors for the store tests."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.types import Chunk, Matrix, Origin

DIM = 8
MANIFEST = Manifest(model="bundled", fingerprint="0123456789abcdef", dim=DIM)

SENTENCES = {
    "ar": "تراجعت أسعار الفائدة في الربع الأخير.",
    "he": "הריבית ירדה ברבעון האחרון.",
    "hi": "पिछली तिमाही में ब्याज दरें घटीं।",
    "th": "อัตราดอกเบี้ยลดลงในไตรมาสที่แล้ว",
    "ja": "前四半期に金利が低下した。",
    "zh-Hans": "上个季度利率下降了。",
    "yo": "Èrè orí owó dínkù ní ìdámẹ́rin ọdún tó kọjá.",
    "de": "Die Zinsen sanken im letzten Quartal.",
}


@dataclass(frozen=True)
class Backend:
    """A place for one store; `open` gives a new store object on it, not prepared."""

    name: str
    open: Callable[[], Store]


def chunk(
    n: int,
    *,
    document_id: str = "doc",
    text: str | None = None,
    language: str = "de",
    metadata: Mapping[str, Any] | None = None,
    source: str | None = "files",
    digest: str = "v1",
    chunks: int = 1,
    **fields: Any,
) -> Chunk:
    """Chunk number `n`; its id depends on the number alone."""
    text = SENTENCES["de"] if text is None else text
    origin = None if source is None else Origin(source=source, revision="r1", digest=digest, chunks=chunks)
    return Chunk(
        id=number(n),
        document_id=document_id,
        ordinal=fields.pop("ordinal", n),
        text=text,
        start=0,
        end=len(text),
        language=language,
        metadata=metadata or {},
        origin=origin,
        **fields,
    )


def number(n: int) -> str:
    """Ids whose order is not that of the numbers."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(n)))


def unit(rows: Sequence[Sequence[float]] | np.ndarray) -> Matrix:
    """Rows of length 1."""
    matrix = np.asarray(rows, dtype=np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def vectors(count: int, seed: int = 0) -> Matrix:
    """Random unit vectors, shape (count, DIM)."""
    return unit(np.random.default_rng(seed).normal(size=(count, DIM)))


def fill(store: Store, chunks: Sequence[Chunk], seed: int = 0) -> Matrix:
    """Store the chunks under random vectors; the vectors."""
    rows = vectors(len(chunks), seed)
    store.upsert(chunks, rows)
    return rows
