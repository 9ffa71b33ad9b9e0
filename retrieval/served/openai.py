"""OpenAI's `/v1/embeddings`, as vLLM, infinity, Ollama, LM Studio and OpenAI itself speak it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..catalogue import EmbeddingModel
from .answers import in_order
from .connection import Connection
from .dialects import Request, Role, Served
from .listing import list_models, served_name

_TEXTS = 64  # beyond some dozens in a request, servers that batch for themselves gain nothing
_SIZE = 250_000  # bytes; OpenAI refuses more than 300,000 tokens in a request, and no token has less than a byte


class OpenAIEmbedding:
    """`/v1/embeddings`. Such servers never add prompts; base64 is asked for, plain numbers are read as well.

    These servers cut or refuse an over-long text as they were started to, and cannot be told: where a model's suffix
    must stay at the end (zembed-1), chunks have to be shorter than what the server reads.

    Args:
        version: the path before `/embeddings`; None finds it out.
    """

    own_prompts = False
    own_dimensions = False

    def __init__(self, version: str | None = None) -> None:
        self._version = version

    def describe(self, connection: Connection, name: str | None, known: EmbeddingModel | None) -> Served:
        """Read the list of models."""
        listing = list_models(connection, self._version)
        model = served_name(connection, listing, name, known)
        return Served(
            model=model, prefix=listing.prefix, texts=_TEXTS, size=_SIZE, max_tokens=listing.max_tokens(model)
        )

    def request(
        self, texts: Sequence[str], served: Served, *, role: Role, dimensions: int | None, truncate: bool
    ) -> Request:
        """One request. `normalize` is never sent: vLLM refuses it."""
        body = {"model": served.model, "input": list(texts), "encoding_format": "base64"}
        path = f"{served.prefix}/embeddings"
        return Request(path=path, body=body if dimensions is None else {**body, "dimensions": dimensions})

    def vectors(self, answer: Any, count: int) -> list[Any]:
        """By `index`."""
        return [item["embedding"] for item in in_order(answer["data"], count)]
