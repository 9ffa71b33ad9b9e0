"""The scale-out store: a collection on a Qdrant server or cluster, through qdrant-client."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError
from ..filters import Filter, where
from ..manifest import Manifest, check
from ..protocols import Generations, Known, Records, Stored
from ..types import Chunk, Hit, Matrix
from .aliases import QdrantGenerations, resolve
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
from .collection import create_indexes, index_texts, open_collection, search_params, stored_manifest
from .collection_records import CollectionRecords
from .conditions import client_filter, paths, text_paths
from .connection import GRPC_PORT, Connection, connect
from .payload import INDEXED, VECTOR, check_query, check_vectors, to_chunk, to_payloads

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

logger = logging.getLogger(__name__)

_BATCH = 256
_PAGE = 1000


class QdrantStore:
    """Chunks in one collection of a Qdrant server. Any number of processes may share it.

    Which collection `collection` stands for is looked up once, by `prepare` (see `aliases`): a store goes on with the
    vectors that it was opened with after the index has moved to another model, and refuses to write to them.

    Takes the server's URL, or a `QdrantClient` of yours, which `close` leaves open. `prefer_grpc=None` chooses gRPC
    when the port is Qdrant's own (6333). `retries` is how often a call is repeated, with growing waits, after a lost
    connection, a 429 or a 5xx.
    """

    def __init__(
        self,
        client_or_url: QdrantClient | str,
        *,
        collection: str = "interlingua",
        api_key: str | None = None,
        prefer_grpc: bool | None = None,
        grpc_port: int = GRPC_PORT,
        timeout: int = 30,
        retries: int = 4,
    ) -> None:
        self._target = client_or_url
        self.collection = collection
        self._api_key = api_key
        self._prefer_grpc = prefer_grpc
        self._grpc_port = grpc_port
        self._timeout = timeout
        self._retries = retries
        self._connection: Connection | None = None
        self._looking: Connection | None = None  # for a look at records, before the store is prepared
        self._manifest: Manifest | None = None
        self._indexed: set[tuple[str, bool]] = set()
        self.name = collection
        """The collection that is open; `collection` itself until the index moves to another model."""

    def stored(self) -> Manifest | None:
        """See `Store.stored`."""
        connection = self._connection or self._connect()
        try:
            return stored_manifest(connection, self._resolved(connection))
        finally:
            if self._connection is None and isinstance(self._target, str):
                connection.close()

    def prepare(self, manifest: Manifest) -> Manifest:
        """Create the collection or open it; the manifest in force. A collection that is not ours is left alone."""
        connection = self._connection or self._connect()
        try:
            return self._open(connection, self._resolved(connection), manifest)
        except BaseException:
            if self._connection is None and isinstance(self._target, str):
                connection.close()
            raise

    def generations(self) -> Generations:
        """See `Store.generations`."""
        connection, _ = self._opened()
        return QdrantGenerations(connection, self.collection, open_collection=self._beside)

    def records(self) -> Records:
        """See `Store.records`."""
        if self._connection is None and self._looking is None:
            self._looking = self._connect()
        connection = self._connection or self._looking
        assert connection is not None
        return CollectionRecords(connection, self.collection)

    def upsert(self, chunks: Sequence[Chunk], vectors: Matrix) -> None:
        """See `Store.upsert`. Raises InputError naming the key when metadata cannot be stored."""
        from qdrant_client import models

        connection, manifest = self._opened()
        self._refuse_replaced(connection)
        unit = check_vectors(chunks, vectors, manifest.dim)
        payloads = to_payloads(chunks)
        for start in range(0, len(chunks), _BATCH):
            stop = min(start + _BATCH, len(chunks))
            points = [
                models.PointStruct(id=chunks[i].id, vector={VECTOR: unit[i].tolist()}, payload=payloads[i])
                for i in range(start, stop)
            ]
            connection.call("writing", partial(_write, self.name, points))

    def known(self, document_ids: Sequence[str]) -> dict[str, Known]:
        """See `Store.known`."""
        if not document_ids:
            return {}
        keys = ["document_id", "source", "revision", "digest", "chunks"]
        return known_of(r.payload or {} for r in self._records(where(document_id=list(document_ids)), payload=keys))

    def document_ids(self, where: Filter | None = None) -> Iterator[str]:
        """See `Store.document_ids`."""
        records = self._records(FIRST_CHUNK & where, payload=["document_id"])
        return unique((record.payload or {})["document_id"] for record in records)

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        limit: int,
        where: Filter | None = None,
        score_threshold: float | None = None,
    ) -> list[Hit]:
        """See `Store.search`."""
        connection, manifest = self._opened()
        query = check_query(vector, manifest.dim).tolist()
        matching = client_filter(where)

        def fetch(count: int) -> list[ScoredPayload]:
            answer = connection.call(
                "searching",
                lambda client: client.query_points(
                    self.name,
                    query=query,
                    using=VECTOR,
                    limit=count,
                    query_filter=matching,
                    score_threshold=score_threshold,
                    search_params=search_params(connection, manifest, oversampling(manifest, count)),
                    with_payload=True,
                ),
            )
            return [(str(point.id), point.score, point.payload or {}) for point in answer.points]

        return best(fetch, limit)

    def scan(self, where: Filter | None = None, *, vectors: bool = False, after: str | None = None) -> Iterator[Stored]:
        """See `Store.scan`. What is written meanwhile may or may not be seen."""
        for record in self._records(where, payload=True, vectors=vectors, after=after):
            chunk = to_chunk(str(record.id), record.payload or {})
            raw = cast("Mapping[str, Any]", record.vector)[VECTOR] if vectors else None
            yield Stored(chunk=chunk, vector=None if raw is None else np.asarray(raw, dtype=np.float32))

    def delete(self, where: Filter) -> int:
        """See `Store.delete`."""
        from qdrant_client import models

        connection, _ = self._opened()
        self._refuse_replaced(connection)
        count = self.count(where)
        selector = models.FilterSelector(filter=client_filter(where) or models.Filter())
        if count:
            connection.call("deleting", lambda client: client.delete(self.name, selector, wait=True))
        return count

    def count(self, where: Filter | None = None) -> int:
        """See `Store.count`."""
        connection, _ = self._opened()
        matching = client_filter(where)
        answer = connection.call("counting", lambda client: client.count(self.name, count_filter=matching, exact=True))
        return answer.count

    def facets(self, key: str, where: Filter | None = None, *, limit: int = 1000) -> dict[str, int]:
        """See `Store.facets`. Fields without an index are counted by reading the matching chunks."""
        if limit < 1:
            return {}
        if key not in INDEXED:
            root = paths(key)[0].partition(".")[0]
            return count_values((r.payload or {} for r in self._records(where, payload=[root])), key, limit)
        connection, _ = self._opened()
        matching = client_filter(where)
        answer = connection.call(
            "counting values",
            lambda client: client.facet(self.name, key, facet_filter=matching, limit=limit, exact=True),
        )
        return most_frequent(((label(hit.value), hit.count) for hit in answer.hits), limit)

    def index(self, where: Filter, *, reserved: bool = False) -> None:
        """See `Readable.index`. A key of the server that may only read makes no indexes, which costs speed alone."""
        wanted = [path for path in text_paths(where) if (path, reserved) not in self._indexed]
        if wanted:
            connection, _ = self._opened()
            self._indexed.update((path, reserved) for path in wanted)
            try:
                index_texts(connection, self.name, wanted, reserved=reserved)
            except StoreError as error:
                logger.warning("Filters on %s stay slow: %s", ", ".join(wanted), error)

    def flush(self) -> None:
        """Nothing to do: a write returns once it is in the server's write-ahead log."""
        self._opened()

    def optimize(self) -> None:
        """Nothing to do: the server optimizes in the background."""
        self._opened()

    def close(self) -> None:
        """See `Store.close`. A client that was given is left open."""
        connections, self._connection, self._looking = (self._connection, self._looking), None, None
        for connection in connections:
            if connection is not None and isinstance(self._target, str):
                connection.close()

    def _connect(self) -> Connection:
        if isinstance(self._target, str):
            return connect(
                self._target,
                api_key=self._api_key,
                prefer_grpc=self._prefer_grpc,
                grpc_port=self._grpc_port,
                timeout=self._timeout,
                retries=self._retries,
            )
        return Connection(self._target, "the given client", retries=self._retries, secret=self._api_key)

    def _resolved(self, connection: Connection) -> str:
        return resolve(connection, self.collection).current if self._connection is None else self.name

    def _open(self, connection: Connection, name: str, manifest: Manifest) -> Manifest:
        if name == self.collection and stored_manifest(connection, name) is None:
            # Those of an index of this name that was deleted: what they say of its chunks is no longer true.
            CollectionRecords(connection, name).clear()
        stored = open_collection(connection, name, manifest)
        in_force = check(stored, manifest, where=f"Collection {name!r} at {connection.name}")
        create_indexes(connection, name)
        self._connection, self._manifest, self.name = connection, in_force, name
        return in_force

    def _beside(self, name: str, manifest: Manifest) -> QdrantStore:
        """Another collection of the same index, opened."""
        store = QdrantStore(
            self._target,
            collection=self.collection,
            api_key=self._api_key,
            prefer_grpc=self._prefer_grpc,
            grpc_port=self._grpc_port,
            timeout=self._timeout,
            retries=self._retries,
        )
        connection = store._connect()
        try:
            store._open(connection, name, manifest)
        except BaseException:
            if isinstance(self._target, str):
                connection.close()
            raise
        return store

    def _refuse_replaced(self, connection: Connection) -> None:
        """Nothing that another process switched away from is written to: it would be lost without a word."""
        names = resolve(connection, self.collection)
        if self.name not in (names.current, names.next):
            raise StoreError(
                f"Collection {self.collection!r} at {connection.name} has moved to another model "
                f"({names.current} is in force, {self.name} was opened). Nothing was written: open the index again."
            )

    def _opened(self) -> tuple[Connection, Manifest]:
        if self._connection is None or self._manifest is None:
            raise StoreError(f"Collection {self.collection!r} is not open. Call prepare(manifest) first.")
        return self._connection, self._manifest

    def _records(
        self, where: Filter | None, *, payload: bool | list[str], vectors: bool = False, after: str | None = None
    ) -> Iterator[models.Record]:
        """Matching records ordered by id. The engine orders UUIDs as numbers, which is the order of the strings."""
        from qdrant_client import models

        request = models.ScrollRequest(
            filter=client_filter(where),
            limit=_PAGE,
            with_payload=payload,
            with_vector=[VECTOR] if vectors else False,
            offset=after,
        )
        while True:
            connection, _ = self._opened()
            records, offset = connection.call("reading", partial(_page, self.name, request))
            yield from (
                record for record in records if str(record.id) != after
            )  # the offset is the first, not the last
            if offset is None:
                return
            request = request.model_copy(update={"offset": offset})


def _write(collection: str, points: list[models.PointStruct], client: QdrantClient) -> None:
    client.upsert(collection, points, wait=True)


def _page(
    collection: str, request: models.ScrollRequest, client: QdrantClient
) -> tuple[list[models.Record], models.ExtendedPointId | None]:
    return client.scroll(
        collection,
        scroll_filter=request.filter,
        limit=request.limit or _PAGE,
        offset=request.offset,
        with_payload=cast("Any", request.with_payload),
        with_vectors=cast("Any", request.with_vector),
    )
