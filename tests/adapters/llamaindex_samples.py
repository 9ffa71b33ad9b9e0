"""What the tests of the LlamaIndex adapters share."""

from __future__ import annotations

from typing import Any

from interlingua.retrieval.adapters.llamaindex import InterlinguaEmbedding, InterlinguaVectorStore
from interlingua.retrieval.protocols import Embedder, Store
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from support import SENTENCES, NgramEmbedder


def nodes() -> list[TextNode]:
    """One node per language of SENTENCES, each of a document of its own."""
    return [
        TextNode(
            id_=f"節/{tag}",
            text=text,
            metadata={"lang": tag, "article": 1, "seen": {"by": ["a", None]}},
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"udhr/{tag}", metadata={"lang": tag})},
        )
        for tag, text in SENTENCES.items()
    ]


def filled(place: Store, embedder: Embedder | None = None) -> InterlinguaVectorStore:
    """A vector store that holds `nodes` and nothing else."""
    store = InterlinguaVectorStore.open(place, InterlinguaEmbedding(embedder=embedder or NgramEmbedder()))
    store.clear()
    store.add(nodes())
    return store


class Foreign(BaseEmbedding):
    """An embedding of somebody else: not of length 1, and of any dimension."""

    model_name: str = "foreign-1"
    dim: int = 8

    def _vector(self, text: str) -> list[float]:
        return [float(1 + (ord(text[0]) >> i) % 7) for i in range(self.dim)]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._vector(text)

    @classmethod
    def class_name(cls) -> Any:
        return "Foreign"
