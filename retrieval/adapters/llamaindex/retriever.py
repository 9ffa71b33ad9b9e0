"""The search of an index as a retriever of LlamaIndex."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import IndexNode, NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import MetadataFilters
from numpy.typing import NDArray

from ...errors import ConfigurationError
from ...filters import Filter
from ...text.normalise import normalise
from ..parts import Searcher
from ..vectors import checked
from .filters import to_filter
from .nodes import to_passage


class InterlinguaRetriever(BaseRetriever):
    """Passages in any language for a query in any language.

        InterlinguaRetriever(interlingua.open("folder"), limit=5).retrieve("paper jam")

    Nodes come best first, with id, offsets and source of the passage, the metadata of their document and, under the key
    `interlingua`, what is known of the passage (see `nodes.to_passage`). Of a query bundle the embedding is searched
    with where there is one, and the mean of the embedding strings where those are given. The async method works in a
    thread. Methods raise what `Retriever.search` raises.

    Args:
        index: an `interlingua.Index`, or anything with its `embedder` and `search`.
        limit: how many nodes, from 1 to 1000.
        languages: only these, as BCP-47 tags or English names.
        filter: conditions on metadata, in the language of `retrieval.filters` or as LlamaIndex's filters.
        rerank: order anew by the reranker of the index.
        score_threshold: drop nodes of a lower cosine, in [-1, 1].
        per_document: at most so many passages of one document.
        reader: the reader's languages, best first: of the versions of a document one is shown; see `Retriever.search`.
        callback_manager: LlamaIndex's, like the arguments after it.
        object_map: what an IndexNode of an id stands for.
        objects: the same, as the nodes.
        verbose: print when such an object is entered.
    """

    def __init__(
        self,
        index: Searcher,
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | MetadataFilters | None = None,
        rerank: bool = False,
        score_threshold: float | None = None,
        per_document: int | None = None,
        reader: str | Sequence[str] | None = None,
        callback_manager: CallbackManager | None = None,
        object_map: dict[str, Any] | None = None,
        objects: list[IndexNode] | None = None,
        verbose: bool = False,
    ) -> None:
        if not isinstance(index, Searcher):
            raise ConfigurationError(f"{index!r} has no search and embedder. Give an index: interlingua.open(…).")
        self._index = index
        self._limit = limit
        self._languages = languages
        self._filter = to_filter(filter) if isinstance(filter, MetadataFilters) else filter
        self._rerank = rerank
        self._score_threshold = score_threshold
        self._per_document = per_document
        self._reader = reader
        super().__init__(callback_manager=callback_manager, object_map=object_map, objects=objects, verbose=verbose)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._index.search(
            query_bundle.query_str,
            limit=self._limit,
            languages=self._languages,
            filter=self._filter,
            rerank=self._rerank,
            score_threshold=self._score_threshold,
            per_document=self._per_document,
            reader=self._reader,
            vector=self._vector(query_bundle),
        )
        return [NodeWithScore(node=to_passage(hit), score=hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    def _vector(self, query: QueryBundle) -> NDArray[np.float32] | None:
        """What the bundle wants to be searched with; None: its text."""
        if query.embedding is not None:
            return np.asarray(query.embedding, np.float32)
        if not query.custom_embedding_strs:
            return None
        embedder, texts = self._index.embedder, [normalise(text) for text in query.custom_embedding_strs]
        mean: NDArray[np.float32] = checked(embedder, embedder.embed_queries(texts), len(texts)).mean(axis=0)
        return mean
