"""The second flow: a query as it was typed, embedded once, against every language at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigurationError, EmbedderError, FilterError, InputError
from .filters import Exists, Filter, Match, Range, metadata_filter
from .filters import where as from_fields
from .precedence import SEARCHES
from .protocols import Embedder, Readable
from .rerankers import Reranker
from .reranking import rerank as order_anew
from .text.codes import canonical_tag, language_and_variants
from .text.normalise import normalise
from .types import Hit
from .versions import GROUP, Collapse, reading

MAX_LIMIT = 1000
CANDIDATES = 50
"""Passages that a reranker reads; more cost time in proportion and hardly change the first ten."""
_SAMPLE = 5000
"""Chunks looked at to name the metadata keys that exist."""
STALE_KEYS = 5.0
"""Seconds in which a metadata key that no document has is not looked up again: it takes 0.3 s of the store's time."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """The metadata keys of a sample of the documents, and those asked for since that no document has."""

    until: float
    have: tuple[str, ...]
    lacking: set[str] = field(default_factory=set)


class Retriever:
    """Search one store with the embedder that made it, and rerank where a reranker is given and asked for.

    A metadata key that was not there when it was asked for is found `stale_keys` seconds after it came at the latest.
    """

    def __init__(
        self,
        embedder: Embedder,
        store: Readable,
        *,
        reranker: Reranker | None = None,
        stale_keys: float = STALE_KEYS,
    ) -> None:
        self._embedder = embedder
        self._store = store
        self._reranker = reranker
        self._stale_keys = stale_keys
        self._known_keys: set[str] = set()
        self._keys = _Keys(until=0, have=())

    @property
    def embedder(self) -> Embedder:
        """The model that embeds the queries."""
        return self._embedder

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
        rerank: bool = False,
        candidates: int = CANDIDATES,
        rerank_budget: float | None = None,
        reader: str | Sequence[str] | None = None,
        vector: NDArray[np.float32] | None = None,
    ) -> list[Hit]:
        """The best `limit` passages in any language, best first.

        The query is normalised (Unicode only) and embedded as typed: never translated, never routed. `languages` keeps
        only these (BCP-47 or English names; `zh` includes `zh-Hans` and `zh-Hant`), `sources` only passages of these
        (such as `files:/srv/docs`, which `store.facets("source")` lists); `filter` is the metadata language of
        `retrieval.filters`; `score_threshold` drops lower cosines; `per_document` keeps at most so many passages of
        one document. With `rerank`, the best `candidates` are ordered anew by the reranker, in at most `rerank_budget`
        seconds (see `retrieval.reranking`).

        `reader`, a language or several with the best first, shows documents that are versions of one another (the same
        `translation_group`, see `retrieval.versions`) in one language: the first of these that there is within the
        filters, else that of the group's best passage. A document counts for the language that it begins in; where that
        is not known it is always shown, and so are all documents of a group in the language that is shown. The best
        passage in that language gets the rank of the group, and so its score; `scores["dense"]` is its own cosine.

        A `vector` of the model, shape (dim,), is searched with in place of the
        query's own, which then only the reranker reads. Raises InputError on an empty query or a bad limit, FilterError
        on a language or metadata key that the index does not have, ConfigurationError when there is no reranker.
        """
        _check_limits(limit, per_document)
        reranker = self._asked(candidates, rerank_budget) if rerank else None
        wanted = limit if reranker is None else max(limit, candidates)
        languages_read = reading(reader) if reader else ()
        with SEARCHES.first():
            where = self.matching(languages, filter, sources)
            if vector is None:
                vector = self.embed(query)
            hits = self._nearest(vector, wanted, where, score_threshold, per_document, languages_read)
        if reranker is not None:
            hits = order_anew(reranker, normalise(query), hits, budget=rerank_budget)[:limit]
        return hits

    def nearest(
        self,
        vector: NDArray[np.float32],
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
    ) -> list[Hit]:
        """The passages nearest to a vector, shape (dim,), of the model of the store; all else as in `search`."""
        _check_limits(limit, per_document)
        with SEARCHES.first():
            return self._nearest(vector, limit, self.matching(languages, filter), score_threshold, per_document)

    def _nearest(
        self,
        vector: NDArray[np.float32],
        limit: int,
        where: Filter | None,
        score_threshold: float | None,
        per_document: int | None,
        reader: tuple[tuple[str, ...], ...] = (),
    ) -> list[Hit]:
        def found(count: int, within: Filter | None) -> list[Hit]:
            if per_document is None:
                return self._store.search(vector, limit=count, where=within, score_threshold=score_threshold)
            return self._grouped(vector, count, within, score_threshold, per_document)

        if reader and self._has_groups():
            hits = Collapse(self._store, found, vector, reader, where, score_threshold).search(limit)
        else:
            hits = found(limit, where)
        if not hits and where is not None and score_threshold is None:
            self._explain_nothing(where)
        return hits

    def _has_groups(self) -> bool:
        """Whether any document says which group it is in.

        With the index, 2 ms for 100,000 chunks of which none does, and 1 s without. It is made once.
        """
        if GROUP not in self._known_keys:
            self._store.index(Filter((Match(GROUP, ("",)),)), reserved=True)
            if not self._store.count(Filter((Exists(GROUP),))):
                return False
            self._known_keys.add(GROUP)
        return True

    def _asked(self, candidates: int, budget: float | None) -> Reranker:
        """The reranker, if there is one and it can be asked so."""
        if self._reranker is None:
            raise ConfigurationError(
                "No reranker is configured. Name one with the setting `reranker`, such as BAAI/bge-reranker-v2-m3, or "
                "search without rerank."
            )
        if not 1 <= candidates <= MAX_LIMIT:
            raise InputError(f"candidates is {candidates}; it must be from 1 to {MAX_LIMIT}.")
        if budget is not None and not budget > 0:
            raise InputError(f"rerank_budget is {budget}; it must be more than 0 seconds.")
        return self._reranker

    def embed(self, query: str) -> NDArray[np.float32]:
        """The query's unit vector, shape (dim,)."""
        text = normalise(query)
        if not text:
            raise InputError("The query is empty. Type at least one word.")
        vectors = self._embedder.embed_queries([text])
        if vectors.shape != (1, self._embedder.dim) or not np.isfinite(vectors).all():
            raise EmbedderError(
                f"{self._embedder.model} returned no usable vector for the query: shape {vectors.shape}, "
                f"(1, {self._embedder.dim}) of finite numbers was expected."
            )
        row: NDArray[np.float32] = vectors[0]
        return row

    def matching(
        self,
        languages: Sequence[str] | None,
        filter: Mapping[str, Any] | Filter | None,
        sources: Sequence[str] | None = None,
    ) -> Filter | None:
        """What is asked for as one filter. Raises FilterError for a metadata key that no document has."""
        where = self._where(languages, filter)
        if sources:
            where = from_fields(source=sources) & where
        if where is not None:
            self._check_keys(where)
        return where

    def _where(self, languages: Sequence[str] | None, filter: Mapping[str, Any] | Filter | None) -> Filter | None:
        where = filter if isinstance(filter, Filter) else metadata_filter(filter) if filter else None
        if languages:
            tags = [tag for name in languages for tag in language_and_variants(canonical_tag(name))]
            where = Filter((Match("language", tuple(dict.fromkeys(tags))),)) & where
        return where

    def _grouped(
        self,
        vector: NDArray[np.float32],
        limit: int,
        where: Filter | None,
        score_threshold: float | None,
        per_document: int,
    ) -> list[Hit]:
        """Ask again without the documents that are full, until there are enough hits."""
        wanted = limit * 4
        done: list[Hit] = []
        while True:
            found = self._store.search(vector, limit=wanted, where=where, score_threshold=score_threshold)
            groups: dict[str, list[Hit]] = {}
            for hit in found:
                groups.setdefault(hit.chunk.document_id, []).append(hit)
            full = {document: hits for document, hits in groups.items() if len(hits) >= per_document}
            part = [hit for document, hits in groups.items() if document not in full for hit in hits]
            done += (hit for hits in full.values() for hit in hits[:per_document])
            if len(done) + len(part) >= limit or len(found) < wanted:
                return sorted(done + part, key=lambda hit: (-hit.score, hit.chunk.id))[:limit]
            where = Filter(must_not=(Match("document_id", tuple(full)),)) & where

    def _check_keys(self, where: Filter) -> None:
        """Raise FilterError for a metadata key that no document has. Looked up once per key: it reads all payloads."""
        for condition in where.conditions():
            key = getattr(condition, "key", "")
            if not key.startswith("metadata.") or key in self._known_keys:
                continue
            now, keys, name = time.monotonic(), self._keys, key.removeprefix("metadata.")
            if now < keys.until and key in keys.lacking:
                raise _unknown(name, keys)
            if self._store.count(Filter((Exists(key),))):
                self._known_keys.add(key)
                self._store.index(where)
            elif self._store.count():
                keys = self._sampled(now)
                keys.lacking.add(key)
                raise _unknown(name, keys)

    def _sampled(self, now: float) -> _Keys:
        if now >= self._keys.until:
            sample = islice(self._store.scan(), _SAMPLE)
            have = {name for stored in sample for name in stored.chunk.metadata}
            self._keys = _Keys(until=now + self._stale_keys, have=tuple(sorted(have)))
        return self._keys

    def _explain_nothing(self, where: Filter) -> None:
        """Raise FilterError when a condition can match nothing in this store; say what would."""
        for condition in where.must:
            if not isinstance(condition, (Match, Range)):
                continue
            if condition.key == "language" and isinstance(condition, Match):
                present = self._store.facets("language")
                if present and not any(value in present for value in condition.values):
                    raise FilterError(
                        f"This index has nothing in {', '.join(map(str, condition.values))}. "
                        f"It has: {', '.join(sorted(present))}."
                    )
            elif condition.key.startswith("metadata."):
                self._explain_type(condition)

    def _explain_type(self, condition: Match | Range) -> None:
        key = condition.key.removeprefix("metadata.")
        stored = next(self._store.scan(Filter((Exists(condition.key),))), None)
        value = stored.chunk.metadata.get(key) if stored is not None else None
        value = value[0] if isinstance(value, list) and value else value
        bounds = (condition.gte, condition.gt, condition.lte, condition.lt) if isinstance(condition, Range) else ()
        asked = condition.values[0] if isinstance(condition, Match) else next(b for b in bounds if b is not None)
        if value is None or isinstance(value, Mapping) or _kind(value) == _kind(asked):
            return
        raise FilterError(
            f"{key!r} holds {_kind(value)} values such as {value!r}; the filter asks for the {_kind(asked)} {asked!r}."
        )


def _unknown(name: str, keys: _Keys) -> FilterError:
    have = f"It has: {', '.join(keys.have)}." if keys.have else "Its documents have no metadata."
    return FilterError(f"No document of this index has the metadata key {name!r}. {have}")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true/false"
    return "number" if isinstance(value, (int, float)) else "text"


def _check_limits(limit: int, per_document: int | None) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"limit is {limit}; it must be from 1 to {MAX_LIMIT}.")
    if per_document is not None and per_document < 1:
        raise InputError(f"per_document is {per_document}; it must be 1 or more.")
