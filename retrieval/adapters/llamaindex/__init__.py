"""Interlingua in LlamaIndex: an embedding, a retriever, a vector store and a reranker, over llama-index-core alone.

    from interlingua.retrieval.adapters.llamaindex import InterlinguaRetriever

    retriever = InterlinguaRetriever(interlingua.open(".interlingua"), limit=5, languages=["de", "ar"])
    retriever.retrieve("教育を受ける権利")

They take whatever has what they need of an index (see `adapters.parts`), an `interlingua.Index` being one.

Raises MissingExtraError when llama-index-core is not installed.
"""

from __future__ import annotations

from ...errors import MissingExtraError

try:
    import llama_index.core  # noqa: F401  what the modules below need, asked for once
except ImportError as error:
    raise MissingExtraError("llama-index-core", "llamaindex") from error

from ..parts import Pair
from .embedding import InterlinguaEmbedding
from .reranker import InterlinguaRerank
from .retriever import InterlinguaRetriever
from .vectorstore import InterlinguaVectorStore

__all__ = [
    "InterlinguaEmbedding",
    "InterlinguaRerank",
    "InterlinguaRetriever",
    "InterlinguaVectorStore",
    "Pair",
]
