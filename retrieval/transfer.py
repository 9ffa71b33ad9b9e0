"""Export and import as JSON lines with vectors: what is stored is never locked in.

The first line is `{"interlingua": 1, "manifest": {…}, "chunks": N}`; every other line is one chunk with its vector.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .errors import InputError, VectorError
from .filters import Filter, Match
from .manifest import Manifest, check
from .protocols import Store, Stored
from .types import Chunk, Origin

FORMAT = 1
_BATCH = 256
_TEXTS = ("id", "document_id", "text", "language")


def export_lines(store: Store, manifest: Manifest, where: Filter | None = None) -> Iterator[str]:
    """The store as JSON lines without line ends, ordered by chunk id. Vectors round-trip float32 exactly."""
    head = {"interlingua": FORMAT, "manifest": manifest.to_dict(), "chunks": store.count(where)}
    yield json.dumps(head, ensure_ascii=False)
    for stored in store.scan(where, vectors=True):
        if stored.vector is None:
            raise VectorError(f"Chunk {stored.chunk.id} has no vector in the store. Run: interlingua doctor")
        record = dataclasses.asdict(stored.chunk)
        record["vector"] = [float(f"{value:.9g}") for value in stored.vector.tolist()]
        yield json.dumps(record, ensure_ascii=False)


def import_lines(lines: Iterable[str], store: Store, manifest: Manifest) -> Iterator[int]:
    """Write exported lines into `store`, yielding the chunks written so far after each batch.

    Other versions of the documents that are imported are removed. Raises InputError with the line number when a line
    cannot be read or lines are missing at the end, ManifestError when the export was made by another model. Running
    it again writes the same points.
    """
    rest = enumerate(lines, start=1)
    _, head = next(rest, (1, ""))
    expected = _read_head(head, manifest)
    written = 0
    batch: list[Stored] = []
    for number, line in rest:
        if line.strip():
            batch.append(_stored(line, number, manifest.dim))
        if len(batch) == _BATCH:
            written += _write(batch, store)
            batch = []
            yield written
    if batch:
        written += _write(batch, store)
    store.flush()
    if written < expected:
        raise InputError(
            f"The export is cut off: it announces {expected:,} chunks, {written:,} were there (and stored)."
        )
    yield written


def _write(batch: list[Stored], store: Store) -> int:
    store.upsert([s.chunk for s in batch], np.array([s.vector for s in batch], dtype=np.float32))
    documents = tuple({s.chunk.document_id for s in batch if s.chunk.origin is not None})
    digests = tuple({s.chunk.origin.digest for s in batch if s.chunk.origin is not None})
    if documents:
        store.delete(Filter((Match("document_id", documents),), (Match("digest", digests),)))
    return len(batch)


def _read_head(line: str, manifest: Manifest) -> int:
    """Check the first line of an export; how many chunks it announces."""
    try:
        head: Any = json.loads(line)
        version, values, chunks = head["interlingua"], dict(head["manifest"]), int(head["chunks"])
    except (ValueError, KeyError, TypeError):
        raise InputError("This is not an export: its first line is not an interlingua manifest.") from None
    if version != FORMAT:
        raise InputError(f"The export has format {version}; this version reads format {FORMAT}.")
    check(Manifest.from_dict(values, where="the export"), manifest, where="The export")
    return chunks


def _stored(line: str, number: int, dim: int) -> Stored:
    try:
        record = json.loads(line)
        vector = np.array(record.pop("vector"), dtype=np.float32)
        origin = record.pop("origin")
        chunk = Chunk(**record, origin=Origin(**origin) if origin else None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"Line {number} of the export cannot be read: {error}") from error
    for name in _TEXTS:
        if not isinstance(getattr(chunk, name), str):
            raise InputError(f"Line {number} of the export: {name} is {getattr(chunk, name)!r}, not a text.")
    if vector.shape != (dim,):
        raise InputError(f"Line {number} of the export has a vector of shape {vector.shape}; ({dim},) was expected.")
    return Stored(chunk=chunk, vector=vector)
