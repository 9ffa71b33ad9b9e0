"""A store of ours as a vector store of LangChain."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore, VectorStoreRetriever

from ...errors import InputError
from ...filters import Filter, where
from ...manifest import Quantization
from ...protocols import Store
from ...types import Chunk, Hit, Matrix
from ..parts import Indexed, Pair, Parts, open_pair, refuse, write
from ..vectors import BATCH, by_id, most_diverse
from .documents import SOURCE, point_id, point_ids, to_chunks, to_document
from .embeddings import embedder_of, embeddings_of
from .vectors import DeletedVectors, vectors_of

_SEARCH = "k, filter, languages and score_threshold"


class InterlinguaVectorStore(VectorStore):
    """LangChain's documents in an index, each one a chunk with its language; and the search over all that it holds.

        InterlinguaVectorStore(interlingua.open("folder"))
        InterlinguaVectorStore.from_texts(["Der Drucker druckt nicht."], OpenAIEmbeddings(), store="folder")

    Any string is an id, and adding the same id again replaces its document. Metadata come back as they were given, but
    for dates, which come back as ISO 8601 strings, and tuples, as lists. A document is one vector: split long ones
    first. What `Index.ingest` has brought in is found too, as documents by the id of the chunk.

    Every search takes `filter` (the language of `retrieval.filters`), `languages` (BCP-47 tags or English names) and
    `score_threshold`; scores are cosines, in [-1, 1]. An option that a method does not know is a ConfigurationError.
    The async methods do the same in a thread. Methods raise what `Retriever.search` and `Store` raise.

    Args:
        index: an `interlingua.Index`, which stays its owner's to close, or a `Pair`.
        language_key: key of the metadata in which a document's language is stated (BCP-47), such as `language`;
            where it says nothing, and with None, the language is detected.
    """

    def __init__(self, index: Indexed, *, language_key: str | None = None) -> None:
        self._index = index
        self._language_key = language_key
        self._deleted = DeletedVectors()

    @classmethod
    def open(
        cls,
        store: Store | str | Path | None,
        embedding: Embeddings,
        *,
        quantization: Quantization = "int8",
        language_key: str | None = None,
    ) -> Self:
        """The vector store in `store`: one of ours, a folder, or the URL of a Qdrant server; None: in memory.

        It is created, or opened if `embedding` made it. Raises ManifestError with both values when another model did,
        StoreLockedError when another process has the folder open. `close` when done.
        """
        pair = open_pair(store, embedder_of(embedding), quantization=quantization)
        return cls(pair, language_key=language_key)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        store: Store | str | Path | None = None,
        quantization: Quantization = "int8",
        language_key: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """`open`, and add these texts."""
        refuse(kwargs, "from_texts", "metadatas, ids, store, quantization and language_key")
        opened = cls.open(store, embedding, quantization=quantization, language_key=language_key)
        opened.add_texts(texts, metadatas, ids=ids)
        return opened

    @property
    def embeddings(self) -> Embeddings:
        """What embeds texts and queries."""
        return embeddings_of(self._index.embedder)

    def close(self) -> None:
        """Close the store that `open` or `from_texts` opened, or that of a Pair; an Index is its owner's to close."""
        if isinstance(self._index, Pair):
            self._index.store.close()

    def add_documents(
        self,
        documents: list[Document],
        *,
        ids: Sequence[str | None] | None = None,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add documents, or replace those of the same id; their ids, in order. The documents are not changed.

        An id is the one in `ids`, else the document's own, else a new one; of two documents of one id the last counts.
        A text that the store has under its id, or that was deleted a moment ago, is not embedded again. `batch_size` is
        LangChain's and has no effect. Raises InputError for metadata or ids that cannot be stored.
        """
        refuse(kwargs, "add_documents", "ids")
        if ids is not None and len(ids) != len(documents):
            raise InputError(f"There are {len(ids)} ids for {len(documents)} documents. Give one for each, or None.")
        wanted = [
            document.id if given is None else given
            for given, document in zip(ids or [None] * len(documents), documents, strict=True)
        ]
        names = [str(uuid.uuid4()) if name is None else name for name in wanted]
        chunks = to_chunks(dict(zip(names, documents, strict=True)), language_key=self._language_key)
        known = {name for name in wanted if name is not None}
        for start in range(0, len(chunks), BATCH):
            batch = chunks[start : start + BATCH]
            write(self._index, batch, partial(self._vectors_of, batch, known))
        return names

    def _vectors_of(self, chunks: Sequence[Chunk], known: set[str], parts: Parts) -> Matrix:
        stored = [chunk.id for chunk in chunks if chunk.document_id in known]
        return vectors_of(chunks, parts.embedder, parts.store, stored=stored, deleted=self._deleted)

    def delete(self, ids: Sequence[str] | None = None, **kwargs: Any) -> bool:
        """Delete documents by id; unknown ids are nothing to delete. True.

        None deletes all that was added through LangChain; what `Index.ingest` brought in stays.
        """
        refuse(kwargs, "delete", "ids")
        with self._index.using(writing=True) as parts:
            if ids is None:
                parts.store.delete(where(source=SOURCE))
                return True
            for matching in by_id(point_ids(ids)):
                for stored in parts.store.scan(matching, vectors=True):
                    if stored.vector is not None:
                        self._deleted.keep(parts.embedder.fingerprint, stored.chunk.text, stored.vector)
                parts.store.delete(matching)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids, in the order asked for, each once; unknown ids are left out."""
        with self._index.using() as parts:
            chunks = {s.chunk.id: s.chunk for matching in by_id(point_ids(ids)) for s in parts.store.scan(matching)}
        found: dict[str, Chunk] = {}
        for name in ids:
            chunk = chunks.get(point_id(name)) or chunks.get(name)
            if chunk is not None:
                found.setdefault(chunk.id, chunk)
        return [to_document(chunk) for chunk in found.values()]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The `k` documents nearest to the query, best first; `filter`, `languages`, `score_threshold`."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        *,
        filter: Mapping[str, Any] | Filter | None = None,
        languages: Sequence[str] | None = None,
        score_threshold: float | None = None,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """The `k` nearest documents with their cosines, best first, ties by the id of the chunk."""
        refuse(kwargs, "A search", _SEARCH)
        with self._index.using() as parts:
            hits = parts.retriever.search(
                query, limit=k, filter=filter, languages=languages, score_threshold=score_threshold
            )
        return [(to_document(hit.chunk), hit.score) for hit in hits]

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        """The `k` documents nearest to a vector of the model, of `dim` numbers, best first."""
        with self._index.using() as parts:
            return [to_document(hit.chunk) for hit in _nearest(parts, embedding, k, **kwargs)]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """`k` of the `fetch_k` nearest documents that are relevant and unlike one another, in the order picked.

        `lambda_mult` in [0, 1] is the weight of the relevance: at 1 the search alone decides, at 0 the difference.
        """
        with self._index.using() as parts:
            return _diverse(parts, parts.retriever.embed(query).tolist(), k, fetch_k, lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """`max_marginal_relevance_search` with a vector of the model, of `dim` numbers."""
        with self._index.using() as parts:
            return _diverse(parts, embedding, k, fetch_k, lambda_mult, **kwargs)

    def as_retriever(self, **kwargs: Any) -> VectorStoreRetriever:
        """LangChain's retriever over this store; `InterlinguaRetriever` does more.

        `k`, `filter`, `languages` and the other options of a search may be given here as well as in `search_kwargs`:
        LangChain itself drops them without a word.
        """
        known = set(VectorStoreRetriever.model_fields)
        options = {name: value for name, value in kwargs.items() if name not in known}
        rest = {name: value for name, value in kwargs.items() if name in known}
        return super().as_retriever(**{**rest, "search_kwargs": {**rest.get("search_kwargs", {}), **options}})

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        """The cosine itself, with 0 for those below: relevance is in [0, 1], and no other number than the score."""
        return lambda cosine: min(max(cosine, 0.0), 1.0)


def _nearest(
    parts: Parts,
    embedding: Sequence[float],
    k: int,
    *,
    filter: Mapping[str, Any] | Filter | None = None,
    languages: Sequence[str] | None = None,
    score_threshold: float | None = None,
    **kwargs: Any,
) -> list[Hit]:
    refuse(kwargs, "A search", _SEARCH)
    return parts.retriever.nearest(
        np.asarray(embedding, np.float32),
        limit=k,
        filter=filter,
        languages=languages,
        score_threshold=score_threshold,
    )


def _diverse(
    parts: Parts, embedding: Sequence[float], k: int, fetch_k: int, lambda_mult: float, **kwargs: Any
) -> list[Document]:
    if not 0 <= lambda_mult <= 1:
        raise InputError(f"lambda_mult is {lambda_mult}; it must be from 0 to 1.")
    hits = _nearest(parts, embedding, max(k, fetch_k), **kwargs)
    return [to_document(hit.chunk) for hit in most_diverse(hits, parts.store, limit=k, weight=lambda_mult)]
