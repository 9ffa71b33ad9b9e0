"""What the tests of all adapters share."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import interlingua
import numpy as np
from interlingua.retrieval.types import Matrix
from numpy.typing import NDArray
from support import NgramEmbedder, ShortNgrams


async def ticks_during(work: Callable[[], Awaitable[Any]]) -> int:
    """How often the loop went round while `work` was done."""
    task, ticks = asyncio.ensure_future(work()), 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await task
    return ticks


class TwoRoles(NgramEmbedder):
    """Queries and passages of the same words are at right angles."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self._marked(texts, 0)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        return self._marked(texts, 1)

    def _marked(self, texts: Sequence[str], place: int) -> Matrix:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        vectors[:, place] = 1
        return vectors


class SlowEmbedder(NgramEmbedder):
    """Takes its time, and lets other threads run meanwhile, as a model or a server does."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        time.sleep(0.2)
        return super().embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        time.sleep(0.2)
        return super().embed_passages(texts)


class Overlap:
    """A reranker: the share of the query's characters that a passage has."""

    model = "overlap"

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str]]] = []

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append((query, list(passages)))
        letters = set(query)
        return np.array([len(letters & set(text)) / len(letters) for text in passages], np.float32)


class Waiting(NgramEmbedder):
    """Holds every call up until it is told to go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def _embed(self, texts: Sequence[str]) -> Matrix:
        self.begun.set()
        assert self.go_on.wait(30)
        return super()._embed(texts)


def during_a_switch(index: interlingua.Index, embedder: Waiting, work: Callable[[], object]) -> list[object]:
    """What `work` returns, or raises, when the index moves to another model while it embeds."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    embedder.begun.clear()
    embedder.go_on.clear()
    thread = threading.Thread(target=run)
    thread.start()
    assert embedder.begun.wait(30)
    assert index.migrate(ShortNgrams(), sampled=0).switched
    embedder.go_on.set()
    thread.join(30)
    return found
