"""Vectors of another model for what is stored: made from the stored text, beside those in force.

A pass reads both stores in the order of their ids and mends every difference, so the same pass begins a migration,
goes on after a kill, and takes along what was written in the meantime. Nothing is cut anew: chunks, ids and offsets
stay as they are.
"""

from __future__ import annotations

import dataclasses
import math
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np

from .errors import EmbedderError, StoreError
from .filters import Filter, Ids
from .machine import release
from .manifest import Manifest
from .protocols import Embedder, Store, Stored
from .text.normalise import normalise
from .types import Chunk, Matrix

WINDOW = 256
"""Chunks embedded at a time, and the most that a kill throws away."""
FLUSH_SECONDS = 5.0
RESTORED = "restored"
"""The record that is another whenever the index was put back to what it held earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a pass has come: `chunks` of `total` dealt with, of which `embedded` went through the model.

    `copied` took a vector that was stored, `present` needed nothing; `deleted` chunks are no longer in force.
    """

    total: int = 0
    embedded: int = 0
    copied: int = 0
    present: int = 0
    deleted: int = 0

    @property
    def chunks(self) -> int:
        """Chunks dealt with so far."""
        return self.embedded + self.copied + self.present


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A chunk that is `missing` in the other store, is there with another payload (`changed`), or only there (`gone`).

    `same` ones are listed too, for counting.
    """

    kind: Literal["missing", "changed", "gone", "same"]
    chunk: Chunk


def differences(source: Store, target: Store) -> Iterator[Difference]:
    """Every chunk of both stores with how `target` differs from `source`, ordered by id.

    Both are read in pages, and what has been yielded may be written to `target` meanwhile.
    """
    rest = target.scan()
    other = next(rest, None)
    for stored in source.scan():
        chunk = stored.chunk
        while other is not None and other.chunk.id < chunk.id:
            yield Difference(kind="gone", chunk=other.chunk)
            other = next(rest, None)
        if other is None or other.chunk.id != chunk.id or other.chunk.text != chunk.text:
            yield Difference(kind="missing", chunk=chunk)
        else:
            yield Difference(kind="same" if _equal(chunk, other.chunk) else "changed", chunk=chunk)
        if other is not None and other.chunk.id == chunk.id:
            other = next(rest, None)
    while other is not None:
        yield Difference(kind="gone", chunk=other.chunk)
        other = next(rest, None)


def bring_in_step(
    source: Store,
    target: Store,
    embedder: Embedder,
    *,
    reuse: bool = False,
    progress: Callable[[Step], None] | None = None,
) -> Step:
    """Make `target` hold exactly the chunks of `source`, with vectors of `embedder`; only missing ones are embedded.

    With `reuse` the vectors of `source` are the embedder's own (another quantization, say), and are copied. Raises
    EmbedderError when a passage gets no usable vector: leaving it out would lose it.
    """
    step, flushed = Step(total=source.count()), time.monotonic()
    try:
        found = differences(source, target)
        while window := list(islice(found, WINDOW)):
            step = _mend(window, source, target, embedder, reuse, step)
            if time.monotonic() - flushed > FLUSH_SECONDS:
                target.flush()
                release()
                flushed = time.monotonic()
            if progress is not None:
                progress(step)
    finally:
        target.flush()
    return step


def cut_off(store: Store, embedder: Embedder) -> int | None:
    """How many stored chunks are longer than the embedder reads; None where it has no tokenizer at hand."""
    tokenizer, limit = embedder.tokenizer, embedder.max_tokens - 2  # a special token at each end
    if tokenizer is None:
        return None
    return sum(
        len(tokenizer.token_starts(stored.chunk.text)) > limit
        for stored in store.scan()
        if len(stored.chunk.text.encode("utf-8", "replace")) > limit  # a token has a byte at least
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What going back would undo: documents ingested or changed since, and deleted ones that would come back."""

    lost: int
    returning: int


def undone(current: Store, previous: Store) -> Undone:
    """How the documents of `current` differ from those of `previous`; memory grows with the differences."""
    lost: set[str] = set()
    returning: set[str] = set()
    for difference in differences(current, previous):
        if difference.kind == "gone":
            returning.add(difference.chunk.document_id)
        elif difference.kind != "same":
            lost.add(difference.chunk.document_id)
    return Undone(lost=len(lost), returning=len(returning - lost))


def kept_before(store: Store) -> Manifest:
    """What made the vectors before those in force. Raises StoreError when none are kept."""
    kept = store.generations().previous()
    if kept is None:
        raise StoreError(
            "There is nothing to roll back: no vectors of another model are kept. They are kept from the switch of a "
            "migration to the next one, or to interlingua migrate --discard."
        )
    return kept


def roll_back(store: Store, *, force: bool = False) -> Store:
    """Put the vectors before those of `store` in force again; they, opened. `store` stays open and is kept.

    Raises StoreError when none are kept, or when documents have changed since the switch, unless `force`.
    """
    generations = store.generations()
    kept = kept_before(store)
    previous = generations.open_previous()
    try:
        since = undone(store, previous)
        if (since.lost or since.returning) and not force:
            raise StoreError(
                f"Since the switch {since.lost:,} documents were ingested or changed, and {since.returning:,} deleted; "
                f"rolling back to {kept.model} ({kept.dim} dimensions) would undo that. Take them along, embedding "
                f"only those: interlingua migrate --to {kept.model} --dimensions {kept.dim}. Or roll back with --force "
                "and ingest again."
            )
        # Who keeps notes of how far a source was read has to read it again: what came in since is not in these vectors.
        # Before the switch: a kill in between then costs a second look, and loses nothing.
        if (records := store.records()).names():
            records.put(RESTORED, uuid.uuid4().hex)
        generations.switch(previous)
    except BaseException:
        previous.close()
        raise
    return previous


def _mend(
    window: Sequence[Difference], source: Store, target: Store, embedder: Embedder, reuse: bool, step: Step
) -> Step:
    missing, changed, gone, same = (
        [difference.chunk for difference in window if difference.kind == kind]
        for kind in ("missing", "changed", "gone", "same")
    )
    if missing:
        target.upsert(missing, _vectors(source, missing) if reuse else _embed(embedder, missing))
    if changed:
        target.upsert(changed, _vectors(target, changed))
    if gone:
        target.delete(Filter((Ids(tuple(chunk.id for chunk in gone)),)))
    return dataclasses.replace(
        step,
        embedded=step.embedded + (0 if reuse else len(missing)),
        copied=step.copied + len(changed) + (len(missing) if reuse else 0),
        present=step.present + len(same),
        deleted=step.deleted + len(gone),
    )


def _embed(embedder: Embedder, chunks: Sequence[Chunk]) -> Matrix:
    """The vectors of the chunks, each text embedded once.

    A text that an adapter has stored as it was given goes to the model normalised, as it did when it was added.
    """
    texts = list(dict.fromkeys(chunk.text for chunk in chunks))
    vectors = embedder.embed_passages([normalise(text) for text in texts])
    if vectors.shape != (len(texts), embedder.dim):
        raise EmbedderError(
            f"{embedder.model} returned vectors of shape {vectors.shape} for {len(texts)} texts; "
            f"({len(texts)}, {embedder.dim}) was expected."
        )
    row = {text: number for number, text in enumerate(texts)}
    matrix: Matrix = vectors[[row[chunk.text] for chunk in chunks]]
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.einsum("ij,ij->i", matrix, matrix)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if bad.size:
        chunk = chunks[int(bad[0])]
        raise EmbedderError(
            f"{embedder.model} returned NaN, infinity or only zeros for a passage of {chunk.document_id}, which would "
            "be lost. What was built is kept. Choose another model, or delete that document: interlingua delete ID"
        )
    return matrix


def _vectors(store: Store, chunks: Sequence[Chunk]) -> Matrix:
    """The stored vectors of the chunks."""
    ids = tuple(chunk.id for chunk in chunks)
    found: dict[str, Stored] = {stored.chunk.id: stored for stored in store.scan(Filter((Ids(ids),)), vectors=True)}
    rows = [found[id_].vector if id_ in found else None for id_ in ids]
    if any(row is None for row in rows):
        raise StoreError("A chunk has no vector in the store, or was deleted meanwhile. Run: interlingua doctor")
    return np.array(rows, dtype=np.float32)


def _equal(first: Any, second: Any) -> bool:
    """Equal but for the last bits of numbers, which the engine does not keep (1 in 10 floats comes back 1 ulp off)."""
    if isinstance(first, float) and isinstance(second, (int, float)) and not isinstance(second, bool):
        return math.isclose(first, second, rel_tol=1e-12)
    if dataclasses.is_dataclass(first) and type(first) is type(second):
        return all(_equal(getattr(first, f.name), getattr(second, f.name)) for f in dataclasses.fields(first))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_equal(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_equal, first, second))
    return type(first) is type(second) and bool(first == second)
