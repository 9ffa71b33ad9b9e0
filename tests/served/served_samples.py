"""A model of sixteen numbers with prompts, and quick ways to open what serves it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from interlingua.retrieval.catalogue import EmbeddingModel, embedding_model
from interlingua.retrieval.served import Connection, ServedEmbedder, ServedReranker
from interlingua.retrieval.served.cohere import CohereRerank
from interlingua.retrieval.served.openai import OpenAIEmbedding
from interlingua.retrieval.served.tei import TeiEmbedding, TeiRerank
from interlingua.retrieval.served.zeroentropy import ZeroEntropyEmbedding, ZeroEntropyRerank
from interlingua.retrieval.types import Matrix
from server import ModelServer, vector_of

EMBEDDING = {"tei": TeiEmbedding, "openai": OpenAIEmbedding, "infinity": OpenAIEmbedding}
EMBEDDING_ALL: dict[str, Any] = {**EMBEDDING, "zeroentropy": ZeroEntropyEmbedding}
RERANK: dict[str, Any] = {
    "tei": TeiRerank,
    "openai": CohereRerank,
    "infinity": CohereRerank,
    "zeroentropy": ZeroEntropyRerank,
}


def tiny(**changes: Any) -> EmbeddingModel:
    """A model of 16 numbers with a prompt for each role, a suffix, and a word for an empty text."""
    known = embedding_model("Qwen/Qwen3-Embedding-0.6B")
    assert known is not None
    own: dict[str, Any] = {
        "name": "tiny",
        "aliases": (),
        "dim": 16,
        "smallest": 4,
        "query_prompt": "Instruct: find\nQuery:",
        "passage_prompt": "passage: ",
        "suffix": "<|im_end|>\n",
        "empty": "Null",
    }
    return replace(known, **{**own, **changes})


def expected(texts: list[str], role: str, model: EmbeddingModel, speaks: str) -> Matrix:
    """The vectors of the exact texts that must reach the model."""
    if speaks == "zeroentropy":
        return np.stack([vector_of(f"{role}|{text or model.empty}") for text in texts])
    prompt = model.query_prompt if role == "query" else model.passage_prompt
    return np.stack([vector_of(f"{prompt}{text or model.empty}{model.suffix}") for text in texts])


def quick(url: str, **options: Any) -> Connection:
    """A connection whose retries take no time."""
    return Connection(url, **{"attempts": 4, "first_wait": 0.01, "read_timeout": 5.0, **options})


@dataclass
class Opened:
    all: list[Any] = field(default_factory=list)

    def embedder(self, server: ModelServer, *, dialect: Any = None, **options: Any) -> ServedEmbedder:
        """The embedder of `server`, of the model `tiny()` unless told otherwise; `connection` holds its options."""
        connection = quick(server.url, **options.pop("connection", {}))
        options.setdefault("model", tiny())
        made = ServedEmbedder(connection, dialect=dialect or EMBEDDING_ALL[server.speaks](), **options)
        self.all.append(made)
        return made

    def reranker(self, server: ModelServer, **options: Any) -> ServedReranker:
        """The reranker of `server`."""
        connection = quick(server.url, **options.pop("connection", {}))
        made = ServedReranker(connection, dialect=RERANK[server.speaks](), **options)
        self.all.append(made)
        return made
