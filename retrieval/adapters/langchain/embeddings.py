"""Our embedders as LangChain's embeddings, and LangChain's as ours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from langchain_core.embeddings import Embeddings

from ...errors import EmbedderError
from ...protocols import Embedder, Tokenizer
from ...text.normalise import normalise
from ...types import Matrix


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


class EmbedderOf:
    """Embeddings of LangChain as an embedder: what a store and a search of ours need.

    `embed_query` is asked for queries, `embed_documents` for passages; vectors are brought to length 1. LangChain does
    not say which model it is: the fingerprint covers the class, the name of the model where the object tells it, and
    the dimension, for which one short text is embedded.
    """

    max_tokens = 2**31 - 1
    tokenizer: Tokenizer | None = None

    def __init__(self, embeddings: Embeddings) -> None:
        self.embeddings = embeddings

    @property
    def model(self) -> str:
        """The class, and the model where the object names it, such as `OpenAIEmbeddings text-embedding-3-small`."""
        named = next((name for key in _NAMES if isinstance(name := getattr(self.embeddings, key, None), str)), "")
        return f"{type(self.embeddings).__name__} {named}".strip()

    @cached_property
    def dim(self) -> int:
        """Length of a vector; embeds a text to learn it."""
        return len(self.embeddings.embed_query("interlingua"))

    @property
    def fingerprint(self) -> str:
        """32 hex digits."""
        identity = f"{type(self.embeddings).__module__} {self.model} {self.dim}"
        return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_queries`."""
        return self._unit([self.embeddings.embed_query(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_passages`."""
        return self._unit(self.embeddings.embed_documents(list(texts)) if texts else [])

    def _unit(self, rows: Sequence[Sequence[float]]) -> Matrix:
        if not rows:
            return np.empty((0, self.dim), np.float32)
        try:
            matrix = np.array(rows, np.float64)
        except (TypeError, ValueError) as error:
            raise EmbedderError(f"{self.model} returned no matrix of numbers: {error}") from error
        norms = np.linalg.norm(matrix, axis=-1, keepdims=True)
        unit: Matrix = (matrix / np.where(norms == 0, 1, norms)).astype(np.float32)
        return unit


_NAMES = ("model", "model_name", "model_id", "deployment")


def embedder_of(embeddings: Embeddings) -> Embedder:
    """The embedder within InterlinguaEmbeddings, or other embeddings as one."""
    return embeddings.embedder if isinstance(embeddings, InterlinguaEmbeddings) else EmbedderOf(embeddings)


def embeddings_of(embedder: Embedder) -> Embeddings:
    """The reverse of `embedder_of`."""
    return embedder.embeddings if isinstance(embedder, EmbedderOf) else InterlinguaEmbeddings(embedder)


def checked(embedder: Embedder, vectors: Matrix, count: int) -> Matrix:
    """`vectors`, if they are (count, dim) finite numbers; EmbedderError otherwise."""
    if vectors.shape != (count, embedder.dim) or not np.isfinite(vectors).all():
        raise EmbedderError(
            f"{embedder.model} returned no usable vectors: shape {vectors.shape}, ({count}, {embedder.dim}) of finite "
            "numbers was expected."
        )
    return vectors
