"""What the tests of the LangChain adapters share."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from interlingua.retrieval.adapters.langchain import InterlinguaEmbeddings, InterlinguaVectorStore
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.types import Matrix
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from support import SENTENCES, CountingEmbedder, NgramEmbedder

DOCUMENTS = [
    Document(id=f"udhr/{tag}", page_content=text, metadata={"lang": tag, "article": 1, "seen": {"by": ["a", None]}})
    for tag, text in SENTENCES.items()
]


def filled(place: Store, embedder: CountingEmbedder | None = None) -> InterlinguaVectorStore:
    """A vector store that holds DOCUMENTS and nothing else."""
    store = InterlinguaVectorStore.open(place, InterlinguaEmbeddings(embedder or NgramEmbedder()))
    store.delete()
    store.add_documents(DOCUMENTS)
    return store


class TwoRoles(NgramEmbedder):
    """Queries and passages of the same words are at right angles."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self._marked(texts, 0)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        return self._marked(texts, 1)

    def _marked(self, texts: Sequence[str], place: int) -> Matrix:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        vectors[:, place] = 1
        return vectors


class SlowEmbedder(NgramEmbedder):
    """Takes its time, and lets other threads run meanwhile, as a model or a server does."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        time.sleep(0.2)
        return super().embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        time.sleep(0.2)
        return super().embed_passages(texts)


class Overlap:
    """A reranker: the share of the query's characters that a passage has."""

    model = "overlap"

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str]]] = []

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append((query, list(passages)))
        letters = set(query)
        return np.array([len(letters & set(text)) / len(letters) for text in passages], np.float32)


class Foreign(Embeddings):
    """Embeddings of somebody else: not of length 1, and of any dimension."""

    def __init__(self, dim: int = 8, model: str = "foreign-1") -> None:
        self.dim, self.model = dim, model
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [[float(1 + (ord(text[0]) >> i) % 7) for i in range(self.dim)] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]
