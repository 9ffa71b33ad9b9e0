"""The search of an index as a retriever of LangChain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict

from ...filters import Filter
from ..parts import Searcher
from .documents import to_passage


class InterlinguaRetriever(BaseRetriever):
    """Passages in any language for a query in any language.

        InterlinguaRetriever(index=interlingua.open("folder"), k=5).invoke("paper jam", languages=["de"])

    Each field below but `index` is also an argument of `invoke`, `ainvoke`, `batch` and `bind`, where it takes
    precedence; `languages=[]`, `filter={}` and `reader=[]` put one of the constructor out of force. A name that is no
    field is an error. Documents come best first, with `id`, the passage as `page_content`, the metadata of their source
    and, under the key `interlingua`, what is known of the passage (see `passages.add_facts`).

    Raises what `Retriever.search` raises: InputError, FilterError, ConfigurationError, EmbedderError, StoreError.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    index: Searcher
    """An `interlingua.Index`, or anything with its `embedder` and `search`."""
    k: int = 4
    """How many documents, from 1 to 1000."""
    languages: Sequence[str] | None = None
    """Only these, as BCP-47 tags or English names; None: all."""
    filter: Mapping[str, Any] | Filter | None = None
    """Conditions on metadata, in the language of `retrieval.filters`."""
    rerank: bool = False
    """Order anew by the reranker of the index."""
    score_threshold: float | None = None
    """Drop documents of a lower cosine, in [-1, 1]."""
    per_document: int | None = None
    """At most so many passages of one document."""
    reader: str | Sequence[str] | None = None
    """The reader's languages, best first: of the versions of a document one is shown; see `Retriever.search`."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun | None = None,
        k: int | None = None,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        rerank: bool | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
        reader: str | Sequence[str] | None = None,
    ) -> list[Document]:
        hits = self.index.search(
            query,
            limit=self.k if k is None else k,
            languages=self.languages if languages is None else languages,
            filter=self.filter if filter is None else filter,
            rerank=self.rerank if rerank is None else rerank,
            score_threshold=self.score_threshold if score_threshold is None else score_threshold,
            per_document=self.per_document if per_document is None else per_document,
            reader=self.reader if reader is None else reader,
        )
        return [to_passage(hit) for hit in hits]

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun | None = None,
        k: int | None = None,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        rerank: bool | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
        reader: str | Sequence[str] | None = None,
    ) -> list[Document]:
        # The names stand here again because LangChain reads them from this signature and drops all others.
        search = partial(
            self._get_relevant_documents,
            query,
            k=k,
            languages=languages,
            filter=filter,
            rerank=rerank,
            score_threshold=score_threshold,
            per_document=per_document,
            reader=reader,
        )
        return await run_in_executor(None, search)

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        params = super()._get_ls_params(**kwargs)
        params["ls_vector_store_provider"] = "qdrant"
        params["ls_embedding_provider"] = "interlingua"
        params["ls_embedding_model"] = self.index.embedder.model
        return params
