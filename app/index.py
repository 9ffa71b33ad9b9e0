"""The index: an embedder, a store, the ingestor and the retriever, wired from the settings."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..connectors.ingestor import Ingestor, Progress
from ..connectors.report import Report
from ..connectors.sources import Source, connector_for
from ..retrieval.chunks import Chunking
from ..retrieval.errors import ManifestError, StoreError
from ..retrieval.filters import Filter, where
from ..retrieval.manifest import Manifest
from ..retrieval.protocols import Embedder, Store
from ..retrieval.rerankers import Reranker
from ..retrieval.retriever import CANDIDATES, Retriever
from ..retrieval.types import Hit
from . import settings as settings_module
from .settings import Settings, shown
from .wiring import embedder_for, reranker_for, store_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an index holds. `bytes` is the size on disk of an embedded store, None for a server."""

    store: str
    model: str
    dim: int
    quantization: str
    documents: int
    chunks: int
    languages: Mapping[str, int]
    bytes: int | None


class Index:
    """One index for every language; also a context manager that closes the store.

    Safe to share between threads: searches run beside an ingest, two ingests wait for one another.
    """

    def __init__(
        self,
        *,
        embedder: Embedder,
        store: Store,
        manifest: Manifest,
        settings: Settings,
        reranker: Reranker | None = None,
    ) -> None:
        self.embedder = embedder
        self.store = store
        self.manifest = manifest
        self.settings = settings
        self._retriever = Retriever(embedder, store, reranker=reranker)
        self._ingesting = threading.Lock()

    def ingest(
        self,
        source: Source,
        *,
        delete: bool = True,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Bring the index in step with `source`: a path, a connector, a Document or an iterable of them.

        Unchanged documents cost a lookup, changed ones are replaced, and ones that vanished from a complete source
        are deleted (with `delete`; suspiciously many only with `force`). What cannot be read is in the report.
        """
        chunking = Chunking(
            max_tokens=min(self.settings.chunk_tokens, self.embedder.max_tokens),
            overlap_sentences=self.settings.chunk_overlap,
        )
        with self._ingesting:
            ingestor = Ingestor(self.embedder, self.store, chunking=chunking)
            return ingestor.ingest(connector_for(source), delete=delete, force=force, progress=progress)

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
        candidates: int = CANDIDATES,
        rerank_budget: float | None = None,
    ) -> list[Hit]:
        """The best passages in any language; see `Retriever.search`."""
        return self._retriever.search(
            query,
            limit=limit,
            languages=languages,
            filter=filter,
            score_threshold=score_threshold,
            per_document=per_document,
            rerank=rerank,
            candidates=candidates,
            rerank_budget=rerank_budget,
        )

    def languages(self) -> dict[str, int]:
        """Chunks per language tag, most first."""
        return self.store.facets("language")

    def delete(self, *document_ids: str) -> int:
        """Delete documents by id; how many chunks that removed."""
        removed = self.store.delete(where(document_id=document_ids)) if document_ids else 0
        self.store.flush()
        return removed

    def documents(self) -> Iterator[str]:
        """Ids of all stored documents, in no particular order."""
        return self.store.document_ids()

    def status(self) -> Status:
        """Counts, model and size; reads the store."""
        folder = Path(self.settings.store)
        return Status(
            store=shown(self.settings.store),
            model=self.embedder.model,
            dim=self.embedder.dim,
            quantization=self.manifest.quantization,
            documents=self.store.count(where(ordinal=0)),
            chunks=self.store.count(),
            languages=self.languages(),
            bytes=_size(folder) if folder.is_dir() else None,
        )

    def close(self) -> None:
        """Flush and release the store."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open(store: str | Path | None = None, *, create: bool = True, **options: Any) -> Index:
    """Open (or `create`) the index at a folder or at the URL of a Qdrant server; `options` are the settings.

    Raises ConfigurationError on an unknown option, StoreLockedError when another process has the folder open,
    ManifestError when the store was made by another model, StoreError when there is none and `create` is False.
    """
    settings = settings_module.load(store=None if store is None else str(store), **options)
    index = from_settings(settings, create=create)
    if options.get("quantization") not in (None, index.manifest.quantization):
        index.close()
        raise ManifestError(
            f"{shown(settings.store)} was made with quantization {index.manifest.quantization}, not "
            f"{settings.quantization}. Leave the option out, or export it and import it into a new --store."
        )
    return index


def from_settings(
    settings: Settings, *, embedder: Embedder | None = None, reranker: Reranker | None = None, create: bool = True
) -> Index:
    """The index that `settings` describe, with `embedder` and `reranker` in place of the configured ones when given."""
    if not create and "://" not in settings.store and not Path(settings.store).is_dir():
        raise StoreError(
            f"There is no index at {settings.store}. Make one: interlingua ingest PATH, or name it: --store"
        )
    store = store_for(settings)
    embedder = embedder or embedder_for(settings, store)
    manifest = store.prepare(
        Manifest(
            model=embedder.model,
            fingerprint=embedder.fingerprint,
            dim=embedder.dim,
            quantization=settings.quantization,
        )
    )
    return Index(
        embedder=embedder,
        store=store,
        manifest=manifest,
        settings=settings,
        reranker=reranker or reranker_for(settings),
    )


def _size(folder: Path) -> int:
    """Bytes that the files of `folder` really occupy (the write-ahead log is sparse)."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
