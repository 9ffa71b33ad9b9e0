"""Moving an index to another model: searches go on, a killed run goes on, and there is a way back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import interlingua
import numpy as np
import pytest
from interlingua import Document
from interlingua.app.doctor import examine
from interlingua.app.index import from_settings
from interlingua.app.migration import Progress
from interlingua.app.settings import load
from interlingua.app.wiring import target_for
from interlingua.retrieval.errors import (
    ConfigurationError,
    EmbedderError,
    ManifestError,
    StoreError,
)
from interlingua.retrieval.filters import where
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.stores.qdrant import QdrantStore
from interlingua.retrieval.types import Hit, Matrix
from qdrant_client import QdrantClient
from support import SENTENCES, CountingEmbedder, NgramEmbedder, ShortNgrams

Make = Callable[..., interlingua.Index]
HERE = Path(__file__).parent

QUERIES = [SENTENCES[tag] for tag in ("de", "ja", "ar", "hi", "th")]


def documents(count: int) -> list[Document]:
    """Documents of one chunk each, in many scripts, no two alike."""
    texts = list(SENTENCES.values())
    return [Document(id=f"d{n:04}", text=f"{texts[n % len(texts)]} № {n}") for n in range(count)]


def found(hits: Sequence[Hit]) -> tuple[tuple[str, float], ...]:
    return tuple((hit.chunk.id, hit.score) for hit in hits)


def snapshot(index: interlingua.Index) -> dict[str, object]:
    """Every chunk with its payload and its vector, by id; Qdrant's imitation changes the last bits when it searches."""
    return {
        stored.chunk.id: (stored.chunk, None if stored.vector is None else stored.vector.round(5).tolist())
        for stored in index.store.scan(vectors=True)
    }


def kind_of(hits: Sequence[Hit], query: str, models: Mapping[str, Embedder]) -> str:
    """Which of the models gave every one of the scores; "mixed" when none did."""
    assert len(hits) == 10
    for kind, model in models.items():
        cosines = model.embed_passages([hit.chunk.text for hit in hits]) @ model.embed_queries([query])[0]
        if np.allclose(cosines, [hit.score for hit in hits], atol=1e-4):
            return kind
    return "mixed"


class Slow(CountingEmbedder):
    """Takes its time for passages, so that searches come in between."""

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        time.sleep(0.05)
        return super().embed_passages(texts)


class Waiting(CountingEmbedder):
    """Holds queries up until it is told to go on."""

    def __init__(self, inner: Embedder) -> None:
        super().__init__(inner)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        self.begun.set()
        assert self.go_on.wait(30)
        return super().embed_queries(texts)


@pytest.fixture(params=["edge", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Open the index of this test with an embedder: in a folder, or on Qdrant's imitation of its server."""
    monkeypatch.chdir(tmp_path)
    client = QdrantClient(":memory:") if request.param == "memory" else None
    opened: list[interlingua.Index] = []

    def make_(embedder: Embedder, **options: object) -> interlingua.Index:
        settings = load(store="index", **options)
        if client is None:
            index = from_settings(settings, embedder=embedder)
        else:
            store = QdrantStore(client)
            wanted = Manifest(model=embedder.model, fingerprint=embedder.fingerprint, dim=embedder.dim)
            index = interlingua.Index(embedder=embedder, store=store, manifest=store.prepare(wanted), settings=settings)
        opened.append(index)
        return index

    yield make_
    for index in opened:
        index.close()
    if client is not None:
        client.close()


class TestSearchesGoOn:
    def test_no_search_fails_and_none_mixes_two_models(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(1000))
        seen: dict[str, list[list[Hit]]] = {name + query: [] for name in "ab" for query in QUERIES[:3]}
        failures: list[BaseException] = []
        done = threading.Event()

        def ask(name: str) -> None:
            try:
                while not done.is_set():
                    seen[name].append(index.search(name[1:]))
            except BaseException as error:
                failures.append(error)

        def wait_for_more() -> None:
            counts = {name: len(answers) for name, answers in seen.items()}
            deadline = time.monotonic() + 60
            while not failures and any(len(seen[name]) < counts[name] + 3 for name in seen):
                assert time.monotonic() < deadline
                time.sleep(0.01)

        threads = [threading.Thread(target=ask, args=(name,)) for name in seen]
        for thread in threads:
            thread.start()
        try:
            wait_for_more()
            assert index.migrate(Slow(ShortNgrams()), sampled=20).switched
            wait_for_more()
            index.rollback(NgramEmbedder())
            wait_for_more()
        finally:
            done.set()
            for thread in threads:
                thread.join(60)
        assert failures == []
        models = {"before": NgramEmbedder(), "after": ShortNgrams()}
        for name, answers in seen.items():
            different = {found(hits): hits for hits in answers}
            kind = {key: kind_of(hits, name[1:], models) for key, hits in different.items()}
            kinds = [kind[found(hits)] for hits in answers]
            assert [turn for turn, _ in groupby(kinds)] == ["before", "after", "before"], name

    def test_a_search_that_began_before_the_switch_ends_on_what_it_began_with(self, make: Make) -> None:
        old = Waiting(NgramEmbedder())
        index = make(old)
        index.ingest(documents(40))
        expected = found(index.search(QUERIES[0]))
        iteration = index.documents()
        first = next(iteration)
        old.begun.clear()
        old.go_on.clear()
        answers: list[tuple[tuple[str, float], ...]] = []
        thread = threading.Thread(target=lambda: answers.append(found(index.search(QUERIES[0]))))
        thread.start()
        assert old.begun.wait(30)
        index.migrate(ShortNgrams(), sampled=0)
        assert found(index.search(QUERIES[0])) != expected
        old.go_on.set()
        thread.join(30)
        assert answers == [expected]
        assert {first, *iteration} == {document.id for document in documents(40)}

    def test_what_is_deleted_meanwhile_is_not_in_the_new_vectors(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(600))

        def delete_one(progress: Progress) -> None:
            if progress.stage == "embedding":
                index.delete("d0001")

        report = index.migrate(ShortNgrams(), sampled=0, progress=delete_one)
        assert report.chunks == index.status().chunks == 599
        assert index.store.count(where(document_id="d0001")) == 0

    def test_what_is_deleted_during_the_last_step_is_not_either(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(600))
        first = next(index.store.scan()).chunk
        last = replace(first, id="ffffffff-ffff-5fff-bfff-ffffffffffff", document_id="last", text="Zuletzt.")
        threads: list[threading.Thread] = []

        class Deleting(CountingEmbedder):
            def embed_passages(self, texts: Sequence[str]) -> Matrix:
                if list(texts) == ["Zuletzt."]:  # the last step has come to the end, and the first chunk is behind it
                    threads.append(threading.Thread(target=lambda: index.delete(first.document_id)))
                    threads[0].start()
                    time.sleep(0.3)
                return super().embed_passages(texts)

        def write_another(progress: Progress) -> None:
            if progress.step.chunks == 600:
                index.store.upsert([last], NgramEmbedder().embed_passages([last.text]))

        index.migrate(Deleting(ShortNgrams()), sampled=0, progress=write_another)
        threads[0].join(30)
        assert index.store.count(where(document_id=first.document_id)) == 0
        assert index.store.count() == 600

    def test_an_ingest_waits_for_the_migration_and_writes_to_the_new_vectors(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(20))
        threads: list[threading.Thread] = []

        def ingest_more(progress: Progress) -> None:
            if progress.stage == "embedding" and not threads:
                threads.append(threading.Thread(target=lambda: index.ingest([Document(id="new", text="Neu hier.")])))
                threads[0].start()

        target = CountingEmbedder(ShortNgrams())
        report = index.migrate(target, sampled=0, progress=ingest_more)
        threads[0].join(30)
        assert report.chunks == 20
        assert target.passages[-1] == "Neu hier."
        assert index.search("Neu hier.")[0].chunk.document_id == "new"


class TestGoingOn:
    def test_only_what_is_missing_is_embedded(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(700))
        broken = CountingEmbedder(ShortNgrams())

        class GivesUp(CountingEmbedder):
            def embed_passages(self, texts: Sequence[str]) -> Matrix:
                if len(broken.passages) >= 512:
                    raise EmbedderError("The model is away.")
                return broken.embed_passages(texts)

        with pytest.raises(EmbedderError, match="away"):
            index.migrate(GivesUp(ShortNgrams()))
        assert len(broken.passages) == 512
        assert index.embedder.model == "ngrams"
        assert len(index.search(QUERIES[0])) == 10
        index.delete("d0003")
        index.ingest([Document(id="new", text="Neu hier.")])
        target = CountingEmbedder(ShortNgrams())
        report = index.migrate(target)
        assert len(target.passages) == report.embedded == 700 - 512 + 1
        assert report.present == 511
        assert any("gone on with" in note for note in report.notes)
        texts = {stored.chunk.text for stored in index.store.scan()}
        assert "Neu hier." in texts
        assert len(texts) == 700

    def test_built_and_compared_first_then_switched_without_embedding_again(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(30))
        looked = index.migrate(CountingEmbedder(ShortNgrams()), switch=False)
        assert not looked.switched
        assert index.embedder.model == "ngrams"
        target = CountingEmbedder(ShortNgrams())
        report = index.migrate(target, sampled=0)
        assert report.switched
        assert target.passages == []
        assert index.embedder.model == "short-ngrams"

    def test_another_target_starts_anew_and_says_so(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(30))
        index.migrate(ShortNgrams(), switch=False, sampled=0)

        class Other(ShortNgrams):
            model, fingerprint = "other", "2" * 32

        report = index.migrate(Other(), sampled=0)
        assert report.embedded == 30
        assert any("short-ngrams" in note and "deleted" in note for note in report.notes)

    def test_a_passage_without_a_vector_stops_it_and_is_named(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(5))

        class Zeros(ShortNgrams):
            def embed_passages(self, texts: Sequence[str]) -> Matrix:
                vectors = super().embed_passages(texts)
                vectors[[text.endswith("№ 3") for text in texts]] = 0
                return vectors

        with pytest.raises(EmbedderError, match=r"passage of d0003.*interlingua delete"):
            index.migrate(Zeros())
        assert index.embedder.model == "ngrams"


class TestWayBack:
    def test_rollback_is_as_before_and_can_be_taken_back(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(50))
        before, expected = snapshot(index), found(index.search(QUERIES[1]))
        index.migrate(ShortNgrams())
        after = snapshot(index)
        assert index.rollback(NgramEmbedder()).model == "ngrams"
        assert snapshot(index) == before
        assert found(index.search(QUERIES[1])) == expected
        index.rollback(ShortNgrams())
        assert snapshot(index) == after

    def test_without_a_migration_there_is_nothing_to_roll_back(self, make: Make) -> None:
        index = make(NgramEmbedder())
        for embedder in (None, ShortNgrams()):
            with pytest.raises(StoreError, match="nothing to roll back"):
                index.rollback(embedder)

    def test_what_was_ingested_since_is_counted_and_kept_unless_forced(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(20))
        index.migrate(ShortNgrams(), sampled=0)
        index.ingest([Document(id="new", text="Neu hier."), Document(id="d0005", text="Anders.")])
        index.delete("d0007")
        with pytest.raises(StoreError, match=r"2 documents were ingested or changed, and 1 deleted.*--force"):
            index.rollback(NgramEmbedder())
        assert index.embedder.model == "short-ngrams"
        assert index.search("Neu hier.")[0].chunk.document_id == "new"
        index.rollback(NgramEmbedder(), force=True)
        assert sorted(index.documents()) == [document.id for document in documents(20)]

    def test_migrating_back_takes_along_what_came_since(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(20))
        index.migrate(ShortNgrams(), sampled=0)
        index.ingest([Document(id="new", text="Neu hier.")])
        target = CountingEmbedder(NgramEmbedder())
        report = index.migrate(target, sampled=0)
        assert target.passages == ["Neu hier."]
        assert (report.embedded, report.present) == (1, 20)
        assert index.status().documents == 21

    def test_another_embedder_than_the_one_kept_is_refused(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(5))
        index.migrate(ShortNgrams(), sampled=0)
        with pytest.raises(ManifestError, match=r"ngrams \(256 dimensions.*not of short-ngrams"):
            index.rollback(ShortNgrams())

    def test_after_discarding_there_is_no_way_back(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(20))
        index.migrate(ShortNgrams(), sampled=0)
        index.discard()
        with pytest.raises(StoreError, match="nothing to roll back"):
            index.rollback(NgramEmbedder())
        assert len(index.search(QUERIES[0])) == 10


class TestReport:
    def test_the_two_are_compared_by_language(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest([Document(id=tag, text=text, language=tag) for tag, text in SENTENCES.items()])

        class Noise(ShortNgrams):
            """Finds nothing: queries have nothing to do with passages."""

            def embed_queries(self, texts: Sequence[str]) -> Matrix:
                return super().embed_queries(["xyz" * (n + 1) for n in range(len(texts))])

        report = index.migrate(Noise(), queries=["Was ist Würde?", "  ", "尊厳"], switch=False)
        lines = {line.language: line for line in report.comparison}
        assert set(lines) == {"your queries", *SENTENCES}
        own = lines.pop("your queries")
        assert (own.queries, own.before_first, own.after_top) == (2, None, None)
        assert all(line.before_first == line.before_top == line.queries == 1 for line in lines.values())
        assert sum(line.after_first or 0 for line in lines.values()) <= 2
        overlaps = [line.overlap for line in lines.values() if line.overlap is not None]
        assert len(overlaps) == len(SENTENCES)
        assert 0 <= min(overlaps) < 1
        json.dumps(report.to_dict())

    def test_a_model_compared_with_its_equal_finds_the_same(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(60))

        class Equal(NgramEmbedder):
            fingerprint = "3" * 32

        report = index.migrate(Equal(), switch=False, sampled=40)
        assert report.comparison
        assert all(line.overlap == pytest.approx(1) for line in report.comparison)
        assert sum(line.queries for line in report.comparison) <= 40

    def test_chunks_that_the_new_model_cuts_off_are_counted(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest([*documents(5), Document(id="long", text="Ein langer Satz, der nicht aufhört. " * 10)])

        class Brief(ShortNgrams):
            max_tokens = 40

        report = index.migrate(Brief(), sampled=0)
        assert report.cut_off == 1
        assert any("1 chunks are longer than the 40 tokens" in note for note in report.notes)

        class Blind(NgramEmbedder):
            tokenizer = None  # type: ignore[assignment]  # not at hand

        assert index.migrate(Blind(), sampled=0).cut_off is None


class TestOtherVectorsOfOneModel:
    def test_the_same_again_is_refused_with_the_way_out(self, make: Make) -> None:
        index = make(NgramEmbedder())
        with pytest.raises(ConfigurationError, match=r"ngrams.*already.*--dimensions"):
            index.migrate(NgramEmbedder())
        with pytest.raises(ConfigurationError, match=r"'int4'.*int8, binary, none"):
            index.migrate(NgramEmbedder(), quantization="int4")

    def test_for_another_quantization_nothing_is_embedded(self, make: Make) -> None:
        index = make(NgramEmbedder())
        index.ingest(documents(20))
        before = snapshot(index)
        same = CountingEmbedder(NgramEmbedder())
        report = index.migrate(same, quantization="none", sampled=0)
        assert (report.embedded, report.copied, same.passages) == (0, 20, [])
        assert index.manifest.quantization == index.status().quantization == "none"
        assert snapshot(index) == before

    def test_other_dimensions_and_opened_without_options_afterwards(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with interlingua.open("index", dimensions=128) as index:
            index.ingest(documents(14))
        with interlingua.open("index") as index:
            report = index.migrate(dimensions=64, sampled=0)
            assert (report.before.dim, report.after.dim) == (128, 64)
        with interlingua.open("index") as index:
            assert index.status().dim == 64
            assert index.search("Menschenrechte")
        assert [finding.message for finding in examine(store="index") if finding.level == "problem"] == []
        with interlingua.open("index") as index:
            assert index.rollback().dim == 128
        with interlingua.open("index") as index:
            assert index.embedder.dim == 128


MIGRATE = """
import os, signal, sys, time
sys.path.insert(0, {here!r})
import interlingua
from support import NgramEmbedder, ShortNgrams
class Slow(ShortNgrams):
    def embed_passages(self, texts):
        time.sleep(0.02)
        return super().embed_passages(texts)
{before}
with interlingua.open({folder!r}, embedder="support:NgramEmbedder") as index:
    report = index.migrate(Slow(), sampled=0, progress=progress)
print("done", flush=True)
"""
# Killed before the nth file operation of Python's in the folder: the renames and deletions that a switch is made of.
BEFORE_OPERATION = """
progress = None
left = {n}
def watch(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "shutil.rmtree") and "index" in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
"""
AFTER_CHUNKS = """
def progress(now):
    if now.step.chunks >= {n}:
        os.kill(os.getpid(), signal.SIGKILL)
"""


class TestKilled:
    COUNT = 600

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        with from_settings(load(store=str(tmp_path / "index")), embedder=NgramEmbedder()) as index:
            index.ingest(documents(self.COUNT))
        return tmp_path / "index"

    def run(self, folder: Path, before: str) -> bool:
        """A migration in a process of its own; whether it was killed."""
        code = MIGRATE.format(here=str(HERE), folder=str(folder), before=before)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode != 0

    def expected(self, tmp_path: Path) -> dict[str, object]:
        with from_settings(load(store=str(tmp_path / "whole")), embedder=NgramEmbedder()) as index:
            index.ingest(documents(self.COUNT))
            index.migrate(ShortNgrams(), sampled=0)
            return snapshot(index)

    @pytest.mark.parametrize("chunks", [1, 257, 600])
    def test_half_way_and_run_again_the_store_is_the_same(self, folder: Path, tmp_path: Path, chunks: int) -> None:
        assert self.run(folder, AFTER_CHUNKS.format(n=chunks))
        with from_settings(load(store=str(folder)), embedder=NgramEmbedder()) as index:
            assert index.status().chunks == self.COUNT
            target = CountingEmbedder(ShortNgrams())
            report = index.migrate(target, sampled=0)
            assert len(target.passages) == report.embedded == self.COUNT - report.present
            assert report.present >= min(chunks, 512) // 256 * 256
            assert snapshot(index) == self.expected(tmp_path)

    @pytest.mark.slow
    def test_before_any_step_of_the_switch_one_of_the_two_is_whole(self, folder: Path, tmp_path: Path) -> None:
        expected, kinds = self.expected(tmp_path), []
        for n in range(1, 100):
            copy = tmp_path / "copy" / "index"
            shutil.copytree(folder, copy)
            killed = self.run(copy, BEFORE_OPERATION.format(n=n))
            kinds.append(json.loads((copy / "manifest.json").read_text(encoding="utf-8"))["model"])
            embedder = {"ngrams": NgramEmbedder(), "short-ngrams": ShortNgrams()}[kinds[-1]]
            with from_settings(load(store=str(copy)), embedder=embedder) as index:
                assert len(index.search(QUERIES[0])) == 10
                if kinds[-1] == "ngrams":
                    index.migrate(ShortNgrams(), sampled=0)
                assert snapshot(index) == expected
                assert index.rollback(NgramEmbedder()).model == "ngrams"
                assert index.status().chunks == self.COUNT
                index.discard()
            assert sorted(path.name for path in copy.iterdir()) == ["holder.json", "manifest.json", "shard"]
            shutil.rmtree(copy)
            if not killed:
                break
        assert kinds == sorted(kinds)  # first the old ones, from one step on the new ones
        assert kinds.count("ngrams") >= 3
        assert kinds.count("short-ngrams") >= 3


def test_a_key_goes_only_to_the_server_that_it_is_for() -> None:
    made_with = Manifest(model="m", fingerprint="f", dim=8)
    settings = {
        "both": load(embedder_url="http://old:1", embedder_key="old-key", target_key="new-key"),
        "old only": load(embedder_url="http://old:1", embedder_key="old-key"),
        "no server": load(embedder_key="old-key"),
    }
    keys = {
        name: vars(target_for(one, made_with, "bundled", url="http://new:1", dialect="openai"))
        for name, one in settings.items()
    }
    assert "new-key" in repr_of(keys["both"])
    assert "old-key" not in repr_of(keys["both"]) + repr_of(keys["old only"])
    assert "old-key" in repr_of(keys["no server"])


def repr_of(values: object, depth: int = 4) -> str:
    """All that hangs on a value, as text."""
    if depth == 0 or isinstance(values, (str, int, float, type(None))):
        return repr(values)
    inner = values if isinstance(values, dict) else getattr(values, "__dict__", {})
    return " ".join(repr_of(value, depth - 1) for value in inner.values())


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
        (tmp_path / "docs").mkdir()
        for tag, text in SENTENCES.items():
            (tmp_path / "docs" / f"{tag}.txt").write_text(text, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")}
        environment["PYTHONPATH"] = str(HERE)

        def run_(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "interlingua.app.cli", *arguments],
                cwd=tmp_path, env=environment | variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=120,
            )  # fmt: skip

        return run_

    def test_there_and_back_again(self, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
        ngrams = {"INTERLINGUA_EMBEDDER": "support:NgramEmbedder"}

        def data(*arguments: str, **variables: str) -> Any:
            done = run(*arguments, "--json", **variables)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        assert run("ingest", "docs", **ngrams).returncode == 0
        (tmp_path / "queries.txt").write_text("dignity and rights\n尊厳と権利\n", encoding="utf-8")
        looked = run("migrate", "--to", "support:ShortNgrams", "--no-switch", "--queries", "queries.txt", **ngrams)
        assert looked.returncode == 0, looked.stderr
        assert "your queries" in looked.stdout
        assert "Still in force: ngrams (256 dimensions, int8)" in looked.stdout
        report = data("migrate", "--to", "support:ShortNgrams", "--sample", "5", **ngrams)
        assert (report["embedded"], report["present"], report["switched"]) == (0, len(SENTENCES), True)
        refused = run("search", "dignity", **ngrams)
        assert refused.returncode == 1
        assert "short-ngrams (64 dimensions" in refused.stderr
        assert data("search", SENTENCES["ja"], "-e", "support:ShortNgrams")[0]["language"] == "ja"
        assert data("status", "-e", "support:ShortNgrams")["model"] == "short-ngrams"
        back = run("migrate", "--rollback", **ngrams)
        assert back.returncode == 0, back.stderr
        assert "In force again: ngrams" in back.stdout
        assert "your settings name a model too (embedder)" in back.stderr
        assert data("status", **ngrams)["model"] == "ngrams"
        assert [made["model"] for made in data("migrate", "--discard")["discarded"]] == ["short-ngrams"]
        nothing = run("migrate", "--rollback")
        assert nothing.returncode == 1
        assert "nothing to roll back" in nothing.stderr

    def test_an_index_whose_model_is_gone_can_still_be_moved(
        self, run: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        assert run("ingest", "docs", INTERLINGUA_EMBEDDER="support:NgramEmbedder").returncode == 0
        moved = run("migrate", "--to", "bundled", "--dimensions", "64")
        assert moved.returncode == 0, moved.stderr
        assert "ngrams is not at hand" in moved.stderr
        shown = run("status", "--json")
        assert json.loads(shown.stdout)["dim"] == 64
        assert run("search", "dignity").returncode == 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "Name the model: interlingua migrate --to MODEL"),
            (("--to", "bundled", "--rollback"), "exclude one another"),
            (("--to", "bundled", "--force"), "--force belongs to --rollback"),
            (("--to", "bundled"), "There is no index at .interlingua"),
            (("--rollback",), "There is no index at .interlingua"),
        ],
    )
    def test_wrong_usage_is_told_how_it_is_done(
        self, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, arguments: tuple[str, ...],
        message: str,
    ) -> None:  # fmt: skip
        done = run("migrate", *arguments)
        assert done.returncode == 1
        assert message in " ".join(done.stderr.split())
        assert not (tmp_path / ".interlingua").exists()

    def test_queries_that_cannot_be_read_are_named(self, run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
        assert run("ingest", "docs", INTERLINGUA_EMBEDDER="support:NgramEmbedder").returncode == 0
        done = run("migrate", "--to", "bundled", "--queries", "nowhere.txt")
        assert done.returncode == 1
        assert "nowhere.txt cannot be read" in done.stderr
