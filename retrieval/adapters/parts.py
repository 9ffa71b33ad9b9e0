"""What the adapters need of an index, as protocols: `interlingua.Index` has all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..filters import Filter
from ..manifest import Manifest, Quantization
from ..protocols import Embedder, Store
from ..retriever import Retriever
from ..stores import open_store
from ..types import Chunk, Hit, Matrix


@runtime_checkable
class Searcher(Protocol):
    """What is searched: an `interlingua.Index`, or a `Retriever` of `retrieval.retriever`."""

    @property
    def embedder(self) -> Embedder:
        """The model that embeds the queries."""
        ...

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
        rerank: bool = False,
        reader: str | Sequence[str] | None = None,
        vector: NDArray[np.float32] | None = None,
    ) -> list[Hit]:
        """See `Retriever.search`."""
        ...


class Parts(Protocol):
    """A model with the store that it made, and the search over it."""

    @property
    def embedder(self) -> Embedder:
        """The model."""
        ...

    @property
    def store(self) -> Store:
        """Prepared with that model's manifest."""
        ...

    @property
    def retriever(self) -> Retriever:
        """The search over both."""
        ...


class Indexed(Protocol):
    """What is written to and searched: an `interlingua.Index`, or a `Pair`. Asked anew for each call."""

    @property
    def embedder(self) -> Embedder:
        """The model in force."""
        ...

    def using(self, *, writing: bool = False) -> AbstractContextManager[Parts]:
        """What is in force, open to the end of the block; with `writing` nothing else is put in force until then."""
        ...


class Pair:
    """An embedder with a store that was prepared for it."""

    def __init__(self, embedder: Embedder, store: Store) -> None:
        self.embedder = embedder
        self.store = store
        self.retriever = Retriever(embedder, store)

    @contextmanager
    def using(self, *, writing: bool = False) -> Iterator[Pair]:
        """Itself: nothing else is ever in force."""
        yield self


def open_pair(place: Store | str | Path | None, embedder: Embedder, *, quantization: Quantization) -> Pair:
    """`embedder` with the store in a folder, at the URL of a Qdrant server, in memory (None), or with a given one.

    It is created, or opened if `embedder` made it. Raises ManifestError with both values when another model did,
    StoreLockedError when another process has the folder open.
    """
    store = _store_at(place) if place is None or isinstance(place, (str, Path)) else place
    store.prepare(
        Manifest(model=embedder.model, fingerprint=embedder.fingerprint, dim=embedder.dim, quantization=quantization)
    )
    return Pair(embedder, store)


def write(index: Indexed, chunks: Sequence[Chunk], vectors: Callable[[Parts], Matrix]) -> None:
    """Write chunks with the vectors that are made for what is in force.

    They are made before the write begins, which holds up a change of models, and again if the models changed meanwhile.
    """
    while True:
        with index.using() as parts:
            made, embedder = vectors(parts), parts.embedder
        with index.using(writing=True) as parts:
            if parts.embedder is embedder:
                parts.store.upsert(chunks, made)
                return


def refuse(options: Mapping[str, object], method: str, takes: str) -> None:
    """Raise ConfigurationError for options that `method` does not take; a framework drops them without a word."""
    if options:
        raise ConfigurationError(f"{method} takes no {', '.join(sorted(options))}. It takes {takes}.")


def _store_at(location: str | Path | None) -> Store:
    if location is not None:
        return open_store(location)
    from qdrant_client import QdrantClient

    from ..stores.qdrant import QdrantStore

    return QdrantStore(QdrantClient(":memory:"))
