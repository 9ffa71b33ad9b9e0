"""What the adapters need of an index, as protocols: `interlingua.Index` has all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ...errors import ConfigurationError
from ...filters import Filter
from ...protocols import Embedder, Store
from ...stores import open_store
from ...types import Hit


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
    ) -> list[Hit]:
        """See `Retriever.search`."""
        ...


class Indexed(Protocol):
    """What is written to and searched: an `interlingua.Index`, or a `Pair`. Asked anew for each call."""

    @property
    def embedder(self) -> Embedder:
        """The model in force."""
        ...

    @property
    def store(self) -> Store:
        """The store in force, prepared with that model's manifest."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """An embedder with a store that was prepared for it."""

    embedder: Embedder
    store: Store


def store_at(location: str | Path | None) -> Store:
    """The store in a folder, at the URL of a Qdrant server or, without either, in memory; not yet prepared."""
    if location is not None:
        return open_store(location)
    from qdrant_client import QdrantClient

    from ...stores.qdrant import QdrantStore

    return QdrantStore(QdrantClient(":memory:"))


def refuse(options: Mapping[str, object], method: str, takes: str) -> None:
    """Raise ConfigurationError for options that `method` does not take; LangChain would drop them without a word."""
    if options:
        raise ConfigurationError(f"{method} takes no {', '.join(sorted(options))}. It takes {takes}.")
