"""Records beside the chunks: kept, replaced as a whole, seen by nothing else, the same on every store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interlingua.retrieval.errors import StoreError, StoreLockedError
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.collection_records import CollectionRecords
from interlingua.retrieval.stores.connection import Connection
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.folder import whoami
from interlingua.retrieval.stores.qdrant import QdrantStore
from interlingua.retrieval.transfer import export_lines
from qdrant_client import QdrantClient
from store_samples import MANIFEST, SENTENCES, Backend, chunk, fill, vectors

NAME = "sync/ドキュメント: файлы / " + "x" * 300


def test_what_is_put_is_there_and_can_be_replaced_and_removed(store: Store) -> None:
    records = store.records()
    assert records.get(NAME) is None
    records.remove([NAME])
    for text in (*SENTENCES.values(), "", "two\nlines\r\n"):
        records.put(NAME, text)
        assert store.records().get(NAME) == text
    records.put("sync/b", "2")
    records.put("other", "3")
    assert records.names("sync/") == sorted([NAME, "sync/b"])
    assert records.names() == sorted([NAME, "other", "sync/b"])
    records.remove([NAME, "sync/b", "no such record"])
    assert records.names() == ["other"]


def test_they_are_there_after_reopening_and_before_it(store: Store, backend: Backend) -> None:
    store.records().put("a", "1")
    assert backend.open().records().get("a") == "1"  # a look while another has the store open
    store.close()
    assert backend.open().records().get("a") == "1"
    again = backend.open()
    again.prepare(MANIFEST)
    assert again.records().get("a") == "1"
    again.close()


def test_nothing_else_sees_them(store: Store) -> None:
    fill(store, [chunk(0)])
    store.records().put("a", SENTENCES["ja"])
    assert store.count() == 1
    assert store.facets("source") == store.facets("source", limit=10)
    assert len(list(store.scan())) == len(store.search(vectors(1)[0], limit=9)) == 1
    assert not any(SENTENCES["ja"] in line for line in list(export_lines(store, MANIFEST))[2:])


def test_they_stay_when_the_index_moves_to_another_model(store: Store, backend: Backend) -> None:
    other = Manifest(model="other", fingerprint="fedcba9876543210", dim=4)
    fill(store, [chunk(0)])
    store.records().put("a", "1")
    new = store.generations().begin(other)
    new.records().put("b", "2")
    store.generations().switch(new)
    store.close()
    new.generations().discard()
    new.close()
    assert (backend.open().records().get("a"), backend.open().records().get("b")) == ("1", "2")


def test_a_new_index_in_the_place_of_a_deleted_one_has_none() -> None:
    client = QdrantClient(":memory:")
    QdrantStore(client).prepare(MANIFEST)
    QdrantStore(client).records().put("a", "1")
    client.delete_collection("interlingua")
    QdrantStore(client).prepare(MANIFEST)
    assert QdrantStore(client).records().names() == []
    client.close()


def test_only_one_holds_a_name_and_the_other_is_told_who(store: Store, backend: Backend) -> None:
    with store.records().hold("sync/a") as keep, backend.open().records().hold("sync/b"):
        keep()
        with (
            pytest.raises(StoreLockedError, match=rf"sync/a is held by process {os.getpid()} \(`.*since"),
            backend.open().records().hold("sync/a"),
        ):
            pass
        keep()
    with backend.open().records().hold("sync/a"):
        assert "sync/a" not in store.records().names()


def test_a_lease_that_was_lost_is_noticed_and_one_of_a_dead_process_taken_over() -> None:
    client = QdrantClient(":memory:")
    connection = Connection(client, ":memory:", retries=0, secret=None)
    short = CollectionRecords(connection, "c", lease=-1.0, renew=-1.0)
    long = CollectionRecords(connection, "c", lease=600.0, renew=-1.0)
    with short.hold("a") as lost, long.hold("a") as kept:
        with pytest.raises(StoreLockedError, match="a is held by"):
            lost()
        kept()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = CollectionRecords(connection, "c", holder=whoami() | {"pid": ended.pid})
    with dead.hold("a"), long.hold("a") as keep:
        keep()
    client.close()


def test_a_lease_that_another_took_while_the_machine_was_suspended_is_noticed_at_once() -> None:
    """Only the wall clock went on; and the renewal that is not due yet costs no request."""
    client, now = QdrantClient(":memory:"), [1_000_000_000.0]
    connection = Connection(client, ":memory:", retries=0, secret=None)
    one, other = (CollectionRecords(connection, "c", clock=lambda: now[0], holder=whoami()) for _ in range(2))
    with one.hold("a") as keep:
        now[0] += 20
        one.clear()
        keep()  # not due
        assert one.names() == []
        now[0] += 20
        with pytest.raises(StoreError):  # due; and the collection is not there
            keep()
    with one.hold("a") as keep:
        now[0] += 700
        with other.hold("a"), pytest.raises(StoreLockedError, match="a is held by"):
            keep()
    client.close()


def test_a_hold_ends_with_a_killed_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from interlingua.retrieval.stores.folder_records import FolderRecords\n"
        "with FolderRecords(Path(sys.argv[1])).hold('a'): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(StoreLockedError, match=f"process {process.pid}"), EdgeStore(tmp_path).records().hold("a"):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with EdgeStore(tmp_path).records().hold("a"):
        pass
