"""Cohere's `/v1/rerank`, as vLLM, infinity and Cohere itself speak it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..catalogue import RerankerModel
from ..errors import ConfigurationError
from .answers import in_order
from .connection import Connection
from .dialects import Request, Served
from .listing import list_models, served_name

_TEXTS = 64
_SIZE = 1_000_000  # bytes


class CohereRerank:
    """`/v1/rerank`, or `/rerank` where a server has no `/v1`.

    Nothing is put around the texts. For a causal reranker under vLLM the server's own template does that, so it has to
    be started with one: Qwen3-Reranker without `--hf_overrides` (original_qwen3_reranker) and `--chat-template` answers
    meaningless scores without any error (see `ServedReranker`).

    Args:
        version: the path before `/rerank`; None finds it out.
    """

    own_template = False

    def __init__(self, version: str | None = None) -> None:
        self._version = version

    def describe(self, connection: Connection, name: str | None, known: RerankerModel | None) -> Served:
        """Read the list of models; infinity with a causal reranker is refused."""
        listing = list_models(connection, self._version)
        model = served_name(connection, listing, name, known)
        if known is not None and known.kind == "causal" and listing.owner(model) == "infinity":
            raise ConfigurationError(
                f"{connection.name} is an infinity server, which strips the end of the prompt of {known.name}: its "
                "scores would be wrong by up to 0.4 without any error. Serve it with vLLM, or run it locally."
            )
        return Served(model=model, prefix=listing.prefix, texts=_TEXTS, size=_SIZE)

    def request(self, query: str, passages: Sequence[str], served: Served) -> Request:
        """One request; `top_n` is left out, which means all."""
        body = {"model": served.model, "query": query, "documents": list(passages)}
        return Request(path=f"{served.prefix}/rerank", body=body)

    def scores(self, answer: Any, count: int) -> list[Any]:
        """By `index`: the answer is sorted by score."""
        return [item["relevance_score"] for item in in_order(answer["results"], count)]
