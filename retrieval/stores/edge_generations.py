"""The vectors beside those in force, in the folder of an embedded store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import StoreError
from ..manifest import Manifest
from ..protocols import Store
from .folder import Holder
from .manifests import (
    FRESH,
    Layout,
    Vectors,
    free_shard,
    read_layout,
    read_next,
    remove_next,
    shards,
    write_layout,
    write_next,
)
from .room import check_room
from .shard import create_shard, errors

if TYPE_CHECKING:
    from .edge import EdgeStore


class EdgeGenerations:
    """See `Generations`: each set of vectors is a shard of its own, and manifest.json says which one is in force.

    Killed at any point, what manifest.json names is there in full; a shard that no manifest names is deleted by the
    next call that writes.
    """

    def __init__(
        self, folder: Path, holder: Holder, *, chunks: Callable[[], int], open_shard: Callable[[Vectors], Store]
    ) -> None:
        self._folder = folder
        self._holder = holder
        self._chunks = chunks
        self._open_shard = open_shard

    def previous(self) -> Manifest | None:
        """See `Generations.previous`."""
        kept = self._layout().previous
        return None if kept is None else kept.manifest

    def building(self) -> Manifest | None:
        """See `Generations.building`."""
        unfinished = read_next(self._folder, self._layout())
        return None if unfinished is None else unfinished.manifest

    def begin(self, manifest: Manifest) -> Store:
        """See `Generations.begin`."""
        layout = self._layout()
        unfinished = read_next(self._folder, layout)
        with errors(self._folder, "preparing new vectors in"):
            if unfinished is not None and unfinished.manifest.same_vectors(manifest):
                vectors = unfinished
            elif layout.previous is not None and layout.previous.manifest.same_vectors(manifest):
                vectors = layout.previous
            else:
                remove_next(self._folder)
                vectors = Vectors(manifest=manifest, shard=free_shard(self._folder))
            self._delete_all_but(layout.current, layout.previous, vectors)
            check_room(self._folder, layout.current, vectors, chunks=self._chunks())
            if not (self._folder / vectors.shard).is_dir():
                create_shard(self._folder, vectors.shard, manifest)
            write_next(self._folder, vectors)
            return self._opened(vectors)

    def open_previous(self) -> Store:
        """See `Generations.open_previous`."""
        kept = self._layout().previous
        if kept is None:
            raise StoreError(f"{self._folder} keeps no vectors of another model.")
        return self._opened(kept)

    def switch(self, store: Store) -> None:
        """See `Generations.switch`."""
        vectors = cast("EdgeStore", store).vectors
        layout = self._layout()
        if vectors is None or vectors == layout.current:
            return
        store.flush()
        with errors(self._folder, "switching"):
            write_layout(self._folder, Layout(current=vectors, previous=layout.current))
            remove_next(self._folder)
            self._delete_all_but(layout.current, vectors)

    def discard(self) -> None:
        """See `Generations.discard`."""
        layout = self._layout()
        with errors(self._folder, "discarding vectors in"):
            self._refuse_open(set(shards(self._folder)) - {layout.current.shard})
            write_layout(self._folder, Layout(current=layout.current))
            remove_next(self._folder)
            self._delete_all_but(layout.current)

    def _layout(self) -> Layout:
        layout = read_layout(self._folder)
        if layout is None:
            raise StoreError(f"{self._folder} has no manifest.json any more. Restore the folder from a backup.")
        return layout

    def _opened(self, vectors: Vectors) -> Store:
        self._refuse_open({vectors.shard})
        return self._open_shard(vectors)

    def _refuse_open(self, names: set[str]) -> None:
        if any(self._holder.has_open(name) for name in names):
            raise StoreError(
                f"Vectors in {self._folder} that were replaced are still in use in this process. Try again once the "
                "searches and iterations that began before the switch have ended."
            )

    def _delete_all_but(self, *kept: Vectors | None) -> None:
        names = {vectors.shard for vectors in kept if vectors is not None}
        for name in [*shards(self._folder), FRESH]:
            if name not in names and not self._holder.has_open(name):
                shutil.rmtree(self._folder / name, ignore_errors=True)
