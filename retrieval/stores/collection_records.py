"""The records of an index on a Qdrant server: points without vectors in a collection of their own, `papers.records`."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import StoreError, StoreLockedError
from .connection import Connection
from .folder import alive, whoami
from .folder_records import taken

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

LEASE_SECONDS = 600.0
"""How long a holder that gave no sign of life, on another host, keeps what it holds; much more than clocks differ."""
RENEW_SECONDS = 30.0
_PAGE = 1000
_NAMESPACE = uuid.UUID("5c0d2a52-2c0e-5a6d-9a43-6d7a0f5b9d10")


class CollectionRecords:
    """See `Records`. The collection is made by the first write.

    `lease` is for how many seconds a hold lasts beyond its last renewal, `renew` after how many it is renewed, `holder`
    who holds: host, process and command. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        connection: Connection,
        collection: str,
        *,
        lease: float = LEASE_SECONDS,
        renew: float = RENEW_SECONDS,
        holder: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._lease, self._renew, self._holder = lease, renew, holder
        self._clock = clock
        self._connection = connection
        self._collection = f"{collection}.records"

    def get(self, name: str) -> str | None:
        """See `Records.get`."""
        payload = self._payload(name)
        return None if payload is None else str(payload["text"])

    def put(self, name: str, text: str) -> None:
        """See `Records.put`."""
        self._create()
        self._write(name, {"name": name, "text": text})

    def remove(self, names: Sequence[str]) -> None:
        """See `Records.remove`."""
        from qdrant_client import models

        if names and self._exists():
            selector = models.PointIdsList(points=[_id(name) for name in names])
            self._connection.call(
                "deleting records", lambda client: client.delete(self._collection, selector, wait=True)
            )

    def names(self, prefix: str = "") -> list[str]:
        """See `Records.names`."""
        if not self._exists():
            return []
        found: list[str] = []
        offset: models.ExtendedPointId | None = None
        while True:
            page = partial(_page, self._collection, offset)
            records, offset = self._connection.call("reading records", page)
            found += [record.payload["name"] for record in records if record.payload and "name" in record.payload]
            if offset is None:
                return sorted(name for name in found if name.startswith(prefix))

    @contextmanager
    def hold(self, name: str) -> Iterator[Callable[[], None]]:
        """See `Records.hold`: a lease, which lasts 10 minutes beyond its last renewal when its holder dies unseen."""
        self._create()
        key, token = f"{name} (held)", uuid.uuid4().hex
        renewed, at = time.monotonic(), self._clock()
        self._claim(key, name, token)

        def keep() -> None:
            nonlocal renewed, at
            # By both clocks: one stands still while a machine is suspended, the other may be set back.
            if time.monotonic() - renewed > self._renew or abs(self._clock() - at) > self._renew:
                self._claim(key, name, token, again=True)
                renewed, at = time.monotonic(), self._clock()

        try:
            yield keep
        finally:
            with suppress(StoreError):  # it runs out by itself
                if (self._payload(key) or {}).get("token") == token:
                    self.remove([key])

    def clear(self) -> None:
        """Delete all records."""
        if self._exists():
            self._connection.call("deleting records", lambda client: client.delete_collection(self._collection))

    def _claim(self, key: str, name: str, token: str, *, again: bool = False) -> None:
        """Take the lease, or renew it (`again`), in one step that only one of several can win. Raises StoreLockedError.

        One that is no longer there was another's in between, who has done what it wanted: it is lost, too.
        """
        from qdrant_client import models

        before = self._payload(key) or {}
        if again and before.get("token") != token:
            raise StoreLockedError(taken(name, str(before.get("holder"))))
        dead = [before["token"]] if "holder" in before and not alive(json.loads(before["holder"])) else []
        ours = models.FieldCondition(key="token", match=models.MatchAny(any=[token, *dead]))
        over = models.FieldCondition(key="until", range=models.Range(lt=self._clock()))
        lease = {"token": token, "until": self._clock() + self._lease, "holder": json.dumps(self._holder or whoami())}
        self._write(key, lease, only=models.Filter(should=[ours, over]))
        after = self._payload(key) or {}
        if after.get("token") != token:
            raise StoreLockedError(taken(name, str(after.get("holder"))))

    def _payload(self, name: str) -> dict[str, Any] | None:
        if not self._exists():
            return None
        found = self._connection.call(
            "reading records", lambda client: client.retrieve(self._collection, [_id(name)], with_payload=True)
        )
        return dict(found[0].payload or {}) if found else None

    def _write(self, name: str, payload: dict[str, Any], *, only: models.Filter | None = None) -> None:
        from qdrant_client import models

        point = models.PointStruct(id=_id(name), vector={}, payload=payload)
        self._connection.call(
            "writing records",
            lambda client: client.upsert(self._collection, [point], wait=True, update_filter=only),
        )

    def _exists(self) -> bool:
        return self._connection.call("reading records", lambda client: client.collection_exists(self._collection))

    def _create(self) -> None:
        if self._exists():
            return
        try:
            self._connection.call(
                "creating records",
                lambda client: client.create_collection(self._collection, vectors_config={}, on_disk_payload=True),
            )
        except StoreError:
            if not self._exists():  # another process was first, or the answer to an attempt that succeeded was lost
                raise


def _id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def _page(
    collection: str, offset: models.ExtendedPointId | None, client: QdrantClient
) -> tuple[list[models.Record], models.ExtendedPointId | None]:
    return client.scroll(collection, limit=_PAGE, offset=offset, with_payload=["name"], with_vectors=False)
