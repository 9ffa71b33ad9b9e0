"""A reranker behind a server: batches and checks, whatever dialect the server speaks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalogue import RerankerModel, reranker_model, warn_of_licence
from ..errors import ConfigurationError
from .connection import Connection, encode
from .dialects import Request, RerankDialect, Served, ask_in_parts, batches

_ROUNDING = 1e-3  # how far outside [0, 1] a score may lie and still be one

PAIRS = (
    ("What is the capital of China?", "Beijing is the capital of China.", "Bread rises because yeast makes gas."),
    ("Wie viele Beine hat eine Spinne?", "Spiders have eight legs.", "The train leaves at noon from platform two."),
)
"""Questions, each with a passage that answers it and one that does not."""
_APART = 0.05  # by which the first must score higher; real models give .5 and more, servers without a template nothing


class ServedReranker:
    """Scores by a server. Nothing is asked of it before first use; any number of threads may share one instance.

    Scores are the server's own. A causal reranker (Qwen3-Reranker, zerank-2) needs its prompt put around query and
    passage: here that is the work of the server, which has to be started with the model's template. Whether it was is
    found out at first use, by questions with known answers (`PAIRS`): a server without it scores at random, and says
    nothing.

    Args:
        connection: the way to the server.
        dialect: how it is spoken to, or a function that finds out.
        model: name of the model; None: what the server says it serves.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        dialect: RerankDialect | Callable[[Connection], RerankDialect],
        model: str | None = None,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._model = model
        self._lock = threading.Lock()
        self._settled: tuple[RerankDialect, Served, str] | None = None

    @property
    def model(self) -> str:
        """Name in the catalogue, or the server's own name for its model."""
        return self._settle()[2]

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Relevance of each passage, shape (len(passages),), in the order given; higher is better, in [0, 1].

        Raises:
            ConfigurationError: the server serves another model, or cannot serve this one rightly.
            EmbedderError: it failed, or answered something unusable.
        """
        if isinstance(passages, str):
            raise TypeError("Passages must be a sequence of strings, not one string: write [passage].")
        dialect, served, _ = self._settle()
        return self._scores(dialect, served, query, passages)

    def _scores(
        self, dialect: RerankDialect, served: Served, query: str, passages: Sequence[str]
    ) -> NDArray[np.float32]:
        def build(part: range) -> Request:
            return dialect.request(query, [passages[position] for position in part], served)

        def read(answer: Any, part: range) -> list[float]:
            return _checked(dialect.scores(answer, len(part)), len(part))

        size = max(1, served.size - len(encode(query)))
        parts = list(batches(passages, most=served.texts, size=size))
        done = self._connection.map(lambda part: ask_in_parts(self._connection, part, build, read), parts)
        return np.array([score for part in done for score in part], np.float32)

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()

    def _settle(self) -> tuple[RerankDialect, Served, str]:
        if self._settled is None:
            with self._lock:
                if self._settled is None:
                    self._settled = self._ask_about_itself()
        return self._settled

    def _ask_about_itself(self) -> tuple[RerankDialect, Served, str]:
        dialect = self._dialect(self._connection) if callable(self._dialect) else self._dialect
        known = None if self._model is None else reranker_model(self._model)
        served = dialect.describe(self._connection, self._model, known)
        known = known or (reranker_model(served.model) if self._model is None else None)
        if known is not None:
            warn_of_licence(known)
            if known.kind == "causal" and not dialect.own_template:
                self._check_template(dialect, served, known)
        return dialect, served, known.name if known is not None else self._model or served.model

    def _check_template(self, dialect: RerankDialect, served: Served, known: RerankerModel) -> None:
        for query, answer, other in PAIRS:
            right, wrong = self._scores(dialect, served, query, [answer, other]).tolist()
            if right < wrong + _APART:
                raise ConfigurationError(
                    f"{self._connection.name} does not score as {known.name} does: for {query!r} the answer "
                    f"{answer!r} got {right:.2f}, and {other!r} got {wrong:.2f}. Most likely it was started without "
                    "the model's template. Start vLLM with --hf_overrides and --chat-template as docs/models.md says, "
                    "or run the model in this process."
                )


def _checked(scores: Sequence[Any], count: int) -> list[float]:
    """The scores, in [0, 1]. Raises ValueError."""
    if len(scores) != count:
        raise ValueError(f"{len(scores)} scores for {count} passages")
    values = np.array(scores, np.float64)  # null becomes NaN
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ValueError(f"scores that are NaN, infinite or no numbers, among {count}")
    if values.min() < -_ROUNDING or values.max() > 1 + _ROUNDING:
        raise ValueError(
            f"scores from {values.min():.4g} to {values.max():.4g}, not in [0, 1]: it seems to send raw logits, so "
            "start it with the model's activation (sigmoid)"
        )
    return [float(value) for value in values.clip(0, 1)]
