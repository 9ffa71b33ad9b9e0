"""A store of ours as a vector store of LlamaIndex."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from numpy.typing import NDArray
from pydantic import ConfigDict, PrivateAttr

from ...errors import InputError, VectorError
from ...filters import Filter, Ids, metadata_filter, where
from ...manifest import Quantization
from ...protocols import Embedder, Store
from ...retriever import MAX_LIMIT
from ...types import Matrix
from ..parts import Indexed, Pair, Parts, open_pair, refuse, write
from ..vectors import BATCH, by_id, most_diverse
from .embedding import embedder_of, embedding_of
from .filters import to_filter
from .nodes import SOURCE, point_ids, to_chunks, to_node
from .vectors import check_dimensions, check_model, vectors_of

_TAKES = "languages, filter, score_threshold, per_document, mmr_threshold and mmr_prefetch_k"


class InterlinguaVectorStore(BasePydanticVectorStore):
    """LlamaIndex's nodes in an index, each one a chunk with its language; and the search over all that it holds.

        store = InterlinguaVectorStore.open("folder", InterlinguaEmbedding())
        VectorStoreIndex.from_vector_store(store, embed_model=store.embed_model)

    Any string is an id, and adding the same id again replaces its node. Nodes come back as they were given, but for
    dates in their metadata, which come back as ISO 8601 strings, and tuples, as lists. Vectors are those of the nodes;
    a node without one is embedded here. What `Index.ingest` has brought in is found too, by the id of the chunk.

    The async methods do the same in a thread. Methods raise what `Retriever.search` and `Store` raise.

    Args:
        index: an `interlingua.Index`, which stays its owner's to close, or a `Pair`.
        language_key: key of the metadata in which a node's language is stated (BCP-47), such as `language`; where it
            says nothing, and with None, the language is detected.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    stores_text: bool = True
    flat_metadata: bool = False
    language_key: str | None = None

    _index: Indexed = PrivateAttr()
    _known: Embedder | None = PrivateAttr(default=None)

    def __init__(self, index: Indexed, *, language_key: str | None = None) -> None:
        super().__init__(stores_text=True)
        self.language_key = language_key
        self._index = index

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex calls it in what it writes."""
        return "InterlinguaVectorStore"

    @classmethod
    def open(
        cls,
        store: Store | str | Path | None,
        embed_model: BaseEmbedding,
        *,
        quantization: Quantization = "int8",
        language_key: str | None = None,
    ) -> Self:
        """The vector store in `store`: one of ours, a folder, or the URL of a Qdrant server; None: in memory.

        It is created, or opened if `embed_model` made it. Raises ManifestError with both values when another model did,
        StoreLockedError when another process has the folder open. `close` when done.
        """
        return cls(open_pair(store, embedder_of(embed_model), quantization=quantization), language_key=language_key)

    @property
    def client(self) -> Store:
        """The store in force."""
        with self._index.using() as parts:
            return parts.store

    @property
    def embed_model(self) -> BaseEmbedding:
        """What its vectors are made with."""
        return embedding_of(self._index.embedder)

    def close(self) -> None:
        """Close the store that `open` opened, or that of a Pair; an Index is its owner's to close."""
        if isinstance(self._index, Pair):
            self._index.store.close()

    def add(self, nodes: Sequence[BaseNode], **add_kwargs: Any) -> list[str]:
        """Add nodes, or replace those of the same id; their ids, in order. The nodes are not changed.

        Of two nodes of one id the last counts. Raises VectorError for a vector of another dimension, ManifestError for
        one of another model (looked for in the first node that is ever added), InputError for metadata or ids that
        cannot be stored; nothing is written then.
        """
        refuse(add_kwargs, "add", "nodes")
        check_dimensions(nodes, self._index.embedder)
        named = {node.node_id: node for node in nodes}
        chunks, rest = to_chunks(named, language_key=self.language_key), list(named.values())
        for start in range(0, len(chunks), BATCH):
            batch = slice(start, start + BATCH)
            write(self._index, chunks[batch], partial(self._vectors_of, rest[batch]))
        return [node.node_id for node in nodes]

    def _vectors_of(self, nodes: Sequence[BaseNode], parts: Parts) -> Matrix:
        if self._known is not parts.embedder and check_model(nodes, parts.embedder):
            self._known = parts.embedder
        return vectors_of(nodes, parts.embedder)

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes of this document; a node that names no document goes by its own id."""
        refuse(delete_kwargs, "delete", "ref_doc_id")
        with self._index.using(writing=True) as parts:
            parts.store.delete(where(document_id=ref_doc_id))

    def delete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Delete the nodes of these ids that match. Raises InputError without either: `clear` deletes all."""
        refuse(delete_kwargs, "delete_nodes", "node_ids and filters")
        if node_ids is None and to_filter(filters) in (None, Filter()):
            raise InputError("delete_nodes needs node_ids or filters. To delete all nodes: clear().")
        with self._index.using(writing=True) as parts:
            for matching in _matching(parts, node_ids, filters):
                parts.store.delete(matching)

    def clear(self) -> None:
        """Delete all that was added through LlamaIndex; what `Index.ingest` brought in stays."""
        with self._index.using(writing=True) as parts:
            parts.store.delete(where(source=SOURCE))

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """The nodes of these ids that match, in the order asked for; without ids all that match, by id of the chunk."""
        with self._index.using() as parts:
            chunks = [stored.chunk for one in _matching(parts, node_ids, filters) for stored in parts.store.scan(one)]
        place = {point: place for place, name in enumerate(node_ids or []) for point in point_ids([name])}
        return [to_node(chunk) for chunk in sorted(chunks, key=lambda chunk: place.get(chunk.id, 0))]

    def query(
        self,
        query: VectorStoreQuery,
        *,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
        mmr_threshold: float | None = None,
        mmr_prefetch_k: int | None = None,
        **kwargs: Any,
    ) -> VectorStoreQueryResult:
        """The nearest nodes with their cosines, best first; in the mode MMR relevant and unlike one another.

        The keywords come from the `vector_store_kwargs` of LlamaIndex's retriever: `languages`, `filter`,
        `score_threshold` and `per_document` as in `Retriever.search`; `mmr_threshold` in [0, 1], the weight of the
        relevance (0.5), and `mmr_prefetch_k`, how many nodes to choose among (four times as many as asked for).
        Raises InputError for a mode that no store serves.
        """
        refuse(kwargs, "query", _TAKES)
        if query.mode not in (VectorStoreQueryMode.DEFAULT, VectorStoreQueryMode.MMR):
            raise InputError(f"The mode {query.mode.value!r} cannot be served. Use 'default' or 'mmr'.")
        if query.output_fields or query.embedding_field:
            raise InputError(
                "output_fields and embedding_field cannot be served: whole nodes come back, of one vector."
            )
        diverse = query.mode == VectorStoreQueryMode.MMR
        limit = query.similarity_top_k
        among = max(limit, mmr_prefetch_k or min(4 * limit, MAX_LIMIT)) if diverse else limit
        with self._index.using() as parts:
            hits = parts.retriever.nearest(
                _vector(parts, query),
                limit=among,
                languages=languages,
                filter=_asked(query, filter),
                score_threshold=score_threshold,
                per_document=per_document,
            )
            if diverse:
                weight = _weight(mmr_threshold if mmr_threshold is not None else query.mmr_threshold)
                hits = most_diverse(hits, parts.store, limit=limit, weight=weight)
        nodes = [to_node(hit.chunk) for hit in hits]
        return VectorStoreQueryResult(
            nodes=nodes, similarities=[hit.score for hit in hits], ids=[node.node_id for node in nodes]
        )

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """See `add`."""
        return await asyncio.to_thread(self.add, nodes, **kwargs)

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """See `delete`."""
        await asyncio.to_thread(self.delete, ref_doc_id, **delete_kwargs)

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """See `delete_nodes`."""
        await asyncio.to_thread(self.delete_nodes, node_ids, filters, **delete_kwargs)

    async def aclear(self) -> None:
        """See `clear`."""
        await asyncio.to_thread(self.clear)

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """See `get_nodes`."""
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """See `query`."""
        return await asyncio.to_thread(self.query, query, **kwargs)


def _vector(parts: Parts, query: VectorStoreQuery) -> NDArray[np.float32]:
    """What is searched with, shape (dim,): the query's embedding, or that of its text."""
    if query.query_embedding is None:
        return parts.retriever.embed(query.query_str or "")
    if len(query.query_embedding) != parts.embedder.dim:
        raise VectorError(
            f"The query's embedding has {len(query.query_embedding)} dimensions; this store holds those of "
            f"{parts.embedder.model}, of {parts.embedder.dim}. Give the index the embed_model of the store."
        )
    return np.asarray(query.query_embedding, np.float32)


def _asked(query: VectorStoreQuery, filter: Mapping[str, Any] | Filter | None) -> Filter | None:
    """All that the query asks of a node, as one filter."""
    asked = metadata_filter(filter) if filter is not None and not isinstance(filter, Filter) else filter
    for one in (
        to_filter(query.filters),
        where(document_id=query.doc_ids) if query.doc_ids else None,
        Filter((Ids(point_ids(query.node_ids)),)) if query.node_ids else None,
    ):
        asked = one & asked if one is not None else asked
    return asked


def _weight(threshold: float | None) -> float:
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"mmr_threshold is {threshold}; it must be from 0 to 1.")
    return 0.5 if threshold is None else threshold


def _matching(parts: Parts, node_ids: Sequence[str] | None, filters: MetadataFilters | None) -> list[Filter]:
    """Filters that together match the nodes of these ids, or all without ids, that `filters` match."""
    asked = parts.retriever.matching(None, to_filter(filters))
    if node_ids is None:
        return [asked or Filter()]
    return [one & asked for one in by_id(point_ids(node_ids))]
