"""Text Embeddings Inference: `/info`, `/embed`, `/rerank`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..catalogue import EmbeddingModel, RerankerModel, embedding_model, reranker_model
from ..errors import ConfigurationError, EmbedderError
from .answers import in_order
from .connection import Connection, Refusal
from .dialects import Request, Role, Served, other_model

_SIZE = 1_900_000  # bytes; the server's --payload-limit is 2,000,000 by default
_POOLING = {"last": "last_token", "mean": "mean", "cls": "cls"}
_CAUSAL_SINCE = (1, 7, 3)  # before it, causal models were read without their mask


def answers_info(connection: Connection) -> bool:
    """Whether the server speaks this dialect: no other answers `/info` with the id of its model."""
    info = connection.ask("/info")
    return isinstance(info, Mapping) and "model_id" in info


class TeiEmbedding:
    """`/embed`. Prompts are put into the texts by us: the server's own `prompt_name` knows neither suffix nor task."""

    own_prompts = False
    own_dimensions = False

    def describe(self, connection: Connection, name: str | None, known: EmbeddingModel | None) -> Served:
        """Read `/info`, and refuse a server that pools otherwise than the model, or is too old for it."""
        info = _info(connection, kind="embedding")
        found = embedding_model(str(info["model_id"]))
        if name is not None and found is not None and (known is None or found.name != known.name):
            raise other_model(connection, name, found.name)
        entry = known or found
        if entry is not None:
            _check_pooling(connection, info, entry)
            _check_version(connection, info, entry)
        return _limits(connection, info)

    def request(
        self, texts: Sequence[str], served: Served, *, role: Role, dimensions: int | None, truncate: bool
    ) -> Request:
        """One request; vectors come normalised."""
        body = {"inputs": list(texts), "truncate": truncate, "normalize": True}
        return Request(path="/embed", body=body if dimensions is None else {**body, "dimensions": dimensions})

    def vectors(self, answer: Any, count: int) -> list[Any]:
        """A list of lists, in the order sent."""
        return list(answer)


class TeiRerank:
    """`/rerank`: scores in [0, 1] by sigmoid. It serves cross-encoders only, none of the causal rerankers."""

    own_template = False

    def describe(self, connection: Connection, name: str | None, known: RerankerModel | None) -> Served:
        """Read `/info`."""
        info = _info(connection, kind="reranker")
        found = reranker_model(str(info["model_id"]))
        if name is not None and found is not None and (known is None or found.name != known.name):
            raise other_model(connection, name, found.name)
        return _limits(connection, info)

    def request(self, query: str, passages: Sequence[str], served: Served) -> Request:
        """One request; passages that are too long are cut at their end."""
        return Request(path="/rerank", body={"query": query, "texts": list(passages), "truncate": True})

    def scores(self, answer: Any, count: int) -> list[Any]:
        """By `index`: the answer is sorted by score."""
        return [item["score"] for item in in_order(answer, count)]


def _info(connection: Connection, *, kind: str) -> Mapping[str, Any]:
    """`/info` of a server whose model is of that kind."""
    info = connection.ask("/info")
    if isinstance(info, Refusal):
        raise EmbedderError(info.message)
    if not isinstance(info, Mapping) or "model_id" not in info:
        raise EmbedderError(
            f"{connection.name}/info does not answer as Text Embeddings Inference does. Check the address, or name "
            "another dialect."
        )
    found = info.get("model_type")
    if isinstance(found, Mapping) and kind not in found:
        raise ConfigurationError(
            f"{connection.name} serves {info['model_id']} as {'/'.join(map(str, found))}, not as {kind}. "
            "Give the address of the other server."
        )
    return info


def _limits(connection: Connection, info: Mapping[str, Any]) -> Served:
    texts = int(info.get("max_client_batch_size") or 32)
    # Each text of a batch takes a permit of max_concurrent_requests; one that needs more than all gets 429 for ever.
    permits = int(info.get("max_concurrent_requests") or 512)
    longest = info.get("max_input_length")
    return Served(
        model=str(info["model_id"]),
        texts=max(1, min(texts, permits // connection.concurrency)),
        size=_SIZE,
        max_tokens=None if longest is None else int(longest),
    )


def _check_pooling(connection: Connection, info: Mapping[str, Any], entry: EmbeddingModel) -> None:
    kind = info.get("model_type")
    of_embedding = kind.get("embedding") if isinstance(kind, Mapping) else None
    found = of_embedding.get("pooling") if isinstance(of_embedding, Mapping) else None
    wanted = _POOLING[entry.pooling]
    if found not in (None, wanted):
        raise ConfigurationError(
            f"{connection.name} pools the tokens of {entry.name} by {found}, the model was trained with {wanted}: its "
            f"vectors would be wrong without any error. Start the server with --pooling {wanted.replace('_', '-')}."
        )


def _check_version(connection: Connection, info: Mapping[str, Any], entry: EmbeddingModel) -> None:
    parts = re.match(r"(\d+)\.(\d+)\.(\d+)", str(info.get("version")))
    if entry.causal and parts and tuple(map(int, parts.groups())) < _CAUSAL_SINCE:
        raise ConfigurationError(
            f"{connection.name} is version {parts[0]}, which gives wrong vectors for causal models such as "
            f"{entry.name} (right padding, no causal mask). Upgrade it to 1.8 or later."
        )
