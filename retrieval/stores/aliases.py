"""The vectors beside those in force, on a Qdrant server: a collection each, and aliases that say which is which.

    papers            the collection that an index begins with
    papers-2, -3, …   those that it has moved to
    papers.live       alias of the collection in force; without it, that is `papers`
    papers.previous   alias of the one before, which is kept
    papers.next       alias of the one that is being built

A collection cannot share its name with an alias, so `papers` itself is never one: stores that were made before there
were migrations work the same way, nothing is renamed or copied, and whoever reads `papers` with the old model by other
means does not suddenly get the vectors of another. All aliases change in one call, which the server applies as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ..errors import StoreError
from ..manifest import Manifest
from ..protocols import Store
from .collection import open_collection as create
from .collection import stored_manifest
from .connection import Connection

if TYPE_CHECKING:
    from .qdrant import QdrantStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Collections of one index: in force, kept, being built."""

    current: str
    previous: str | None = None
    next: str | None = None


def resolve(connection: Connection, collection: str) -> Names:
    """Which collections belong to the index called `collection`."""
    answer = connection.call("looking up aliases", lambda client: client.get_aliases())
    found = {alias.alias_name: alias.collection_name for alias in answer.aliases}
    current = found.get(f"{collection}.live", collection)
    coming = found.get(f"{collection}.next")
    return Names(
        current=current, previous=found.get(f"{collection}.previous"), next=None if coming == current else coming
    )


class QdrantGenerations:
    """See `Generations`. Two processes that migrate to the same model at once do the same work twice, no harm."""

    def __init__(
        self, connection: Connection, collection: str, *, open_collection: Callable[[str, Manifest], Store]
    ) -> None:
        self._connection = connection
        self._collection = collection
        self._open = open_collection

    def previous(self) -> Manifest | None:
        """See `Generations.previous`."""
        return self._manifest(self._names().previous)

    def building(self) -> Manifest | None:
        """See `Generations.building`."""
        return self._manifest(self._names().next)

    def begin(self, manifest: Manifest) -> Store:
        """See `Generations.begin`. How much room the server has is not known."""
        names = self._names()
        for name in (names.next, names.previous):
            stored = self._manifest(name)
            if name is not None and stored is not None and stored.same_vectors(manifest):
                break
        else:
            self._delete(names.next, unless=(names.current, names.previous))
            name, stored = self._free_name(), manifest
            create(self._connection, name, manifest)
        self._alias({"next": name})
        return self._open(name, stored)

    def open_previous(self) -> Store:
        """See `Generations.open_previous`."""
        name = self._names().previous
        stored = self._manifest(name)
        if name is None or stored is None:
            raise StoreError(f"Collection {self._collection!r} keeps no vectors of another model.")
        return self._open(name, stored)

    def switch(self, store: Store) -> None:
        """See `Generations.switch`."""
        names, to = self._names(), cast("QdrantStore", store).name
        if to == names.current:
            return
        self._alias({"live": to, "previous": names.current, "next": None})
        for name in {names.previous, names.next}:
            self._delete(name, unless=(to, names.current))

    def discard(self) -> None:
        """See `Generations.discard`. Other processes that still search the kept collection get a StoreError then."""
        names = self._names()
        for name in {names.previous, names.next}:
            self._delete(name, unless=(names.current,))
        self._alias({"previous": None, "next": None})

    def _names(self) -> Names:
        return resolve(self._connection, self._collection)

    def _manifest(self, name: str | None) -> Manifest | None:
        return None if name is None else stored_manifest(self._connection, name)

    def _free_name(self) -> str:
        answer = self._connection.call("looking up collections", lambda client: client.get_collections())
        taken = {collection.name for collection in answer.collections}
        number = 2
        while f"{self._collection}-{number}" in taken:
            number += 1
        return f"{self._collection}-{number}"

    def _alias(self, targets: dict[str, str | None]) -> None:
        """Point the aliases at collections, or remove those of None, all in one call."""
        from qdrant_client import models

        operations: list[models.AliasOperations] = []
        for role, target in targets.items():
            alias = f"{self._collection}.{role}"
            operations.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
            if target is not None:
                created = models.CreateAlias(collection_name=target, alias_name=alias)
                operations.append(models.CreateAliasOperation(create_alias=created))
        self._connection.call("switching", lambda client: client.update_collection_aliases(operations))

    def _delete(self, name: str | None, *, unless: tuple[str | None, ...]) -> None:
        """Delete a collection of ours that is in none of the roles of `unless`."""
        if name is not None and name not in unless:
            self._connection.call("deleting", lambda client: client.delete_collection(name))
