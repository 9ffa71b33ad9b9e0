"""The stage that runs the model: planned documents in, windows of chunks with their vectors out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..retrieval.errors import EmbedderError
from ..retrieval.filters import where
from ..retrieval.protocols import Embedder, Store
from ..retrieval.types import Chunk, Matrix, Skip
from .stages import Plan, Planned

WINDOW = 256
"""Chunks embedded at a time: room for a model to sort by length, and the most that a kill throws away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Chunks with their vectors, shape (chunks, dim), of which `embedded` went through the model.

    `finished` are the documents whose last chunk is in this window, `failed` those that were given up in it;
    `unchanged` and `skips` came along with them.
    """

    chunks: list[Chunk]
    vectors: Matrix
    embedded: int
    finished: tuple[Planned, ...]
    failed: tuple[Planned, ...]
    unchanged: int
    skips: tuple[Skip, ...]


def embed(plans: Iterator[Plan], *, embedder: Embedder, store: Store) -> Iterator[Window]:
    """Embed every chunk whose text has no stored vector; documents with unusable vectors become skips.

    Raises EmbedderError when the model fails or returns another shape than it should.
    """
    stage = _Stage(embedder, store)
    try:
        for plan in plans:
            stage.add(plan)
            while len(stage.chunks) >= WINDOW:
                yield stage.window(WINDOW)
            if not stage.chunks:  # nothing to embed, but progress to report
                yield stage.window(0)
        while stage.chunks:
            yield stage.window(WINDOW)
    finally:
        close = getattr(plans, "close", None)
        if close is not None:
            close()


class _Stage:
    """What waits to be embedded."""

    def __init__(self, embedder: Embedder, store: Store) -> None:
        self._embedder = embedder
        self._store = store
        self.chunks: list[Chunk] = []
        self._vectors: dict[str, NDArray[np.float32]] = {}  # by chunk id, for texts whose vector is stored
        self._open: list[Planned] = []
        self._failed: dict[str, str] = {}
        self._unchanged = 0
        self._skips: list[Skip] = []

    def add(self, plan: Plan) -> None:
        """Queue the documents of a plan."""
        self._unchanged += plan.unchanged
        self._skips += plan.skips
        for document in plan.documents:
            if document.known:
                self._reuse_vectors(document)
            self._open.append(document)
            self.chunks += document.chunks

    def window(self, size: int) -> Window:
        """Embed and hand on the first `size` chunks (or fewer)."""
        chunks = [chunk for chunk in self.chunks[:size] if chunk.document_id not in self._failed]
        del self.chunks[:size]
        texts = list(dict.fromkeys(chunk.text for chunk in chunks if chunk.id not in self._vectors))
        fresh = dict(zip(texts, self._embed(texts), strict=True))
        stored = [self._vectors.pop(chunk.id, None) for chunk in chunks]
        rows = [fresh[chunk.text] if row is None else row for chunk, row in zip(chunks, stored, strict=True)]
        vectors = np.array(rows, dtype=np.float32).reshape(len(rows), self._embedder.dim)
        embedded = [row is None for row in stored]
        norms = np.einsum("ij,ij->i", vectors, vectors)
        sound = np.isfinite(norms) & (norms > 0)
        if not sound.all():
            kept = self._keep_sound(chunks, np.asarray(sound))
            chunks, vectors, embedded = [chunks[i] for i in kept], vectors[kept], [embedded[i] for i in kept]
        finished, failed = self._ended()
        unchanged, skips = self._unchanged, tuple(self._skips)
        self._unchanged, self._skips = 0, []
        return Window(
            chunks=chunks,
            vectors=vectors,
            embedded=sum(embedded),
            finished=finished,
            failed=failed,
            unchanged=unchanged,
            skips=skips,
        )

    def _reuse_vectors(self, document: Planned) -> None:
        stored = self._store.scan(where(document_id=document.chunks[0].document_id), vectors=True)
        by_text = {s.chunk.text: s.vector for s in stored if s.vector is not None}
        self._vectors |= {c.id: by_text[c.text] for c in document.chunks if c.text in by_text}

    def _embed(self, texts: Sequence[str]) -> Matrix:
        if not texts:
            return np.empty((0, self._embedder.dim), dtype=np.float32)
        vectors = self._embedder.embed_passages(texts)
        if vectors.shape != (len(texts), self._embedder.dim):
            raise EmbedderError(
                f"{self._embedder.model} returned vectors of shape {vectors.shape} for {len(texts)} texts; "
                f"({len(texts)}, {self._embedder.dim}) was expected."
            )
        return vectors

    def _keep_sound(self, chunks: Sequence[Chunk], sound: NDArray[np.bool_]) -> list[int]:
        """Places of the chunks to store: none of a document of which a passage got no usable vector."""
        for index in np.flatnonzero(~sound).tolist():
            reason = f"{self._embedder.model} returned NaN, infinity or only zeros for a passage of it"
            self._failed[chunks[index].document_id] = reason
        return [index for index, chunk in enumerate(chunks) if chunk.document_id not in self._failed]

    def _ended(self) -> tuple[tuple[Planned, ...], tuple[Planned, ...]]:
        """The open documents of which no chunk waits any more: (finished, failed); the failed are skipped."""
        waiting = self.chunks[0].document_id if self.chunks else None
        count = 0
        while count < len(self._open) and self._open[count].document_id != waiting:
            count += 1
        ended, self._open = self._open[:count], self._open[count:]
        failed = tuple(document for document in ended if document.document_id in self._failed)
        self._skips += (Skip(id=d.document_id, reason=self._failed[d.document_id]) for d in failed)
        return tuple(document for document in ended if document.document_id not in self._failed), failed
