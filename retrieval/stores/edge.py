"""The embedded store: Qdrant Edge, the Qdrant engine inside this process, in one folder."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from ..errors import FilterError, StoreError
from ..filters import Filter, where
from ..manifest import Manifest, check
from ..precedence import SEARCHES
from ..protocols import Generations, Known, Records, Stored
from ..types import Chunk, Hit, Matrix
from .answers import (
    FIRST_CHUNK,
    ScoredPayload,
    best,
    count_values,
    known_of,
    label,
    most_frequent,
    oversampling,
    unique,
)
from .conditions import edge_filter, paths, text_paths
from .edge_generations import EdgeGenerations
from .folder import REPAIR, Holder, hold
from .folder_records import FolderRecords
from .forks import protect
from .manifests import FIRST, Vectors, read_layout
from .payload import INDEXED, VECTOR, check_query, check_vectors, to_chunk, to_payloads
from .shard import count, create, errors, index_texts, load

logger = logging.getLogger(__name__)

_BATCH = 32
"""Points per call: every call holds the GIL, so this bounds how long other threads wait (3 ms)."""
_PAGE = 1000


class EdgeStore:
    """Chunks in a folder of this machine, one process at a time.

    Every method may be called from several threads; the engine serialises them. Open it after a fork, never before: a
    forked child gets StoreError instead of the engine's endless wait.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.vectors: Vectors | None = None
        """What is open, or was at last: the manifest and the shard."""
        self._shard: edge.EdgeShard | None = None
        self._holder: Holder | None = None
        self._pid = 0
        self._lock = threading.RLock()
        self._indexed: set[tuple[str, bool]] = set()
        self.points_lost = 0
        """How many points fewer there are than when the store was last closed in order: files were damaged."""

    def stored(self) -> Manifest | None:
        """See `Store.stored`. Needs no lock."""
        if self.vectors is not None:
            return self.vectors.manifest
        layout = read_layout(self.folder)
        return None if layout is None else layout.current.manifest

    def prepare(self, manifest: Manifest) -> Manifest:
        """Create the store or open it; the manifest in force. Safe to repeat after a crash at any point."""
        self._refuse_fork()
        with self._lock:
            if self._shard is not None and self.vectors is not None:
                return check(self.vectors.manifest, manifest, where=str(self.folder))
            holder = hold(self.folder)
            try:
                with errors(self.folder, "opening"):
                    current = (read_layout(self.folder) or create(self.folder, manifest)).current
                    check(current.manifest, manifest, where=str(self.folder))
                    self.attach(current, holder)
            except BaseException:
                holder.undo()
                raise
            self._compare_with(holder.last)
            return current.manifest

    def attach(self, vectors: Vectors, holder: Holder) -> None:
        """Open the shard of `vectors` in the folder that this process holds already."""
        shard = load(self.folder, vectors.shard)
        holder.opened(vectors.shard)
        self.vectors, self._shard, self._holder, self._pid = vectors, shard, holder, os.getpid()
        protect(self)

    def generations(self) -> Generations:
        """See `Store.generations`."""
        with self._open("reading"):
            assert self._holder is not None
            beside = partial(_beside, self.folder, self._holder)
            return EdgeGenerations(self.folder, self._holder, chunks=self.count, open_shard=beside)

    def records(self) -> Records:
        """See `Store.records`."""
        return FolderRecords(self.folder)

    def upsert(self, chunks: Sequence[Chunk], vectors: Matrix) -> None:
        """See `Store.upsert`. Raises InputError naming the key when metadata cannot be stored."""
        with self._open("writing") as shard:
            unit = check_vectors(chunks, vectors, self._dim)
            payloads = to_payloads(chunks)
            for start in range(0, len(chunks), _BATCH):
                rows = range(start, min(start + _BATCH, len(chunks)))
                # A list converts 10 % faster than an array: the engine reads an array one boxed number at a time.
                points = [edge.Point(chunks[i].id, {VECTOR: unit[i].tolist()}, payloads[i]) for i in rows]
                SEARCHES.give_way()
                shard.update(edge.UpdateOperation.upsert_points(points))

    def known(self, document_ids: Sequence[str]) -> dict[str, Known]:
        """See `Store.known`."""
        if not document_ids:
            return {}
        keys = ["document_id", "source", "revision", "digest", "chunks"]
        return known_of(
            cast("Mapping[str, Any]", record.payload)
            for record in self._records(where(document_id=list(document_ids)), payload=keys)
        )

    def document_ids(self, where: Filter | None = None) -> Iterator[str]:
        """See `Store.document_ids`."""
        records = self._records(FIRST_CHUNK & where, payload=["document_id"])
        return unique(cast("Mapping[str, str]", record.payload)["document_id"] for record in records)

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        limit: int,
        where: Filter | None = None,
        score_threshold: float | None = None,
    ) -> list[Hit]:
        """See `Store.search`."""
        matching = _matching(where)
        with self._open("searching") as shard:
            nearest = edge.Query.Nearest(cast("Any", check_query(vector, self._dim)), using=VECTOR)

            def fetch(count: int) -> list[ScoredPayload]:
                request = edge.QueryRequest(
                    limit=count,
                    query=nearest,
                    filter=matching,
                    score_threshold=score_threshold,
                    with_payload=True,
                    params=self._params(count),
                )
                return [(str(point.id), point.score, point.payload or {}) for point in shard.query(request)]

            return best(fetch, limit)

    def scan(self, where: Filter | None = None, *, vectors: bool = False, after: str | None = None) -> Iterator[Stored]:
        """See `Store.scan`. What is written meanwhile may or may not be seen."""
        for record in self._records(where, payload=True, vectors=vectors, after=after):
            chunk = to_chunk(str(record.id), record.payload or {})
            raw = cast("Mapping[str, Any]", record.vector)[VECTOR] if vectors else None
            yield Stored(chunk=chunk, vector=None if raw is None else np.asarray(raw, dtype=np.float32))

    def delete(self, where: Filter) -> int:
        """See `Store.delete`."""
        matching = _matching(where) or edge.Filter(must=[])
        with self._lock, self._open("deleting") as shard:
            count = shard.count(edge.CountRequest(filter=matching, exact=True))
            if count:
                shard.update(edge.UpdateOperation.delete_points_by_filter(matching))
            return count

    def count(self, where: Filter | None = None) -> int:
        """See `Store.count`."""
        matching = _matching(where)
        with self._open("counting") as shard:
            return shard.count(edge.CountRequest(filter=matching, exact=True))

    def facets(self, key: str, where: Filter | None = None, *, limit: int = 1000) -> dict[str, int]:
        """See `Store.facets`. Fields without an index are counted by reading the matching chunks."""
        if limit < 1:
            return {}
        if key not in INDEXED:
            root = paths(key)[0].partition(".")[0]
            records = self._records(where, payload=[root])
            return count_values((cast("Mapping[str, Any]", record.payload) for record in records), key, limit)
        matching = _matching(where)
        with self._open("counting values") as shard:
            request = edge.FacetRequest(key, limit=limit, exact=True, filter=matching)
            return most_frequent(((label(hit.value), hit.count) for hit in shard.facet(request).hits), limit)

    def index(self, where: Filter, *, reserved: bool = False) -> None:
        """See `Readable.index`. Blocks all threads for 1 s per 100,000 chunks; a search of 300 ms then takes 1."""
        wanted = [path for path in text_paths(where) if (path, reserved) not in self._indexed]
        if wanted:
            with self._lock, self._open("indexing") as shard:
                index_texts(shard, wanted, reserved=reserved)
                self._indexed.update((path, reserved) for path in wanted)

    def flush(self) -> None:
        """See `Store.flush`; 20-40 ms."""
        with self._open("flushing") as shard:
            SEARCHES.give_way()
            shard.flush()

    def optimize(self) -> None:
        """Build quantized segments. Blocks every thread of this process while it runs (8 s for 50k x 1024)."""
        with self._open("optimizing") as shard:
            shard.optimize()

    def close(self) -> None:
        """See `Store.close`. In a forked child it only lets go of the store that its parent goes on using."""
        if self._shard is None or self._holder is None:
            return
        if self._pid != os.getpid():
            self._holder.forget()
            return
        with self._lock, errors(self.folder, "closing"):
            shard, holder = self._shard, self._holder
            self._shard = self._holder = None
            points: int | None = None
            try:
                shard.flush()
                points = count(shard)
            finally:
                shard.close()
                holder.release(self._shard_name, points=points)

    def inherited(self) -> object | None:
        """See `forks.Owner`."""
        return self._shard

    @property
    def _dim(self) -> int:
        assert self.vectors is not None
        return self.vectors.manifest.dim

    @property
    def _shard_name(self) -> str:
        return FIRST if self.vectors is None else self.vectors.shard

    def _params(self, count: int) -> edge.SearchParams | None:
        if self.vectors is None or self.vectors.manifest.quantization == "none":
            return None
        codes = edge.QuantizationSearchParams(rescore=True, oversampling=oversampling(self.vectors.manifest, count))
        return edge.SearchParams(quantization=codes)

    def _records(
        self, where: Filter | None, *, payload: bool | list[str], vectors: bool = False, after: str | None = None
    ) -> Iterator[edge.Record]:
        """Matching records ordered by id. The engine orders UUIDs as numbers, which is the order of the strings."""
        matching = _matching(where)
        offset: Any = after
        while True:
            with self._open("reading") as shard:
                request = edge.ScrollRequest(
                    limit=_PAGE,
                    offset=offset,
                    filter=matching,
                    with_payload=payload,
                    with_vector=[VECTOR] if vectors else False,
                )
                records, offset = shard.scroll(request)
            yield from (
                record for record in records if str(record.id) != after
            )  # the offset is the first, not the last
            if offset is None:
                return

    def _compare_with(self, last: Mapping[str, Any]) -> None:
        # A truncated id file opened without an error and with 10 of 18 points: this is how such a loss is noticed.
        points = last.get("points")
        before = points.get(self._shard_name) if isinstance(points, dict) else None
        if not isinstance(before, int):
            return
        now = self.count()
        self.points_lost = max(0, before - now)
        if self.points_lost:
            logger.warning(
                "%s held %d chunks when it was closed and holds %d now. %s", self.folder, before, now, REPAIR
            )

    def _refuse_fork(self) -> None:
        if self._shard is not None and self._pid != os.getpid():
            raise StoreError(
                f"{self.folder} was opened by process {self._pid}, and this is a fork of it (process {os.getpid()}), "
                "where the engine would wait forever. Open the store after the fork, or start workers with "
                'multiprocessing.get_context("spawn").'
            )

    @contextmanager
    def _open(self, doing: str) -> Iterator[edge.EdgeShard]:
        self._refuse_fork()
        shard = self._shard
        if shard is None:
            raise StoreError(f"{self.folder} is not open. Call prepare(manifest) first.")
        with errors(self.folder, doing):
            yield shard


def _beside(folder: Path, holder: Holder, vectors: Vectors) -> EdgeStore:
    """Another set of vectors of the folder, opened under the same lock."""
    store = EdgeStore(folder)
    store.attach(vectors, holder)
    return store


def _matching(where: Filter | None) -> edge.Filter | None:
    """`where` for the engine. Outside `_open`: what the engine refuses here is the filter's fault, not the folder's."""
    try:
        return edge_filter(where)
    except FilterError:
        raise
    except Exception as error:
        raise FilterError(f"The engine cannot read the filter {where}: {error}.") from error
