"""Moving an index to another model: searches go on, a run that broke off goes on, and there is a way back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import interlingua
import numpy as np
import pytest
from interlingua import Document
from interlingua.app.doctor import examine
from interlingua.app.index import from_settings
from interlingua.app.migration import Progress
from interlingua.app.settings import load
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
from migration_samples import QUERIES, documents, snapshot
from qdrant_client import QdrantClient
from support import SENTENCES, CountingEmbedder, NgramEmbedder, ShortNgrams

Make = Callable[..., interlingua.Index]


def found(hits: Sequence[Hit]) -> tuple[tuple[str, float], ...]:
    return tuple((hit.chunk.id, hit.score) for hit in hits)


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
