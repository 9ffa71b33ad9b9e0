"""Two models on the same chunks: how alike their results are, and how often each finds the passage asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from .errors import EmbedderError
from .filters import where
from .protocols import Embedder, Store
from .text.normalise import normalise
from .text.sentences import as_query

TOP = 10
"""Results that are compared."""
OWN = "your queries"
"""What queries of the user's own are listed under."""
_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query for comparing: `chunk_id` is the passage that it was taken from, None for one of the user's own."""

    text: str
    language: str
    chunk_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageComparison:
    """The two models on the queries of one language.

    `overlap` is the mean share, from 0 to 1, of the first 10 results that are the same. `before_first` and
    `after_first` are how many queries have the passage that they were taken from in first place, `…_top` among the
    first 10; None for the user's own queries. What was in force is None all through when its model is not at hand.
    """

    language: str
    queries: int
    overlap: float | None
    before_first: int | None
    before_top: int | None
    after_first: int | None
    after_top: int | None


def sample(store: Store, count: int) -> list[Query]:
    """About `count` queries out of the stored chunks, the same for each language, ordered by language and chunk id.

    Ids are made of a hash, so the first ones of a language are a random sample that is the same each time.
    """
    languages = sorted(store.facets("language")) if count > 0 else []
    each = max(1, count // max(1, len(languages)))
    queries = [
        Query(text=as_query(stored.chunk.text), language=language, chunk_id=stored.chunk.id)
        for language in languages
        for stored in islice(store.scan(where(language=language)), each)
    ]
    return [query for query in queries if normalise(query.text)]


def own_queries(texts: Sequence[str]) -> list[Query]:
    """The user's own queries; empty ones are left out."""
    return [Query(text=text, language=OWN) for text in texts if normalise(text)]


def compare(
    queries: Sequence[Query], *, before: tuple[Embedder, Store] | None, after: tuple[Embedder, Store]
) -> tuple[LanguageComparison, ...]:
    """The two on `queries`, a line per language in the order of the queries; `before` is None if it cannot be asked."""
    new = _results(queries, *after)
    old = _results(queries, *before) if before is not None else None
    lines: dict[str, list[int]] = {}
    for number, query in enumerate(queries):
        lines.setdefault(query.language, []).append(number)
    return tuple(_line(language, [queries[n] for n in numbers],
                       None if old is None else [old[n] for n in numbers], [new[n] for n in numbers])
                 for language, numbers in lines.items())  # fmt: skip


def _line(
    language: str, queries: Sequence[Query], old: Sequence[list[str]] | None, new: Sequence[list[str]]
) -> LanguageComparison:
    expected = [query.chunk_id for query in queries]
    before_first, before_top = _found(expected, old)
    after_first, after_top = _found(expected, new)
    return LanguageComparison(
        language=language,
        queries=len(queries),
        overlap=None if old is None else float(np.mean([_overlap(*pair) for pair in zip(old, new, strict=True)])),
        before_first=before_first,
        before_top=before_top,
        after_first=after_first,
        after_top=after_top,
    )


def _found(expected: Sequence[str | None], results: Sequence[list[str]] | None) -> tuple[int | None, int | None]:
    """How often the passage is the first, and among the first 10."""
    if results is None or None in expected:
        return None, None
    pairs = list(zip(expected, results, strict=True))
    return sum(found[:1] == [wanted] for wanted, found in pairs), sum(wanted in found for wanted, found in pairs)


def _overlap(first: Sequence[str], second: Sequence[str]) -> float:
    most = max(len(first), len(second))
    return len(set(first) & set(second)) / most if most else 1.0


def _results(queries: Sequence[Query], embedder: Embedder, store: Store) -> list[list[str]]:
    """Ids of the first results of each query."""
    results = []
    texts = [normalise(query.text) for query in queries]
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        vectors = embedder.embed_queries(batch)
        if vectors.shape != (len(batch), embedder.dim) or not np.isfinite(vectors).all():
            raise EmbedderError(
                f"{embedder.model} returned no usable vectors for {len(batch)} queries: shape {vectors.shape}, "
                f"({len(batch)}, {embedder.dim}) of finite numbers was expected."
            )
        results += [[hit.chunk.id for hit in store.search(vector, limit=TOP)] for vector in vectors]
    return results
