"""What the tests of the LangChain adapters share."""

from __future__ import annotations

from interlingua.retrieval.adapters.langchain import InterlinguaEmbeddings, InterlinguaVectorStore
from interlingua.retrieval.protocols import Store
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
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
