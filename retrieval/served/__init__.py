"""Embedders and rerankers behind a server: TEI, vLLM and whatever speaks OpenAI's or Cohere's API.

    embedder = open_embedder("http://localhost:8080")
    embedder = open_embedder("https://api.example.org/v1", model="Qwen/Qwen3-Embedding-0.6B", key=key, dimensions=512)
    reranker = open_reranker("http://localhost:8081")

Prompts, suffixes and the way to shorter vectors come from the catalogue and are applied here, since servers do so only
when asked, and some wrongly.
"""

from __future__ import annotations

from typing import TypeVar

from ..catalogue import EmbeddingModel
from ..errors import ConfigurationError
from .address import split_version
from .cohere import CohereRerank
from .connection import Connection
from .dialects import EmbeddingDialect, RerankDialect
from .embedder import ServedEmbedder
from .openai import OpenAIEmbedding
from .reranker import ServedReranker
from .tei import TeiEmbedding, TeiRerank, answers_info
from .zeroentropy import ZeroEntropyEmbedding, ZeroEntropyRerank

__all__ = ["Connection", "ServedEmbedder", "ServedReranker", "open_embedder", "open_reranker"]

T = TypeVar("T")


def open_embedder(
    url: str,
    *,
    model: str | EmbeddingModel | None = None,
    dialect: str | None = None,
    key: str | None = None,
    dimensions: int | None = None,
    task: str | None = None,
    concurrency: int = 8,
    ask_dimensions: bool = False,
) -> ServedEmbedder:
    """The embedder behind `url`; nothing is asked of the server before first use.

    Args:
        url: as http://HOST:PORT or https://HOST/v1; the path of an endpoint is understood too.
        model: its name, of which the prompts depend; None: what the server says it serves. A server that calls it
            otherwise (a path, `--served-model-name`) needs the catalogue's name here.
        dialect: "tei", "openai" or "zeroentropy"; None tells the first two apart by asking.
        key: sent as bearer token.
        dimensions: length of the vectors, where the model allows a choice.
        task: what queries are for, one sentence, where the model takes an instruction.
        concurrency: requests in flight at once.
        ask_dimensions: let the server shorten the vectors.

    Raises:
        ConfigurationError: the URL, the key or the dialect cannot be one.
    """
    base, version = split_version(url)
    choices: dict[str, EmbeddingDialect] = {
        "tei": TeiEmbedding(),
        "openai": OpenAIEmbedding(version),
        "zeroentropy": ZeroEntropyEmbedding(version),
    }

    def detect(connection: Connection) -> EmbeddingDialect:
        return choices["tei" if answers_info(connection) else "openai"]

    return ServedEmbedder(
        Connection(base, key=key, concurrency=concurrency),
        dialect=detect if dialect is None else _chosen(choices, dialect),
        model=model,
        dimensions=dimensions,
        task=task,
        ask_dimensions=ask_dimensions,
    )


def open_reranker(
    url: str,
    *,
    model: str | None = None,
    dialect: str | None = None,
    key: str | None = None,
    concurrency: int = 8,
) -> ServedReranker:
    """The reranker behind `url`; nothing is asked of the server before first use.

    Args:
        url: as http://HOST:PORT or https://HOST/v1; the path of an endpoint is understood too.
        model: its name; None: what the server says it serves.
        dialect: "tei", "cohere" (vLLM and infinity too) or "zeroentropy"; None tells the first two apart by asking.
        key: sent as bearer token.
        concurrency: requests in flight at once.

    Raises:
        ConfigurationError: the URL, the key or the dialect cannot be one.
    """
    base, version = split_version(url)
    choices: dict[str, RerankDialect] = {
        "tei": TeiRerank(),
        "cohere": CohereRerank(version),
        "zeroentropy": ZeroEntropyRerank(version),
    }

    def detect(connection: Connection) -> RerankDialect:
        return choices["tei" if answers_info(connection) else "cohere"]

    return ServedReranker(
        Connection(base, key=key, concurrency=concurrency),
        dialect=detect if dialect is None else _chosen(choices, dialect),
        model=model,
    )


def _chosen(choices: dict[str, T], name: str) -> T:
    if name not in choices:
        raise ConfigurationError(f"No dialect is called {name!r}. Known: {', '.join(sorted(choices))}.")
    return choices[name]
