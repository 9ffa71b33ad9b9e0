"""What a framework adds to a query: LangChain and LlamaIndex over an index, against `Index.search`, in one run.

The same queries, one after another, each through all of them in an order that turns, so that what else the machine does
falls on all alike. The model is a cheap stand-in (a vector drawn by the text's checksum): with a real one the
difference would drown. The figure of an adapter is the median of its differences from the plain search of that query.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import interlingua
import numpy as np
from interlingua.app.index import from_settings
from interlingua.app.settings import load
from interlingua.retrieval.protocols import Tokenizer
from interlingua.retrieval.types import Document, Matrix

from .corpus import queries, short_texts

TEXTS = 4_000
LIMIT = 10
REPEATS = 20
GOALS = {"langchain_retriever": 0.3, "langchain_vector_store": 0.3, "llamaindex_retriever": 0.8}
"""Milliseconds over the plain search."""


class Drawn:
    """A unit vector for each text, drawn by its checksum."""

    model, dim, fingerprint, max_tokens = "drawn", 256, "d" * 32, 256
    tokenizer: Tokenizer | None = None

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_queries`."""
        rows = [np.random.default_rng(zlib.crc32(text.encode())).standard_normal(self.dim) for text in texts]
        drawn = np.array(rows, np.float32).reshape(len(texts), self.dim)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    embed_passages = embed_queries


def run() -> dict[str, Any]:
    """Medians in milliseconds; `held` says whether each goal was."""
    documents = [
        Document(id=f"corpus/{n}.txt", text=text, title=f"Text {n}", metadata={"topic": f"t{n % 7}", "number": n})
        for n, text in enumerate(short_texts(TEXTS))
    ]
    with tempfile.TemporaryDirectory() as folder:
        settings = load(store=str(Path(folder) / "index"))
        with from_settings(settings, embedder=Drawn()) as index:
            index.ingest(documents)
            times = _measure(_searches(index))
    plain = times["plain"]
    added = {
        name: statistics.median(own - other for own, other in zip(taken, plain, strict=True))
        for name, taken in times.items()
        if name != "plain"
    }
    return {
        "texts": TEXTS,
        "limit": LIMIT,
        "queries": len(plain),
        "p50_ms": {name: round(statistics.median(taken), 3) for name, taken in times.items()},
        "added_ms": {name: round(value, 3) for name, value in added.items()},
        "goals_ms": GOALS,
        "held": {name: added[name] <= goal for name, goal in GOALS.items()},
    }


def _searches(index: interlingua.Index) -> dict[str, Callable[[str], Sequence[object]]]:
    # Here, since the other benchmarks run without a framework.
    from interlingua.retrieval.adapters import langchain, llamaindex
    from llama_index.core import VectorStoreIndex

    store = langchain.InterlinguaVectorStore(index)
    nodes = llamaindex.InterlinguaVectorStore(index)
    over_nodes = VectorStoreIndex.from_vector_store(nodes, embed_model=nodes.embed_model)
    return {
        "plain": lambda query: index.search(query, limit=LIMIT),
        "langchain_retriever": langchain.InterlinguaRetriever(index=index, k=LIMIT).invoke,
        "langchain_vector_store": lambda query: store.similarity_search(query, k=LIMIT),
        "llamaindex_retriever": llamaindex.InterlinguaRetriever(index, limit=LIMIT).retrieve,
        "llamaindex_vector_store": over_nodes.as_retriever(similarity_top_k=LIMIT).retrieve,
    }


def _measure(searches: dict[str, Callable[[str], Sequence[object]]]) -> dict[str, list[float]]:
    """Milliseconds of each search for each query, the first round left out."""
    names = list(searches)
    times: dict[str, list[float]] = {name: [] for name in names}
    for number, query in enumerate(queries() * (REPEATS + 1)):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            started = time.perf_counter()
            found = searches[name](query)
            times[name].append((time.perf_counter() - started) * 1000)
            assert len(found) == LIMIT
    return {name: taken[len(queries()) :] for name, taken in times.items()}
