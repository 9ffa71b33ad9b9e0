"""Vectors beside those in force: built, put in force, kept, deleted, the same on every store."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from interlingua.retrieval.errors import ManifestError, StoreError
from interlingua.retrieval.filters import where
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.migration import bring_in_step
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.qdrant import QdrantStore
from interlingua.retrieval.stores.room import estimate
from interlingua.retrieval.types import Matrix
from qdrant_client import QdrantClient
from store_samples import MANIFEST, Backend, chunk, fill, number, unit, vectors
from support import NgramEmbedder

OTHER = Manifest(model="other", fingerprint="fedcba9876543210", dim=4)
THIRD = dataclasses.replace(OTHER, model="third", fingerprint="77")
CHUNKS = [chunk(n, document_id=f"d{n // 2}", chunks=2, ordinal=n % 2) for n in range(10)]
Opened = Callable[[Store], Store]


@pytest.fixture
def closing() -> Iterator[Opened]:
    """Stores that are closed at the end."""
    stores: list[Store] = []

    def keep(store: Store) -> Store:
        stores.append(store)
        return store

    yield keep
    for store in reversed(stores):
        store.close()


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store, CHUNKS)
    return store


def rows(count: int, dim: int = OTHER.dim) -> Matrix:
    return unit(vectors(count)[:, :dim])


def built(store: Store, closing: Opened, manifest: Manifest = OTHER) -> Store:
    new = closing(store.generations().begin(manifest))
    new.upsert(CHUNKS, rows(len(CHUNKS), manifest.dim))
    return new


def test_at_first_there_is_nothing_beside_what_is_in_force(filled: Store) -> None:
    assert filled.generations().previous() is None
    assert filled.generations().building() is None
    with pytest.raises(StoreError, match="keeps no vectors"):
        filled.generations().open_previous()


def test_what_is_built_changes_nothing_before_the_switch(filled: Store, backend: Backend, closing: Opened) -> None:
    new = built(filled, closing)
    new.delete(where(document_id="d0"))
    assert filled.count() == 10
    assert filled.generations().building() == OTHER
    assert backend.open().stored() == MANIFEST
    assert len(filled.search(vectors(1)[0], limit=3)) == 3


def test_after_the_switch_it_is_what_is_opened(filled: Store, backend: Backend, closing: Opened) -> None:
    new = built(filled, closing)
    filled.generations().switch(new)
    assert new.generations().previous() == MANIFEST
    assert new.generations().building() is None
    query, other = vectors(1, seed=5)[0], rows(1)[0]
    assert len(filled.search(query, limit=3)) == 3  # who has the old one open goes on with it
    assert len(new.search(other, limit=3)) == 3
    filled.close()
    new.close()
    fresh = backend.open()
    assert fresh.stored() == OTHER
    with pytest.raises(ManifestError, match="other"):
        fresh.prepare(MANIFEST)
    fresh.prepare(OTHER)
    closing(fresh)
    assert [s.chunk for s in fresh.scan()] == sorted(CHUNKS, key=lambda c: c.id)


def test_unfinished_vectors_are_gone_on_with(filled: Store, closing: Opened) -> None:
    new = filled.generations().begin(OTHER)
    new.upsert(CHUNKS[:4], rows(4))
    new.close()
    again = closing(filled.generations().begin(dataclasses.replace(OTHER, model="the same by another name")))
    assert again.count() == 4


@pytest.mark.parametrize("change", [{"fingerprint": "77"}, {"dim": 3}, {"quantization": "none"}])
def test_unfinished_vectors_of_another_model_are_deleted(
    filled: Store, closing: Opened, change: dict[str, object]
) -> None:
    built(filled, closing).close()
    other = dataclasses.replace(OTHER, **change)  # type: ignore[arg-type]  # each value is of its field's type
    again = closing(filled.generations().begin(other))
    assert again.count() == 0
    assert filled.generations().building() == other
    assert filled.count() == 10


def test_back_and_forth(filled: Store, backend: Backend, closing: Opened) -> None:
    new = built(filled, closing)
    filled.generations().switch(new)
    filled.close()
    back = closing(new.generations().open_previous())
    assert back.stored() == MANIFEST
    new.generations().switch(back)
    assert backend.open().stored() == MANIFEST
    assert back.count() == 10
    assert back.generations().previous() == OTHER


def test_the_kept_vectors_are_gone_on_with_too(filled: Store, closing: Opened) -> None:
    new = built(filled, closing)
    filled.generations().switch(new)
    filled.close()
    new.upsert([chunk(100)], rows(1))
    back = closing(new.generations().begin(MANIFEST))
    assert back.count() == 10
    back.upsert([chunk(100)], vectors(1))
    assert new.generations().previous() == MANIFEST  # and can still be gone back to meanwhile
    new.generations().switch(back)
    assert (back.generations().previous(), back.generations().building()) == (OTHER, None)
    assert back.count() == 11


def test_only_one_set_of_vectors_is_kept(filled: Store, closing: Opened) -> None:
    second = built(filled, closing)
    filled.generations().switch(second)
    filled.close()
    third = built(second, closing, THIRD)
    second.generations().switch(third)
    assert third.generations().previous() == OTHER
    if isinstance(third, EdgeStore):
        assert sorted(path.name for path in third.folder.glob("shard*")) == ["shard-2", "shard-3"]


def test_discarding_deletes_all_but_what_is_in_force(filled: Store, backend: Backend, closing: Opened) -> None:
    new = built(filled, closing)
    filled.generations().switch(new)
    filled.close()
    built(new, closing, THIRD).close()
    new.generations().discard()
    assert (new.generations().previous(), new.generations().building()) == (None, None)
    assert new.count() == 10
    new.close()
    fresh = backend.open()
    assert fresh.prepare(OTHER) == OTHER
    closing(fresh)
    assert fresh.count() == 10
    if isinstance(fresh, EdgeStore):
        assert [path.name for path in fresh.folder.glob("shard*")] == ["shard-2"]
    again = closing(fresh.generations().begin(MANIFEST))
    assert again.count() == 0


def test_switching_twice_is_the_same_as_once(filled: Store, closing: Opened) -> None:
    new = built(filled, closing)
    filled.generations().switch(new)
    filled.generations().switch(new)
    assert new.generations().previous() == MANIFEST


class TestBringInStep:
    """A pass mends whatever differs."""

    def test_missing_changed_and_gone_chunks(self, filled: Store, closing: Opened) -> None:
        manifest = Manifest(model="ngrams", fingerprint="0" * 32, dim=256)
        new = closing(filled.generations().begin(manifest))
        embedder = NgramEmbedder()
        first = bring_in_step(filled, new, embedder)
        assert (first.embedded, first.present, first.total) == (10, 0, 10)
        again = bring_in_step(filled, new, embedder)
        assert (again.embedded, again.copied, again.present, again.deleted) == (0, 0, 10, 0)
        filled.delete(where(document_id="d0"))
        retitled = dataclasses.replace(CHUNKS[4], title="新しい題", metadata={"share": 0.1 + 0.2})
        filled.upsert([retitled, chunk(50)], vectors(2))
        after = bring_in_step(filled, new, embedder)
        assert (after.embedded, after.copied, after.present, after.deleted) == (1, 1, 7, 2)
        assert [s.chunk for s in new.scan()] == [s.chunk for s in filled.scan()]

    def test_another_text_under_the_same_id_is_embedded(self, filled: Store, closing: Opened) -> None:
        new = closing(filled.generations().begin(Manifest(model="ngrams", fingerprint="0" * 32, dim=256)))
        bring_in_step(filled, new, NgramEmbedder())
        filled.upsert([chunk(0, text="別の文です。")], vectors(1))
        assert bring_in_step(filled, new, NgramEmbedder()).embedded == 1
        (stored,) = [s for s in new.scan(vectors=True) if s.chunk.id == number(0)]
        assert stored.vector is not None
        assert stored.vector @ NgramEmbedder().embed_passages(["別の文です。"])[0] == pytest.approx(1)


class TestFolder:
    """The embedded store: what a crash, a stray file or a small disk leaves behind."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        store = EdgeStore(tmp_path / "index")
        store.prepare(MANIFEST)
        fill(store, CHUNKS)
        new = store.generations().begin(OTHER)
        new.upsert(CHUNKS, rows(10))
        new.close()
        store.close()
        return store.folder

    def opened(self, folder: Path, closing: Opened, manifest: Manifest = MANIFEST) -> EdgeStore:
        store = EdgeStore(folder)
        store.prepare(manifest)
        closing(store)
        return store

    def test_a_store_of_before_there_were_migrations_opens(self, folder: Path, closing: Opened) -> None:
        values = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        del values["shard"]
        (folder / "manifest.json").write_text(json.dumps(values), encoding="utf-8")
        assert self.opened(folder, closing).count() == 10

    def test_killed_between_the_switch_and_the_tidying_up(self, folder: Path, closing: Opened) -> None:
        note = (folder / "next.json").read_bytes()
        shutil.copytree(folder / "shard-2", folder / "shard-7")  # one that nothing names
        store = self.opened(folder, closing)
        new = closing(store.generations().begin(OTHER))
        store.generations().switch(new)
        new.close()
        store.close()
        (folder / "next.json").write_bytes(note)
        again = self.opened(folder, closing, OTHER)
        assert again.generations().building() is None
        assert again.count() == 10
        third = closing(again.generations().begin(THIRD))
        assert third.count() == 0
        assert sorted(path.name for path in folder.glob("shard*")) == ["shard", "shard-2", "shard-3"]

    def test_a_shard_without_a_note_holds_nothing_that_counts(self, folder: Path, closing: Opened) -> None:
        (folder / "next.json").unlink()
        store = self.opened(folder, closing)
        assert closing(store.generations().begin(OTHER)).count() == 0

    def test_a_lost_manifest_does_not_cost_the_data_of_any_shard(self, folder: Path) -> None:
        (folder / "manifest.json").unlink()
        shutil.rmtree(folder / "shard")
        with pytest.raises(ManifestError, match="10 chunks"):
            EdgeStore(folder).prepare(MANIFEST)
        assert (folder / "shard-2").is_dir()

    @pytest.mark.parametrize("shard", ["../elsewhere", "/etc", "shard-0", 7])
    def test_a_manifest_that_names_another_folder_is_damaged(self, folder: Path, shard: object) -> None:
        values = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (folder / "manifest.json").write_text(json.dumps(values | {"shard": shard}), encoding="utf-8")
        with pytest.raises(ManifestError, match="no name of a shard"):
            EdgeStore(folder).prepare(MANIFEST)

    def test_the_folder_stays_locked_until_the_last_shard_is_closed(self, folder: Path, closing: Opened) -> None:
        store = self.opened(folder, closing)
        new = closing(store.generations().begin(OTHER))
        store.generations().switch(new)
        store.close()
        with pytest.raises(StoreError, match="already open"):
            EdgeStore(folder).prepare(OTHER)
        new.close()
        self.opened(folder, closing, OTHER).close()

    def test_vectors_in_use_are_not_deleted(self, folder: Path, closing: Opened) -> None:
        store = self.opened(folder, closing)
        new = closing(store.generations().begin(OTHER))
        store.generations().switch(new)
        for action in (new.generations().discard, new.generations().open_previous):
            with pytest.raises(StoreError, match="still in use"):
                action()
        assert store.count() == 10

    def test_vectors_in_use_outlast_the_migration_after_the_next(self, folder: Path, closing: Opened) -> None:
        store = self.opened(folder, closing)
        second = closing(store.generations().begin(OTHER))
        store.generations().switch(second)
        third = closing(second.generations().begin(THIRD))
        second.generations().switch(third)
        assert (folder / "shard").is_dir()
        assert store.search(vectors(1)[0], limit=1)
        store.close()
        second.close()
        third.generations().discard()
        assert [path.name for path in folder.glob("shard*")] == ["shard-3"]

    def test_a_disk_that_is_too_small_is_said_before_anything_is_made(self, folder: Path, closing: Opened) -> None:
        store = self.opened(folder, closing)
        huge = dataclasses.replace(THIRD, dim=10**13)
        with pytest.raises(StoreError, match=r"need about \d+\.\d GiB.*--discard"):
            store.generations().begin(huge)
        assert store.count() == 10
        assert sorted(path.name for path in folder.glob("shard*")) == ["shard"]

    def test_room_is_estimated_from_text_and_vectors(self) -> None:
        text, chunks = 10_000_000, 1000
        before = dataclasses.replace(MANIFEST, dim=100, quantization="none")
        after = dataclasses.replace(MANIFEST, dim=1000, quantization="int8")
        present = text + chunks * 100 * 4
        assert estimate(present, before, after, chunks=chunks) == text + chunks * 1000 * 5 + 64 * 1024**2

    def test_the_points_of_each_shard_are_remembered(self, folder: Path, closing: Opened) -> None:
        store = self.opened(folder, closing)
        new = closing(store.generations().begin(OTHER))
        new.upsert([chunk(60)], rows(1))
        store.generations().switch(new)
        new.close()
        store.close()
        written = json.loads((folder / "holder.json").read_text(encoding="utf-8"))
        assert written["points"] == {"shard": 10, "shard-2": 11}
        (folder / "holder.json").write_text('{"points": {"shard": 10, "shard-2": 15}}', encoding="utf-8")
        assert self.opened(folder, closing, OTHER).points_lost == 4


class TestServer:
    """The aliases of a collection."""

    @pytest.fixture
    def client(self) -> Iterator[QdrantClient]:
        client = QdrantClient(":memory:")
        yield client
        client.close()

    @pytest.fixture
    def switched(self, client: QdrantClient) -> tuple[QdrantStore, QdrantStore]:
        store = QdrantStore(client, collection="papers")
        store.prepare(MANIFEST)
        fill(store, CHUNKS)
        new = cast("QdrantStore", store.generations().begin(OTHER))
        new.upsert(CHUNKS, rows(10))
        store.generations().switch(new)
        return store, new

    def test_the_first_collection_keeps_its_name(
        self, client: QdrantClient, switched: tuple[QdrantStore, QdrantStore]
    ) -> None:
        assert {c.name for c in client.get_collections().collections} == {"papers", "papers-2"}
        aliases = {a.alias_name: a.collection_name for a in client.get_aliases().aliases}
        assert aliases == {"papers.live": "papers-2", "papers.previous": "papers"}

    def test_a_process_with_the_old_model_searches_on_and_is_kept_from_writing(
        self, switched: tuple[QdrantStore, QdrantStore]
    ) -> None:
        old, new = switched
        assert [hit.chunk.id for hit in old.search(vectors(1)[0], limit=1)] == [CHUNKS[0].id]
        for write in (lambda: fill(old, [chunk(99)]), lambda: old.delete(where(document_id="d0"))):
            with pytest.raises(StoreError, match=r"moved to another model.*open the index again"):
                write()
        assert old.count() == new.count() == 10
        new.upsert([chunk(99)], rows(1))

    def test_one_that_was_discarded_is_said_to_be_gone(self, switched: tuple[QdrantStore, QdrantStore]) -> None:
        old, new = switched
        new.generations().discard()
        assert new.count() == 10
        with pytest.raises(StoreError, match="not found"):
            old.search(vectors(1)[0], limit=1)

    def test_a_collection_of_somebody_else_is_left_alone(self, client: QdrantClient) -> None:
        QdrantStore(client, collection="papers-2").prepare(THIRD)
        store = QdrantStore(client, collection="papers")
        store.prepare(MANIFEST)
        new = cast("QdrantStore", store.generations().begin(OTHER))
        assert new.name == "papers-3"
        store.generations().switch(new)
        new.generations().discard()
        assert QdrantStore(client, collection="papers-2").stored() == THIRD

    def test_killed_between_the_collection_and_its_alias(self, client: QdrantClient) -> None:
        store = QdrantStore(client, collection="papers")
        store.prepare(MANIFEST)
        fill(store, CHUNKS)
        QdrantStore(client, collection="papers-2").prepare(OTHER)
        new = store.generations().begin(OTHER)
        assert new.count() == 0
        assert new.stored() == OTHER
