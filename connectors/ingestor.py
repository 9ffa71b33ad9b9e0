"""Keep a store in step with a source: read, cut, embed once, write, and delete what has vanished.

Killed at any point and run again it ends in the same store. A changed document's new chunks are written before its
old ones are removed, so that a passage that did not change is never missing from a search.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from ..retrieval.chunks import Chunking
from ..retrieval.filters import Filter, Match, where
from ..retrieval.machine import release
from ..retrieval.protocols import Connector, Embedder, Store
from ..retrieval.types import Chunk, Skip
from .embedding import Window, embed
from .prefetch import prefetch
from .report import Report, Tally
from .seen import SeenIds
from .stages import Kept, plan, read
from .sync.owners import Owners
from .sync.state import doubt_attached
from .vanished import delete_documents, suspicious, vanished

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 30.0
"""Between two flushes to disk, each of which stops all threads for about 0.1 s. A kill loses nothing either way; a
power loss at most so much, which the next run finds."""
RELEASE_SECONDS = 5.0
"""Between two returns of free memory to the system."""

Progress = Callable[[Report], None]


class Ingestor:
    """The first flow: a connector's documents into a store, through one embedding pass."""

    def __init__(self, embedder: Embedder, store: Store, *, chunking: Chunking | None = None) -> None:
        self._embedder = embedder
        self._store = store
        self._chunking = chunking or Chunking(max_tokens=min(256, embedder.max_tokens))

    def ingest(
        self,
        connector: Connector,
        *,
        delete: bool = True,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Bring the store in step with `connector`.

        `delete` removes documents that a complete source no longer lists; unless `force`, not when suspiciously many
        are gone at once. `progress` is called after every batch with the report so far. A document that cannot be
        used is skipped and reported; EmbedderError and StoreError end the run, keeping what was written.
        """
        started = time.perf_counter()
        seen, unread, tally = SeenIds(), SeenIds(), Tally(connector.source)

        def written(skips: Sequence[Skip]) -> None:
            unread.add(unread_names(skips))
            if progress is not None:
                progress(tally.report(time.perf_counter() - started))

        try:
            kept = Owners(self._store.records())
            self.write(connector, seen=seen, tally=tally, written=written, kept=kept)
            if delete and connector.complete:
                self._delete_vanished(connector.source, seen, unread, tally, force=force)
        finally:
            if tally.counts["added"] or tally.counts["updated"]:  # perhaps without what sync puts on documents
                doubt_attached(self._store.records(), connector.source)
            self._store.flush()
        report = tally.report(time.perf_counter() - started)
        if progress is not None:
            progress(report)
        return report

    def write(
        self,
        connector: Connector,
        *,
        seen: SeenIds,
        tally: Tally,
        written: Callable[[Sequence[Skip]], None],
        kept: Kept,
    ) -> None:
        """Store what `connector` yields and delete nothing but old versions; `flush` is the caller's.

        What has been met goes into `seen`, and the second document of an id that is there is skipped. `written` is
        called after every batch with what was skipped in it; it may raise, to stop. `kept` says what stays with another
        source.
        """
        with closing(self._windows(connector, seen, kept)) as windows:
            flushed = released = time.perf_counter()
            for window in windows:
                self._write(window, tally)
                now = time.perf_counter()
                if now - flushed > FLUSH_SECONDS:
                    self._store.flush()
                    flushed = now
                if now - released > RELEASE_SECONDS:
                    release()
                    released = now
                written(window.skips)

    def _windows(self, connector: Connector, seen: SeenIds, kept: Kept) -> Generator[Window, None, None]:
        """The stages, each on a thread of its own, a few batches ahead of the next."""
        batches = prefetch(read(connector, self._store, chunking=self._chunking, seen=seen, kept=kept), name="read")
        tokenizer = self._embedder.tokenizer
        plans = plan(batches, source=connector.source, chunking=self._chunking, tokenizer=tokenizer)
        windows = embed(prefetch(plans, name="cut"), embedder=self._embedder, store=self._store)
        return prefetch(windows, ahead=1, name="embed")

    def _write(self, window: Window, tally: Tally) -> None:
        """Store a window, then drop the old chunks of every document whose new ones are all stored."""
        if window.chunks:
            self._store.upsert(window.chunks, window.vectors)
        for document in window.failed:
            if not document.known:  # of a document that is new, half is worse than nothing
                self._store.delete(where(document_id=document.document_id))
        for document in window.finished:
            if document.known and document.changed:
                self._store.delete(_stale(document.chunks[0]))
        tally.add(window)

    def _delete_vanished(self, source: str, seen: SeenIds, unread: SeenIds, tally: Tally, *, force: bool) -> None:
        """Delete what `source`, and the sources within it, no longer list; keep what could not be read."""
        ids, stored = vanished(self._store, source, seen, unread)
        before = stored - tally.counts["added"]  # what this run brought in says nothing about what went
        if ids and not force and suspicious(len(ids), before):
            tally.counts["refused_deletions"] = len(ids)
            logger.warning("%s: %d of %d documents vanished, which is suspicious: kept", source, len(ids), before)
            return
        for count in delete_documents(self._store, ids):
            tally.counts["deleted"] += count


def _stale(chunk: Chunk) -> Filter:
    assert chunk.origin is not None  # cut() always sets it
    return Filter(
        must=(Match("document_id", (chunk.document_id,)),), must_not=(Match("digest", (chunk.origin.digest,)),)
    )


def unread_names(skips: Sequence[Skip]) -> list[str]:
    """What is skipped, as `vanished` looks for it: a document, or a folder or a table by its name alone."""
    return [name for skip in skips if (name := skip.id.rstrip("/#"))]
