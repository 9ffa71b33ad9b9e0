"""Interlingua in LangChain: embeddings, a retriever, a vector store and a reranker, over langchain-core alone.

    from interlingua.retrieval.adapters.langchain import InterlinguaRetriever

    retriever = InterlinguaRetriever(index=interlingua.open(".interlingua"), k=5)
    retriever.invoke("教育を受ける権利", languages=["de", "ar"])

The adapters stand in `retrieval`, since all they need of an index are its embedder, its store and its `search`: they
take whatever has those (see `adapters.parts`), an `interlingua.Index` being one. So nothing here imports `app`.

Raises MissingExtraError when langchain-core is not installed.
"""

from __future__ import annotations

from ...errors import MissingExtraError

try:
    import langchain_core  # noqa: F401  what the modules below need, asked for once
except ImportError as error:
    raise MissingExtraError("langchain-core", "langchain") from error

from ..parts import Pair
from .embeddings import InterlinguaEmbeddings
from .reranker import InterlinguaReranker
from .retriever import InterlinguaRetriever
from .vectorstore import InterlinguaVectorStore

__all__ = [
    "InterlinguaEmbeddings",
    "InterlinguaReranker",
    "InterlinguaRetriever",
    "InterlinguaVectorStore",
    "Pair",
]
