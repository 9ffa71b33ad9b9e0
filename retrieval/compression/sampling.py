"""Chunks of every language with their vectors, and a sentence of each as a query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..filters import where
from ..protocols import Embedder, Store
from ..text.sentences import as_query
from ..types import Chunk, Matrix

STORED = 10_000
"""Chunks taken out of a store."""
EMBEDDED = 1_500
"""Chunks embedded for this alone: half a minute for the bundled model."""
QUERIES = 50
"""Queries of a language."""
_FEWEST = 25  # chunks of a language, where it has so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Chunks with their vectors, shape (n, dim), and queries with the place of the chunk that each is taken from."""

    chunks: tuple[Chunk, ...]
    vectors: Matrix
    queries: tuple[str, ...]
    own: NDArray[np.int64]


def stored(store: Store, *, most: int = STORED) -> Sample:
    """About `most` chunks of a store, each language in proportion.

    The first of each in the order of the ids, which are hashes: a random choice that is the same every time.

    Raises:
        InputError: the store is empty.
    """
    counts = store.facets("language")
    found = [
        each
        for language, count in _shares(counts, most).items()
        for each in islice(store.scan(where(language=language), vectors=True), count)
    ]
    vectors = [each.vector for each in found if each.vector is not None]
    return _sample([each.chunk for each in found if each.vector is not None], np.array(vectors, dtype=np.float32))


def embedded(chunks: Iterable[Chunk], embedder: Embedder, *, most: int = EMBEDDED) -> Sample:
    """About `most` of the chunks, chosen like those of a store, embedded for this.

    Raises:
        InputError: there are none.
    """
    of_language: dict[str, list[Chunk]] = {}
    for chunk in sorted(chunks, key=lambda chunk: chunk.id):
        of_language.setdefault(chunk.language, []).append(chunk)
    counts = Counter({language: len(found) for language, found in of_language.items()})
    chosen = [
        chunk
        for language, count in _shares(dict(counts.most_common()), most).items()
        for chunk in of_language[language][:count]
    ]
    return _sample(chosen, embedder.embed_passages([chunk.text for chunk in chosen]))


def _shares(counts: Mapping[str, int], most: int) -> dict[str, int]:
    """How many chunks to take of each language."""
    total = sum(counts.values())
    if not total:
        raise InputError("There is nothing to measure: no passages were found. Ingest some documents first.")
    return {language: min(count, max(_FEWEST, round(most * count / total))) for language, count in counts.items()}


def _sample(chunks: list[Chunk], vectors: Matrix) -> Sample:
    queries: list[str] = []
    own: list[int] = []
    asked: Counter[str] = Counter()
    for place, chunk in enumerate(chunks):
        if asked[chunk.language] < QUERIES and (query := as_query(chunk.text)):
            queries.append(query)
            own.append(place)
            asked[chunk.language] += 1
    return Sample(chunks=tuple(chunks), vectors=vectors, queries=tuple(queries), own=np.array(own, dtype=np.int64))
