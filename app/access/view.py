"""An index as one key sees it: what servers hand to those who ask. Each method applies the key's filter."""

from __future__ import annotations

import uuid
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...connectors.report import Report
from ...connectors.sources import Source
from ...retrieval.errors import InputError
from ...retrieval.filters import Filter, Match, where
from ...retrieval.protocols import Readable
from ...retrieval.retriever import CANDIDATES, Retriever
from ...retrieval.stores.answers import FIRST_CHUNK
from ...retrieval.stores.filtered import FilteredStore
from ...retrieval.types import Chunk, Hit
from ..generation import Generation
from ..index import Index
from ..wiring import connector_of
from . import reading
from .keys import Key
from .reading import MAX_PAGE, MAX_SAMPLE, check_limit
from .values import Overview, Sample, StoredDocument, Summary
from .writing import KeyConnector

if TYPE_CHECKING:
    from ...connectors.ingestor import Progress  # loads what documents are cut with


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some documents; `next` asks for those after them, None at the end."""

    documents: tuple[Summary, ...]
    next: str | None


class View:
    """One index, and one key: search, read, write and delete what the key may. Safe to share between threads.

    What the key may not see does not exist here: not in results, counts and facets, nor in what errors name. The
    scopes of the key are not looked at, since they belong to routes; only `overview` tells an admin key more.
    """

    def __init__(self, index: Index, key: Key) -> None:
        self._index = index
        self.key = key
        self._retrievers: weakref.WeakKeyDictionary[Generation, Retriever] = weakref.WeakKeyDictionary()

    @property
    def model(self) -> str:
        """Name of the model in force."""
        return self._index.embedder.model

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
    ) -> list[Hit]:
        """The best passages in any language; see `Retriever.search`."""
        with self._index.using() as current:
            return self._retriever(current).search(
                query,
                limit=limit,
                languages=languages,
                sources=sources,
                filter=filter,
                score_threshold=score_threshold,
                per_document=per_document,
                rerank=rerank,
                candidates=candidates,
                rerank_budget=rerank_budget,
                reader=reader,
            )

    def similar(
        self,
        document_id: str,
        ordinal: int,
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        per_document: int | None = None,
    ) -> list[Hit] | None:
        """The passages of other documents that are nearest to a stored one, by its vector; None where there is none.

        `document_id` as in `document`, `ordinal` is the place in it; all else as in `Retriever.search`.
        """
        with self._index.using() as current:
            retriever = self._retriever(current)
            found = reading.passage(self._visible(current), self._names(document_id), ordinal)
            if found is None:
                return None
            assert found.vector is not None  # it was asked for
            others = Filter(must_not=(Match("document_id", (found.chunk.document_id,)),))
            wanted = others & retriever.matching(languages, filter)
            return retriever.nearest(found.vector, limit=limit, filter=wanted, per_document=per_document)

    def languages(self) -> dict[str, int]:
        """Passages per language tag, most first."""
        with self._index.using() as current:
            return self._visible(current).facets("language")

    def facets(self, name: str) -> dict[str, int]:
        """Passages per value of `language` or of a key of the metadata, most first. Raises FilterError."""
        with self._index.using() as current:
            return self._visible(current).facets(name if name == "language" else f"metadata.{name}")

    def counts(self) -> tuple[int, int]:
        """How many documents and passages there are."""
        with self._index.using() as current:
            visible = self._visible(current)
            return visible.count(FIRST_CHUNK), visible.count()

    def documents(self, *, after: str | None = None, limit: int = 100) -> Page:
        """A page of the documents, in a fixed order; `after` is `next` of the page before. Raises InputError."""
        check_limit(limit, MAX_PAGE)
        with self._index.using() as current:
            firsts = self._visible(current).scan(FIRST_CHUNK, after=None if after is None else _cursor(after))
            chunks = [stored.chunk for stored in islice(firsts, limit + 1)]
        documents = tuple(
            Summary(
                id=chunk.document_id,
                title=chunk.title,
                url=chunk.url,
                language=chunk.language,
                passages=1 if chunk.origin is None else chunk.origin.chunks,
                updated=None if chunk.origin is None else chunk.origin.updated,
            )
            for chunk in chunks[:limit]
        )
        return Page(documents=documents, next=chunks[limit - 1].id if len(chunks) > limit else None)

    def document(self, document_id: str) -> StoredDocument | None:
        """One document with its passages, by its id or by what follows the key's prefix; None where there is none."""
        with self._index.using() as current:
            for name in self._names(document_id):
                found = [stored.chunk for stored in self._visible(current).scan(where(document_id=name))]
                if found:
                    return _document(found)
        return None

    def chunks(self) -> Iterator[Chunk]:
        """Every passage, in a fixed order, for an export."""
        with self._index.using() as current:
            for stored in self._visible(current).scan():
                yield stored.chunk

    def sample(self, limit: int = 500) -> Sample:
        """A uniform sample of the passages, the same each time while they are; all where there are no more than that.

        It is the first `limit` in order of id: ids are digests, so that their order says nothing of what they stand
        for, and a larger sample holds the smaller. Raises InputError for a limit over 2,000.
        """
        check_limit(limit, MAX_SAMPLE)
        with self._index.using() as current:
            return reading.sample(self._visible(current), limit, current.embedder.dim)

    def overview(self) -> Overview:
        """Documents and passages, by language and by source; a document counts for the language that it begins in.

        Only an admin key is told the sources: they name folders of this machine and other keys.
        """
        with self._index.using() as current:
            return reading.overview(self._visible(current), sources=self.key.allows("admin"))

    def unsure(self, limit: int = 50) -> list[Chunk]:
        """Passages whose language is not known, or told with a confidence below 0.95, the first `limit` by id.

        That is where both identifiers do not agree on it, see `retrieval.text.identify`. Raises InputError.
        """
        check_limit(limit, MAX_PAGE)
        with self._index.using() as current:
            return reading.unsure(self._visible(current), limit)

    def ingest(self, source: Source, *, progress: Progress | None = None) -> Report:
        """Add and update documents; what is not in `source` is kept.

        Their ids get the key's prefix, and what its filter asks for is written into their metadata; a document that
        says otherwise is skipped. Raises what `Index.ingest` raises.
        """
        connector = KeyConnector(inner=connector_of(source, self._index.settings), key=self.key)
        return self._index.ingest(connector, delete=False, progress=progress)

    def delete(self, *document_ids: str) -> int:
        """Delete documents by id or by what follows the key's prefix; how many passages that removed.

        Of a key with a filter, only documents that it may write: those under its prefix. Raises InputError for what may
        be either of two documents, and deletes none then.
        """
        if not document_ids:
            return 0
        for name in document_ids:
            self._check_meant(name)
        return self._index.delete(*(self.key.own(name) for name in document_ids), within=self.key.filter)

    def _check_meant(self, document_id: str) -> None:
        own = self.key.own(document_id)
        if own == document_id:
            return
        with self._index.using() as current:
            visible = self._visible(current)
            if all(visible.count(FIRST_CHUNK & where(document_id=name)) for name in (own, document_id)):
                raise InputError(
                    f"{document_id!r} may be {own!r} or the document of that very id, which this key cannot delete. "
                    f"To delete the former, name it in full."
                )

    def _names(self, document_id: str) -> tuple[str, ...]:
        """The ids that may be meant: under the key's prefix, and as it is."""
        return tuple(dict.fromkeys((self.key.own(document_id), document_id)))

    def _visible(self, generation: Generation) -> Readable:
        return generation.store if self.key.filter is None else FilteredStore(generation.store, self.key.filter)

    def _retriever(self, generation: Generation) -> Retriever:
        """Kept as long as the generation, since it remembers which keys of the metadata there are."""
        if self.key.filter is None:
            return generation.retriever
        found = self._retrievers.get(generation)
        if found is None:
            visible = self._visible(generation)
            visible.index(self.key.filter)
            found = Retriever(generation.embedder, visible, reranker=generation.reranker)
            self._retrievers[generation] = found
        return found


def _document(chunks: Sequence[Chunk]) -> StoredDocument:
    """The version of which the most chunks are stored; there are two while a changed document is being written."""
    versions = Counter(chunk.origin for chunk in chunks)
    newest = max(versions, key=lambda origin: (versions[origin], "" if origin is None else origin.digest))
    passages = sorted((chunk for chunk in chunks if chunk.origin == newest), key=lambda chunk: chunk.ordinal)
    first = passages[0]
    languages = Counter(chunk.language for chunk in passages)
    return StoredDocument(
        id=first.document_id,
        title=first.title,
        url=first.url,
        languages=dict(languages.most_common()),
        metadata=first.metadata,
        passages=tuple(passages),
    )


def _cursor(after: str) -> str:
    try:
        return str(uuid.UUID(after))
    except ValueError:
        raise InputError(f"{after!r} is not the `next` of a page of documents.") from None
