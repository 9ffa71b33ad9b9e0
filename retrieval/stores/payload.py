"""What is written to a store for a chunk, and the checks made before anything is written.

    {"document_id", "ordinal", "text", "start", "end", "language", "language_confidence", "title", "url",
     "metadata": {...}, "attached", "source", "revision", "digest", "chunks", "updated"}

The last five are `Chunk.origin`. What is None or empty is left out: each key costs 2.5 µs in the engine.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, StoreError, VectorError
from ..types import UNDETERMINED, Chunk, Matrix, Metadata, Origin

Payload = dict[str, Any]

FIELDS = (
    "document_id",
    "ordinal",
    "text",
    "start",
    "end",
    "language",
    "language_confidence",
    "title",
    "url",
    "metadata",
    "attached",
    "source",
    "revision",
    "digest",
    "chunks",
    "updated",
)
"""Every top-level key of a payload."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_UNIT = 1e-5

VECTOR = "dense"
"""Name of the vector of a point, so that another kind can stand next to it."""

MAX_INDEXES = 64
"""Payload indexes of a store at most; further keys of metadata are filtered by reading the chunks."""

RESERVED_INDEXES = 64
"""More of them, for what is asked of every search, which what callers ask cannot use up."""

INDEXED = {"document_id": "keyword", "language": "keyword", "source": "keyword", "ordinal": "integer"}
"""Fields with a payload index and its kind: what searches, syncs and facets filter on.

Measured in Qdrant Edge at 100k chunks of 256 dimensions: `known` of 64 documents 3 ms against 296 without, a search
in one of five languages 3 ms against 263, the ids of all documents of a source 77 ms against 597. All four together
cost about a tenth of the ingest rate.
"""

_DEEPEST = 16
_INT64 = 2**63


def most_indexes(*, reserved: bool) -> int:
    """Payload indexes of a store at most, once one is asked for."""
    return MAX_INDEXES + RESERVED_INDEXES if reserved else MAX_INDEXES


def to_payloads(chunks: Sequence[Chunk]) -> list[Payload]:
    """The payload of each chunk, in order; the chunks are not changed.

    Raises InputError naming the chunk and the key for what no store keeps as it is: NaN and infinity, bytes, keys that
    are not strings, lone surrogates, integers beyond 64 bits, ids that are not UUIDs.
    """
    # The chunks of a document share one metadata mapping: it is checked once, not once per chunk.
    cleaned: dict[int, dict[str, Any]] = {}
    payloads = []
    for chunk in chunks:
        try:
            _check_id(chunk.id)
            key = id(chunk.metadata)
            if key not in cleaned:
                cleaned[key] = clean_metadata(chunk.metadata)
            payloads.append(_to_payload(chunk, cleaned[key]))
        except InputError as error:
            raise InputError(f"Chunk {chunk.id} of document {chunk.document_id!r}: {error}") from error
    return payloads


def clean_metadata(metadata: Metadata) -> dict[str, Any]:
    """`metadata` as it is stored: dates as ISO 8601 strings, tuples as lists, numpy scalars as Python's.

    Raises InputError naming the key for what no store keeps as it is.
    """
    return _clean_mapping(metadata, "metadata", 0) if metadata else {}


def to_chunk(chunk_id: str, payload: Mapping[str, Any]) -> Chunk:
    """The chunk of a payload. Raises StoreError when it was not written by `to_payloads`."""
    try:
        return Chunk(
            id=chunk_id,
            document_id=payload["document_id"],
            ordinal=payload["ordinal"],
            text=payload["text"],
            start=payload["start"],
            end=payload["end"],
            language=payload.get("language", UNDETERMINED),
            language_confidence=float(payload.get("language_confidence", 0.0)),
            title=payload.get("title"),
            url=payload.get("url"),
            metadata=payload.get("metadata") or {},
            origin=to_origin(payload),
            attached=payload.get("attached"),
        )
    except KeyError as error:
        raise StoreError(
            f"Point {chunk_id} has no {error.args[0]!r}, so it was not written by interlingua. "
            "Give interlingua a collection of its own."
        ) from error


def to_origin(payload: Mapping[str, Any]) -> Origin | None:
    """The origin in a payload; None when the chunk was written without one."""
    if "digest" not in payload:
        return None
    return Origin(
        source=payload.get("source", ""),
        revision=payload.get("revision", ""),
        digest=payload["digest"],
        chunks=payload.get("chunks", 0),
        updated=payload.get("updated"),
    )


def check_vectors(chunks: Sequence[Chunk], vectors: Matrix, dim: int) -> Matrix:
    """`vectors` as unit float32 rows, shape (len(chunks), dim). Raises VectorError naming the chunk at fault.

    Qdrant takes NaN without a word (the chunk is then never found) and writes the good half of a bad batch, hence the
    check in front. Rows are normalised here in float64, since the engine leaves very short ones as they are.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = np.asarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise VectorError(f"The vectors are no matrix of numbers, shape ({len(chunks)}, {dim}): {error}") from error
    if matrix.ndim != 2 or matrix.shape[0] != len(chunks):
        raise VectorError(f"Got vectors of shape {matrix.shape} for {len(chunks)} chunks; expected one row per chunk.")
    if not len(chunks):
        return np.empty((0, dim), dtype=np.float32)
    if matrix.shape[1] != dim:
        raise VectorError(
            f"Chunk {chunks[0].id} has a vector of {matrix.shape[1]} dimensions, the store holds {dim}. "
            "Use the embedder that made the store, or another --store."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", matrix, matrix)
    if (np.abs(squares - 1) < _UNIT).all():  # what every embedder should return; 5 times as fast as normalising
        return matrix
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if bad.size:
        row = int(bad[0])
        what = "is all zeros" if norms[row] == 0 else "holds NaN or infinity"
        raise VectorError(
            f"The vector of chunk {chunks[row].id} {what} ({bad.size} of {len(chunks)} chunks, {dim} dimensions). "
            "Nothing was written; check the embedder."
        )
    unit: Matrix = (matrix / norms[:, None]).astype(np.float32)
    return unit


def check_query(vector: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    """`vector` as a unit float32 vector, shape (dim,). Raises VectorError."""
    try:
        query = np.asarray(vector, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise VectorError(f"The query vector is no vector of {dim} numbers: {error}") from error
    if query.shape != (dim,):
        raise VectorError(f"The query vector has shape {query.shape}, the store holds vectors of {dim} dimensions.")
    norm = float(np.linalg.norm(query))
    if not math.isfinite(norm) or norm == 0:
        raise VectorError(f"The query vector {'is all zeros' if norm == 0 else 'holds NaN or infinity'}.")
    unit: NDArray[np.float32] = (query / norm).astype(np.float32)
    return unit


def _to_payload(chunk: Chunk, metadata: dict[str, Any]) -> Payload:
    payload: Payload = {
        "document_id": _clean_text(chunk.document_id, "document_id"),
        "ordinal": chunk.ordinal,
        "text": _clean_text(chunk.text, "text"),
        "start": chunk.start,
        "end": chunk.end,
        "language": chunk.language,
        "language_confidence": _clean(chunk.language_confidence, "language_confidence", 0),
    }
    if metadata:
        payload["metadata"] = metadata
    if chunk.title is not None:
        payload["title"] = _clean_text(chunk.title, "title")
    if chunk.url is not None:
        payload["url"] = _clean_text(chunk.url, "url")
    if chunk.attached is not None:
        payload["attached"] = _clean_text(chunk.attached, "attached")
    if chunk.origin is not None:
        payload["source"] = _clean_text(chunk.origin.source, "source")
        if chunk.origin.revision:
            payload["revision"] = _clean_text(chunk.origin.revision, "revision")
        payload["digest"] = chunk.origin.digest
        payload["chunks"] = chunk.origin.chunks
        if chunk.origin.updated is not None:
            payload["updated"] = chunk.origin.updated
    return payload


def _check_id(chunk_id: str) -> None:
    if not isinstance(chunk_id, str) or _UUID.fullmatch(chunk_id) is None:
        raise InputError("its id is not a UUID in the usual form (uuid5 of document, start and text).")


def _clean_mapping(values: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise InputError(f"{path!r} is nested more than {_DEEPEST} levels deep.")
    cleaned = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise InputError(f"{path!r} has the key {key!r} ({type(key).__name__}); keys are strings.")
        cleaned[_clean_text(key, path)] = _clean(value, f"{path}.{key}", depth + 1)
    return cleaned


def _clean(value: Any, path: str, depth: int) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _clean_text(value, path)
    if isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise InputError(f"{path!r} is {value}, beyond 64 bits. Store it as a string.")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{path!r} is {value}, which no store keeps. Leave the key out.")
        return float(value)
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _clean_mapping(value, path, depth)
    if isinstance(value, (list, tuple)):
        if depth > _DEEPEST:
            raise InputError(f"{path!r} is nested more than {_DEEPEST} levels deep.")
        return [_clean(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise InputError(
        f"{path!r} is a {type(value).__name__}. Use str, int, float, bool, a date, or lists and mappings of those."
    )


def _clean_text(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{path!r} holds half a character (a lone surrogate, position {error.start}). Decode the source again."
        ) from error
    return str.__str__(text)
