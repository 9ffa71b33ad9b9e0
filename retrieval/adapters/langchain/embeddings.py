"""Our embedders as LangChain's embeddings, and LangChain's as ours."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from ...protocols import Embedder
from ...text.normalise import normalise
from ..foreign import ForeignEmbedder
from ..vectors import checked


class InterlinguaEmbeddings(Embeddings):
    """An embedder of ours for any vector store of LangChain.

    Queries and passages go to the model each in their own role, with the prompts that it was trained with, in the
    Unicode form that an index gives them. The async methods do the same in a thread, so that the loop goes on.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector per passage, in order: `len(texts)` lists of `dim` floats. Raises EmbedderError."""
        vectors = self.embedder.embed_passages([normalise(text) for text in texts])
        rows: list[list[float]] = checked(self.embedder, vectors, len(texts)).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """The query's unit vector: a list of `dim` floats. Raises EmbedderError."""
        vectors = self.embedder.embed_queries([normalise(text)])
        row: list[float] = checked(self.embedder, vectors, 1)[0].tolist()
        return row


_NAMES = ("model", "model_name", "model_id", "deployment")
"""Attributes in which embeddings tell their model, such as `text-embedding-3-small`."""


def embedder_of(embeddings: Embeddings) -> Embedder:
    """The embedder within InterlinguaEmbeddings, or other embeddings as one; `embed_query` gives it its queries."""
    if isinstance(embeddings, InterlinguaEmbeddings):
        return embeddings.embedder
    named = next((name for key in _NAMES if isinstance(name := getattr(embeddings, key, None), str)), "")
    return ForeignEmbedder(
        embeddings,
        model=f"{type(embeddings).__name__} {named}".strip(),
        queries=lambda texts: [embeddings.embed_query(text) for text in texts],
        passages=embeddings.embed_documents,
    )


def embeddings_of(embedder: Embedder) -> Embeddings:
    """The reverse of `embedder_of`."""
    if isinstance(embedder, ForeignEmbedder) and isinstance(embedder.origin, Embeddings):
        return embedder.origin
    return InterlinguaEmbeddings(embedder)
