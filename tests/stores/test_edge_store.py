"""The embedded store as a folder: one process at a time, crashes, damage, forks. Real processes throughout."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from interlingua.retrieval.errors import ManifestError, StoreError, StoreLockedError
from interlingua.retrieval.filters import Filter, metadata_filter, where
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.filtered import FilteredStore
from interlingua.retrieval.stores.integrity import integrity
from interlingua.retrieval.stores.payload import INDEXED, MAX_INDEXES, RESERVED_INDEXES
from store_samples import MANIFEST, chunk, fill, vectors

PRELUDE = """
import os, sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from interlingua.retrieval.stores.edge import EdgeStore
from store_samples import MANIFEST, chunk, fill
store = EdgeStore(Path({folder!r}))
"""


def start(folder: Path, code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process with an EdgeStore on `folder`, not prepared; then `code`."""
    prelude = PRELUDE.format(here=str(Path(__file__).parent), folder=str(folder))
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    read = process.stdout.readline().strip()
    if not read:
        _, errors = process.communicate(timeout=30)
        pytest.fail(f"the other process ended: {errors}")
    return read


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def reopened(folder: Path) -> EdgeStore:
    store = EdgeStore(folder)
    store.prepare(MANIFEST)
    return store


def test_an_empty_store_does_no_io_before_it_is_prepared(folder: Path) -> None:
    EdgeStore(folder)
    assert not folder.exists()


class TestOneProcessAtATime:
    @pytest.fixture
    def holder(self, folder: Path) -> Iterator[subprocess.Popen[str]]:
        code = "store.prepare(MANIFEST); fill(store, [chunk(1)]); print('open', flush=True); sys.stdin.read()"
        process = start(folder, code, "serve", "--api-key", "s3cret", "--hf-token=hunter2")
        assert line(process) == "open"
        yield process
        end(process)

    def test_the_second_is_told_who_has_it_and_what_to_do(self, folder: Path, holder: subprocess.Popen[str]) -> None:
        with pytest.raises(StoreLockedError) as raised:
            EdgeStore(folder).prepare(MANIFEST)
        message = str(raised.value)
        for part in (
            str(folder),
            str(holder.pid),
            "serve",
            os.uname().nodename,
            "since 20",
            "--store",
            "Qdrant server",
        ):
            assert part in message

    def test_secrets_on_the_command_line_are_not_written_down(
        self, folder: Path, holder: subprocess.Popen[str]
    ) -> None:
        written = (folder / "holder.json").read_text(encoding="utf-8")
        assert "--api-key ***" in written
        assert "--hf-token=***" in written

    def test_it_is_free_as_soon_as_the_holder_is_dead(self, folder: Path, holder: subprocess.Popen[str]) -> None:
        end(holder)
        assert json.loads((folder / "holder.json").read_text(encoding="utf-8"))["pid"] == holder.pid
        store = reopened(folder)
        assert store.count() == 1
        store.close()

    def test_this_very_process_is_told_so(self, folder: Path) -> None:
        store = reopened(folder)
        with pytest.raises(StoreLockedError, match=f"this very process.*{os.getpid()}"):
            EdgeStore(folder).prepare(MANIFEST)
        store.close()
        reopened(folder).close()

    def test_a_refused_manifest_lets_go_of_the_folder(self, folder: Path) -> None:
        reopened(folder).close()
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (folder / "manifest.json").write_text("{}", encoding="utf-8")
        with pytest.raises(ManifestError):
            EdgeStore(folder).prepare(MANIFEST)
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        reopened(folder).close()

    @pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"pid": 999999999, "host": "elsewhere"}'])
    def test_what_is_in_the_holder_file_does_not_matter(self, folder: Path, content: str) -> None:
        reopened(folder).close()
        (folder / "holder.json").write_text(content, encoding="utf-8")
        reopened(folder).close()

    def test_a_shard_opened_by_another_program_counts_as_locked(self, folder: Path) -> None:
        reopened(folder).close()
        code = "import qdrant_edge as e; s = e.EdgeShard.load(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
        process = start(folder, code, str(folder / "shard"))
        assert line(process) == "open"
        with pytest.raises(StoreLockedError, match="without interlingua"):
            EdgeStore(folder).prepare(MANIFEST)
        end(process)


class TestForks:
    def test_a_forked_child_is_refused_and_does_no_harm(self, folder: Path) -> None:
        # The child ends normally after the parent has flushed: without the guard the shard does not open any more.
        code = """
store.prepare(MANIFEST)
fill(store, [chunk(n) for n in range(100)])
child = os.fork()
if child == 0:
    time.sleep(0.5)
    for call in (store.count, lambda: store.prepare(MANIFEST), lambda: EdgeStore(store.folder).prepare(MANIFEST)):
        try:
            call()
        except Exception as error:
            print(type(error).__name__, "a fork of it" in str(error), flush=True)
    store.close()
    sys.exit(0)
fill(store, [chunk(n) for n in range(100, 1500)])
store.flush()
os.waitpid(child, 0)
fill(store, [chunk(n) for n in range(1500, 2500)])
print(store.count(), flush=True)
store.close()
"""
        output, errors = start(folder, code).communicate(timeout=60)
        assert output.split("\n")[:4] == ["StoreError True", "StoreError True", "StoreLockedError False", "2500"], (
            errors
        )
        store = reopened(folder)
        assert store.count() == 2500
        store.close()


class TestCrashes:
    def test_what_was_acknowledged_survives_a_kill(self, folder: Path) -> None:
        acknowledged = 0
        for run, batches in enumerate((3, 11, 6)):
            code = """
store.prepare(MANIFEST)
first = int(sys.argv[1])
while True:
    fill(store, [chunk(n, metadata={"n": n}) for n in range(first, first + 300)])
    first += 300
    if first % 900 == 0:
        store.flush()
    print(first, flush=True)
"""
            process = start(folder, code, str(acknowledged))
            for _ in range(batches):
                acknowledged = int(line(process))
            process.kill()
            rest, _ = process.communicate(timeout=30)
            acknowledged = max([acknowledged, *(int(n) for n in rest.split("\n")[:-1] if n)])
            store = reopened(folder)
            stored = {s.chunk.metadata["n"] for s in store.scan()}
            assert set(range(acknowledged)) <= stored, f"run {run}"
            store.close()

    @pytest.mark.parametrize("delay", [0.0, 0.01, 0.03])
    def test_a_kill_during_creation_is_no_obstacle(self, folder: Path, delay: float) -> None:
        process = start(folder, "print('go', flush=True); store.prepare(MANIFEST); sys.stdin.read()")
        line(process)
        threading.Event().wait(delay)
        end(process)
        store = reopened(folder)
        fill(store, [chunk(1)])
        store.close()

    @pytest.mark.parametrize(
        "stage", ["half a new shard", "whole new shard", "shard without manifest", "half manifest"]
    )
    def test_every_stage_of_creation_can_be_resumed(self, folder: Path, stage: str) -> None:
        reopened(folder).close()
        (folder / "manifest.json").unlink()
        if "new shard" in stage:
            (folder / "shard").rename(folder / "shard.new")
        if stage == "half a new shard":
            shutil.rmtree(folder / "shard.new" / "segments")
        if stage == "half manifest":
            (folder / "manifest.json.new").write_text('{"model": "bun', encoding="utf-8")
        store = reopened(folder)
        fill(store, [chunk(1)])
        assert store.facets("language") == {"de": 1}
        store.close()
        assert not (folder / "shard.new").exists()


class TestDamage:
    @pytest.fixture
    def filled(self, folder: Path) -> Path:
        store = reopened(folder)
        fill(store, [chunk(n, document_id=f"d{n // 3}", chunks=3) for n in range(30)])
        store.close()
        return folder

    @pytest.mark.parametrize(
        "content",
        ["", "{", "[]", "null", "{}", '{"model": 1, "fingerprint": "f", "dim": 8}', '{"model": "a", "dim": 8}', "\xff"],
    )
    def test_a_damaged_manifest_names_the_folder_and_the_way_out(self, filled: Path, content: str) -> None:
        (filled / "manifest.json").write_bytes(content.encode("latin-1"))
        with pytest.raises(ManifestError, match="interlingua doctor") as raised:
            EdgeStore(filled).prepare(MANIFEST)
        assert str(filled) in str(raised.value)

    def test_a_lost_manifest_does_not_cost_the_data(self, filled: Path) -> None:
        manifest = (filled / "manifest.json").read_bytes()
        (filled / "manifest.json").unlink()
        with pytest.raises(ManifestError, match="30 chunks"):
            EdgeStore(filled).prepare(MANIFEST)
        (filled / "manifest.json").write_bytes(manifest)
        store = reopened(filled)
        assert store.count() == 30
        store.close()

    @pytest.mark.parametrize("name", ["segment.json", "edge_config.json"])
    def test_a_truncated_file_of_the_engine_names_the_folder_and_the_way_out(self, filled: Path, name: str) -> None:
        (path,) = (filled / "shard").rglob(name)
        path.write_bytes(path.read_bytes()[:10])
        with pytest.raises(StoreError, match="ingest again") as raised:
            EdgeStore(filled).prepare(MANIFEST)
        assert str(filled) in str(raised.value)

    def test_a_lost_shard_is_not_taken_for_an_empty_store(self, filled: Path) -> None:
        shutil.rmtree(filled / "shard")
        with pytest.raises(StoreError, match="shard folder is gone"):
            EdgeStore(filled).prepare(MANIFEST)

    def test_points_that_vanish_without_an_error_are_noticed(
        self, filled: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        shutil.copytree(filled / "shard", filled.parent / "older")
        store = reopened(filled)
        fill(store, [chunk(n, document_id="new", chunks=20) for n in range(30, 50)])
        store.close()
        shutil.rmtree(filled / "shard")
        (filled.parent / "older").rename(filled / "shard")
        store = reopened(filled)
        assert (store.count(), store.points_lost) == (30, 20)
        assert "held 50 chunks when it was closed and holds 30 now" in caplog.text
        assert "fewer than when the store was last closed" in integrity(store)[0].text
        store.close()

    def test_a_folder_that_cannot_be_made_is_a_store_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder", encoding="utf-8")
        with pytest.raises(StoreError, match="--store"):
            EdgeStore(tmp_path / "file" / "index").prepare(MANIFEST)

    def test_a_write_that_the_system_refuses_is_a_store_error(self, folder: Path) -> None:
        code = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    store.prepare(MANIFEST)
except Exception as error:
    print(type(error).__name__, flush=True)
"""
        output, errors = start(folder, code).communicate(timeout=60)
        assert output.strip() == "StoreError", errors
        reopened(folder).close()


class TestThreads:
    def test_readers_and_writers_at_the_same_time(self, folder: Path) -> None:
        store = reopened(folder)
        fill(store, [chunk(0)])
        failures: list[BaseException] = []

        def work(action: object) -> None:
            try:
                for turn in range(15):
                    action(turn)  # type: ignore[operator]  # a plain callable
            except BaseException as error:
                failures.append(error)

        query = vectors(1)[0]
        actions = [
            lambda turn: fill(store, [chunk(1000 + turn * 100 + n, document_id="a") for n in range(100)]),
            lambda turn: fill(store, [chunk(5000 + turn * 100 + n, document_id="b") for n in range(100)]),
            lambda turn: store.search(query, limit=10),
            lambda turn: list(store.scan()),
            lambda turn: store.delete(where(document_id="b")),
        ]
        threads = [threading.Thread(target=work, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        assert store.count(where(document_id="a")) == 1500
        store.close()

    def test_a_scan_over_a_store_that_is_closed_meanwhile_says_so(self, folder: Path) -> None:
        store = reopened(folder)
        fill(store, [chunk(n) for n in range(1500)])
        scan = store.scan()
        next(scan)
        store.close()
        with pytest.raises(StoreError, match="not open"):
            list(scan)


@pytest.mark.parametrize("quantization", ["int8", "binary"])
def test_after_optimizing_quantized_segments_the_nearest_are_still_found(folder: Path, quantization: str) -> None:
    dim = 256
    manifest = dataclasses.replace(MANIFEST, quantization=quantization, dim=dim)
    store = EdgeStore(folder)
    store.prepare(manifest)
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(12_000, dim)).astype(np.float32)  # 12 MB: the engine quantizes from 10 MB on
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store.upsert([chunk(n) for n in range(len(rows))], rows)
    store.optimize()
    for n in range(5):
        query = rows[n] + rng.normal(size=dim).astype(np.float32) / 40
        hits = store.search(query, limit=5)
        cosine = rows @ (query / np.linalg.norm(query))
        assert hits[0].chunk.ordinal == n
        if quantization != "binary":  # on random vectors, binary codes say little about the order after the first
            assert [hit.chunk.ordinal for hit in hits] == list(np.argsort(-cosine)[:5])
    assert store.count() == len(rows)
    store.close()


def payload_indexes(store: EdgeStore) -> set[str]:
    with store._open("reading") as shard:
        return {path for path in shard.info().payload_schema if path.startswith("metadata")}


def test_a_filter_on_texts_makes_an_index_once_and_for_good(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "store")
    store.prepare(MANIFEST)
    fill(store, [chunk(n, metadata={"主題": "法律" if n % 2 else "health", "year": n, "ok": True}) for n in range(50)])
    asked = metadata_filter({"主題": "法律", "year": [1, 3], "ok": True})
    before = [each.chunk.id for each in store.scan(asked)]
    store.index(asked)
    assert payload_indexes(store) == {"metadata.主題"}
    assert [each.chunk.id for each in store.scan(asked)] == before
    store.close()
    again = EdgeStore(tmp_path / "store")
    again.prepare(MANIFEST)
    assert payload_indexes(again) == {"metadata.主題"}
    again.index(asked)
    assert [each.chunk.id for each in again.scan(asked)] == before
    again.close()


def test_indexes_are_not_made_without_end(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "store")
    store.prepare(MANIFEST)
    fill(store, [chunk(1, metadata={f"k{n}": "x" for n in range(100)})])
    for n in range(100):
        store.index(metadata_filter({f"k{n}": "x"}))
    assert len(payload_indexes(store)) == MAX_INDEXES - len(INDEXED)
    assert store.count(metadata_filter({"k99": "x"})) == 1
    store.close()


def test_what_callers_filter_on_leaves_room_for_what_is_filtered_always(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "store")
    store.prepare(MANIFEST)
    fill(store, [chunk(1, metadata={f"k{n}": "x" for n in range(200)})])
    for n in range(100):
        store.index(metadata_filter({f"k{n}": "x"}))
    within = FilteredStore(store, metadata_filter({"k80": "x"}))
    within.index(metadata_filter({"k81": "x"}))
    assert "metadata.k80" in payload_indexes(store)
    assert "metadata.k81" not in payload_indexes(store)
    for n in range(100, 200):
        FilteredStore(store, metadata_filter({f"k{n}": "x"})).index(Filter())
    assert len(payload_indexes(store)) == MAX_INDEXES + RESERVED_INDEXES - len(INDEXED)
    store.close()
