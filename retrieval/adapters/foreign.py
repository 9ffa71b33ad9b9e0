"""Another framework's embeddings as an embedder: what a store and a search of ours need."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import EmbedderError
from ..protocols import Tokenizer
from ..types import Matrix

Rows = Sequence[Sequence[float]]


class ForeignEmbedder:
    """Embeddings of another framework; vectors are brought to length 1.

    A framework does not say which model it is: the fingerprint covers the class, the name of the model where the object
    tells it, and the dimension, for which one short text is embedded.

    Args:
        origin: the framework's object, for those who want it back.
        model: its class, and its model where it names it.
        queries: vectors of these queries, in order.
        passages: vectors of these passages, in order; not called for none.
    """

    max_tokens = 2**31 - 1
    tokenizer: Tokenizer | None = None

    def __init__(
        self, origin: Any, *, model: str, queries: Callable[[list[str]], Rows], passages: Callable[[list[str]], Rows]
    ) -> None:
        self.origin = origin
        self.model = model
        self._queries = queries
        self._passages = passages

    @cached_property
    def dim(self) -> int:
        """Length of a vector; embeds a text to learn it."""
        return len(self._queries(["interlingua"])[0])

    @property
    def fingerprint(self) -> str:
        """32 hex digits."""
        identity = f"{type(self.origin).__module__} {self.model} {self.dim}"
        return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_queries`."""
        return self._unit(self._queries(list(texts)))

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_passages`."""
        return self._unit(self._passages(list(texts)) if texts else [])

    def _unit(self, rows: Rows) -> Matrix:
        if not rows:
            return np.empty((0, self.dim), np.float32)
        try:
            matrix = np.array(rows, np.float64)
        except (TypeError, ValueError) as error:
            raise EmbedderError(f"{self.model} returned no matrix of numbers: {error}") from error
        norms = np.linalg.norm(matrix, axis=-1, keepdims=True)
        unit: Matrix = (matrix / np.where(norms == 0, 1, norms)).astype(np.float32)
        return unit
