"""An embedder behind a server: prompts, batches, dimensions and checks, whatever dialect the server speaks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence

import numpy as np

from ..catalogue import EmbeddingModel
from ..types import Matrix
from .connection import Connection
from .dialects import EmbeddingDialect, Role, batches
from .plan import Plan, settle

_CODE = "served-1"  # change it when the code changes vectors


class ServedEmbedder:
    """Embeds by a server. Nothing is asked of it before first use; any number of threads may share one instance.

    Every answer is checked: one vector per text, of the expected length, finite, not zero; all are brought to unit
    length here.

    Args:
        connection: the way to the server.
        dialect: how it is spoken to, or a function that finds out.
        model: name of the model, or its facts where it is not in the catalogue; None: what the server says it serves.
        dimensions: length of the vectors, where the model allows a choice.
        task: what queries are for, one sentence, where the model takes an instruction.
        ask_dimensions: let the server shorten vectors instead of cutting and normalising them here. For models that
            the catalogue does not know this is the only way, on the word of whoever runs the server.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        dialect: EmbeddingDialect | Callable[[Connection], EmbeddingDialect],
        model: str | EmbeddingModel | None = None,
        dimensions: int | None = None,
        task: str | None = None,
        ask_dimensions: bool = False,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._model, self._dimensions, self._task = model, dimensions, task
        self._ask_dimensions = ask_dimensions
        self._lock = threading.Lock()
        self._plan: Plan | None = None

    def plan(self) -> Plan:
        """How texts are sent and vectors read; settled with the server on the first call.

        Raises:
            ConfigurationError: the server serves another model, or the model takes no such dimension or task.
            EmbedderError: the server does not answer.
        """
        if self._plan is None:
            with self._lock:
                if self._plan is None:
                    dialect = self._dialect(self._connection) if callable(self._dialect) else self._dialect
                    self._plan = settle(
                        self._connection,
                        dialect,
                        model=self._model,
                        dimensions=self._dimensions,
                        task=self._task,
                        ask_dimensions=self._ask_dimensions,
                    )
        return self._plan

    @property
    def model(self) -> str:
        """Name in the catalogue, or the server's own name for its model."""
        return self.plan().name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.plan().length.kept or 0  # a plan is kept only with its length

    @property
    def fingerprint(self) -> str:
        """Hash of the declared facts: model, prompts, suffix, dimension; 32 hexadecimal digits.

        Not of vectors: two servers of one model round differently and must be able to share a store. Nor of the
        dialect, nor of a task of the user's own, which changes queries alone. Whether the weights behind the name are
        the right ones, only known answers can tell.
        """
        plan = self.plan()
        facts = [_CODE, plan.name, plan.query_prompt, plan.prompts["document"], plan.suffix, plan.empty, self.dim]
        return hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()

    @property
    def max_tokens(self) -> int:
        """Tokens that a passage may have: what model and server read, less prompt, suffix and special tokens."""
        return self.plan().max_tokens

    @property
    def tokenizer(self) -> None:
        """None: it is on the server, and the chunker estimates."""
        return

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per query, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed(texts, "query")

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per passage, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed(texts, "document")

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()

    def _embed(self, texts: Sequence[str], role: Role) -> Matrix:
        if isinstance(texts, str):
            raise TypeError("Texts must be a sequence of strings, not one string: write [text].")
        plan = self.plan()
        sent = [plan.text(text, role) for text in texts]
        parts = list(batches(sent, most=plan.served.texts, size=plan.served.size))
        done = self._connection.map(lambda part: plan.ask(self._connection, sent, part, role), parts)
        rows = [row for part in done for row in part]
        return np.stack(rows) if rows else np.empty((0, self.dim), np.float32)
