"""The index: an embedder, a store, the ingestor and the retriever, wired from the settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ..connectors.sources import Source
from ..retrieval.embedders.apart import ModelProcess, apart
from ..retrieval.errors import ManifestError, StoreError
from ..retrieval.filters import Filter, where
from ..retrieval.manifest import Manifest
from ..retrieval.protocols import Embedder, Store
from ..retrieval.rerankers import Reranker
from ..retrieval.retriever import CANDIDATES
from ..retrieval.stores.room import size
from ..retrieval.types import Hit
from . import settings as settings_module
from .generation import Current, Generation
from .settings import Settings, shown
from .wiring import connector_of, embedder_for, manifest_for, reranker_for, store_for, target_for, verify_model

# Not needed to search: they would take half as long again to load as all that is.
if TYPE_CHECKING:
    from ..connectors.ingestor import Ingestor, Progress
    from ..connectors.report import Report
    from ..connectors.sync.plan import Plan, SyncReport
    from . import migration
    from .translations import Translations

PATIENCE = 60.0
"""Seconds that a migration waits for searches on the vectors before the last one."""


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
        self.settings = settings
        self._current = Current(Generation(embedder, store, manifest, reranker))
        self._ingesting = threading.Lock()
        self._switching = threading.Lock()  # held for seconds, so that a deletion need not wait for an ingest

    @property
    def embedder(self) -> Embedder:
        """The model in force."""
        return self._current.get().embedder

    @property
    def store(self) -> Store:
        """The store in force; ask again after `migrate` or `rollback`, which close the one before."""
        return self._current.get().store

    @property
    def manifest(self) -> Manifest:
        """What made the vectors in force."""
        return self._current.get().manifest

    @contextmanager
    def using(self, *, writing: bool = False) -> Iterator[Generation]:
        """The embedder, store and retriever in force, open to the end of the block even if others are put in force.

        With `writing` none are until then, so that what is written is not missing from them. Keep that block short.
        """
        with self._switching if writing else nullcontext(), self._current.using() as current:
            yield current

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
        with self._ingesting, self._current.using() as current:
            ingestor = self._ingestor(current)
            return ingestor.ingest(connector_of(source, self.settings), delete=delete, force=force, progress=progress)

    def sync(
        self,
        source: Source,
        *,
        name: str | None = None,
        plan: Plan | None = None,
        full: bool = False,
        force: bool = False,
        patient: bool = False,
        stop: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> SyncReport:
        """Keep the index in step with `source`, going on from where the last run of that `name` ended.

        As `ingest`, but that a connector which gives changes is asked for those alone, that a run which was killed is
        gone on with, and that what is gone, what failed and what was done are remembered with the index. `name` is that
        of the connector's source unless given. See `Synchroniser.sync` for the rest and for what is raised.
        """
        from ..connectors.sync.engine import Synchroniser
        from ..connectors.sync.plan import Plan

        with self._ingesting, self._current.using() as current:
            engine = Synchroniser(self._ingestor(current), current.store)
            return engine.sync(
                connector_of(source, self.settings), name=name, plan=plan or Plan(), full=full, force=force,
                patient=patient, stop=stop, progress=progress,
            )  # fmt: skip

    def _ingestor(self, current: Generation) -> Ingestor:
        from ..connectors.ingestor import Ingestor
        from ..retrieval.chunks import Chunking

        verify_model(self.settings, current.embedder, current.manifest)
        chunking = Chunking(
            max_tokens=min(self.settings.chunk_tokens, current.embedder.max_tokens),
            overlap_sentences=self.settings.chunk_overlap,
        )
        return Ingestor(current.embedder, current.store, chunking=chunking)

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
        rerank: bool = False,
        candidates: int = CANDIDATES,
        rerank_budget: float | None = None,
        reader: str | Sequence[str] | None = None,
        vector: NDArray[np.float32] | None = None,
    ) -> list[Hit]:
        """The best passages in any language; see `Retriever.search`."""
        with self._current.using() as current:
            return current.retriever.search(
                query,
                limit=limit,
                languages=languages,
                sources=sources,
                filter=filter,
                score_threshold=score_threshold,
                per_document=per_document,
                rerank=rerank,
                candidates=candidates,
                rerank_budget=rerank_budget,
                reader=reader,
                vector=vector,
            )

    def languages(self) -> dict[str, int]:
        """Chunks per language tag, most first."""
        with self._current.using() as current:
            return current.store.facets("language")

    def translations(
        self, *, languages: Sequence[str] | None = None, original: str | None = None, modified: str | None = None
    ) -> Translations:
        """Which documents are there in which languages, and what is missing or outdated; see `app.translations`."""
        from .translations import translations

        with self._current.using() as current:
            return translations(current.store, languages=languages, original=original, modified=modified)

    def delete(self, *document_ids: str, within: Filter | None = None) -> int:
        """Delete documents by id, of those that match `within`; how many chunks that removed."""
        with self.using(writing=True) as current:
            removed = current.store.delete(where(document_id=document_ids) & within) if document_ids else 0
            current.store.flush()
            return removed

    def documents(self) -> Iterator[str]:
        """Ids of all stored documents, in no particular order."""
        with self._current.using() as current:
            yield from current.store.document_ids()

    def status(self) -> Status:
        """Counts, model and size; reads the store."""
        folder = Path(self.settings.store)
        with self._current.using() as current:
            return Status(
                store=shown(self.settings.store),
                model=current.embedder.model,
                dim=current.embedder.dim,
                quantization=current.manifest.quantization,
                documents=current.store.count(where(ordinal=0)),
                chunks=current.store.count(),
                languages=current.store.facets("language"),
                bytes=size(folder) if folder.is_dir() else None,
            )

    def migrate(
        self,
        to: str | Embedder | None = None,
        *,
        quantization: str | None = None,
        switch: bool = True,
        sampled: int | None = None,
        queries: Sequence[str] = (),
        optimize: bool = False,
        progress: Callable[[migration.Progress], None] | None = None,
        **options: Any,
    ) -> migration.MigrationReport:
        """Move the index to another model, from the stored text, while searches go on.

        `to` is a model's name or an embedder; without it, the same model with other `dimensions` or `quantization`.
        The new vectors are built beside those in force (killed and called again, it goes on), compared with them on
        `sampled` stored passages (300) and on `queries`, and put in force unless `switch` is False. The old ones are
        kept for `rollback`. `options` are those of `target_for`: dimensions, task, url, dialect, key, device, revision,
        trust_remote_code. See `migration.build` for `optimize` and for what is raised.
        """
        from . import migration

        with self._ingesting, self._current.using() as current:
            self._current.wait_replaced(PATIENCE)
            if to is None or isinstance(to, str):
                to = target_for(self.settings, current.manifest, to, **options)
            wanted = migration.target_manifest(current.manifest, to, quantization)
            new, report = migration.build(
                current.store, to, wanted, source=current.embedder,
                sampled=migration.SAMPLE if sampled is None else sampled, queries=queries, optimize=optimize,
                progress=progress,
            )  # fmt: skip
            try:
                if switch:
                    with self._switching:
                        report = migration.switch(current.store, new, to, report)
                        self._current.replace(Generation(to, new, report.after, current.reranker))
            finally:
                if not report.switched:
                    new.close()
        return report

    def rollback(self, embedder: Embedder | None = None, *, force: bool = False) -> Manifest:
        """Put the model before the last `migrate` back in force; what it is. Searches go on.

        `embedder` is that model, needed where its name is not enough to load it. Raises StoreError when there is
        nothing to go back to or, unless `force`, when documents have changed since; ManifestError when `embedder` is
        another model.
        """
        from . import migration

        with self._ingesting, self._switching, self._current.using() as current:
            self._current.wait_replaced(PATIENCE)
            embedder = embedder or migration.embedder_before(current.store)
            store, kept = migration.roll_back(current.store, embedder, force=force)
            self._current.replace(Generation(embedder, store, kept, current.reranker))
        return kept

    def discard(self) -> None:
        """Delete what `migrate` kept or left unfinished; after that there is no `rollback`."""
        with self._ingesting, self._current.using() as current:
            self._current.wait_replaced(PATIENCE)
            current.store.generations().discard()

    def close(self) -> None:
        """Flush and release the store."""
        self._current.close()

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
            f"{settings.quantization}. Leave the option out, or change it: interlingua migrate --quantization NAME"
        )
    return index


def from_settings(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    reranker: Reranker | None = None,
    process: ModelProcess | None = None,
    create: bool = True,
) -> Index:
    """The index that `settings` describe, with `embedder` and `reranker` in place of the configured ones when given.

    `process` runs the model, if it is for that one.
    """
    if not create and "://" not in settings.store and not Path(settings.store).is_dir():
        raise StoreError(
            f"There is no index at {settings.store}. Make one: interlingua ingest PATH, or name it: --store"
        )
    store = store_for(settings)
    embedder = embedder or embedder_for(settings, store)
    if process is not None:
        embedder = apart(embedder, process)
    manifest = store.prepare(manifest_for(settings, embedder, store))
    return Index(
        embedder=embedder,
        store=store,
        manifest=manifest,
        settings=settings,
        reranker=reranker or reranker_for(settings),
    )
