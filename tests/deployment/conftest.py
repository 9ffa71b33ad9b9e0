"""Model servers in the place of the embedder and the reranker."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "served"))  # ModelServer, which speaks their dialects to the letter


@pytest.fixture
def model_servers() -> Iterator[dict[str, str]]:
    """Where each is, by its address in docker-compose.yml."""
    from server import ModelServer

    embedder = ModelServer("tei", dim=1024, limit=32, model="Qwen/Qwen3-Embedding-0.6B").start()
    reranker = ModelServer(
        "tei",
        limit=32,
        model="BAAI/bge-reranker-v2-m3",
        info={"model_type": {"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}}},
    ).start()
    yield {
        "embedder:8080": embedder.url.removeprefix("http://"),
        "reranker:8080": reranker.url.removeprefix("http://"),
    }
    assert embedder.batches, "the embedder was not asked"
    embedder.stop()
    reranker.stop()
