"""What is asked of an index beside searches: passages like a stored one, a sample, numbers, uncertain languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import interlingua
import numpy as np
import pytest
from interlingua import Document
from interlingua.app.access.keys import EVERYONE, Key, Scope
from interlingua.app.access.values import Counts
from interlingua.app.access.view import View
from interlingua.app.index import from_settings
from interlingua.app.settings import load
from interlingua.retrieval.chunks import chunk_id
from interlingua.retrieval.errors import FilterError, InputError
from interlingua.retrieval.filters import metadata_filter
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.stores.qdrant import QdrantStore
from interlingua.retrieval.types import Chunk, Origin
from qdrant_client import QdrantClient
from support import SENTENCES, CountingEmbedder, NgramEmbedder


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder(NgramEmbedder())


@pytest.fixture(params=["edge", "memory"])
def index(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: CountingEmbedder
) -> Iterator[interlingua.Index]:
    """An empty index: in a folder, or on Qdrant's imitation of its server."""
    monkeypatch.chdir(tmp_path)
    settings = load(store="index", chunk_tokens=32)
    if request.param == "edge":
        with from_settings(settings, embedder=embedder) as made:
            yield made
        return
    client = QdrantClient(":memory:")
    store = QdrantStore(client)
    manifest = store.prepare(Manifest(model=embedder.model, fingerprint=embedder.fingerprint, dim=embedder.dim))
    with interlingua.Index(embedder=embedder, store=store, manifest=manifest, settings=settings) as made:
        yield made
    client.close()


def key(tenant: str = "acme", *scopes: Scope) -> Key:
    return Key(
        name=tenant,
        scopes=frozenset(scopes or ("read", "write")),
        filter=metadata_filter({"tenant": tenant}),
        prefix=f"{tenant}/",
    )


LONG = " ".join(SENTENCES[tag] for tag in ("de", "en", "ru"))
"""Several passages."""


@pytest.fixture
def everything(index: interlingua.Index) -> View:
    index.ingest(
        [
            Document(id="acme/de", text=SENTENCES["de"], metadata={"tenant": "acme", "year": 2020}),
            Document(id="acme/de2", text=f"{SENTENCES['de']} Ja.", metadata={"tenant": "acme", "year": 2021}),
            Document(id="acme/long", text=LONG, metadata={"tenant": "acme", "year": 2022}),
            Document(id="acme/hi", text=SENTENCES["hi"], metadata={"tenant": "acme"}),
            Document(id="globex/de", text=SENTENCES["de"], metadata={"tenant": "globex"}),
            Document(id="globex/th", text=SENTENCES["th"], metadata={"tenant": "globex", "secret": 1}),
        ]
    )
    return View(index, EVERYONE)


@pytest.fixture
def acme(everything: View, index: interlingua.Index) -> View:
    return View(index, key())


def documents(hits: list[interlingua.Hit] | None) -> list[str]:
    assert hits is not None
    return [hit.chunk.document_id for hit in hits]


class TestSimilar:
    def test_gives_the_nearest_passages_of_other_documents(self, everything: View, embedder: CountingEmbedder) -> None:
        stored = everything.sample(100)
        passages = [chunk for chunk in stored.chunks if chunk.document_id == "acme/long"]
        assert len(passages) > 1
        for passage in passages:
            row = stored.vectors[stored.chunks.index(passage)]
            scores = {
                chunk.id: round(float(row @ other), 5)
                for chunk, other in zip(stored.chunks, stored.vectors, strict=True)
            }
            found = everything.similar("acme/long", passage.ordinal, limit=100)
            assert found is not None
            assert {hit.chunk.id for hit in found} == scores.keys() - {chunk.id for chunk in passages}
            assert [scores[hit.chunk.id] for hit in found] == pytest.approx([hit.score for hit in found], abs=2e-5)
            assert found == sorted(found, key=lambda hit: -hit.score)
        assert embedder.queries == []

    def test_the_best_come_first_and_no_more_than_are_asked_for(self, everything: View) -> None:
        found = documents(everything.similar("acme/de", 0, limit=3))
        assert (set(found[:2]), found[2]) == ({"globex/de", "acme/long"}, "acme/de2")

    def test_only_what_the_key_sees_is_found(self, acme: View) -> None:
        assert set(documents(acme.similar("acme/de", 0, limit=100))) == {"acme/de2", "acme/long", "acme/hi"}

    def test_a_passage_that_the_key_does_not_see_is_none_for_it(self, acme: View, everything: View) -> None:
        assert everything.similar("globex/th", 0) is not None
        for document_id, ordinal in [("globex/th", 0), ("missing", 0), ("acme/de", 1), ("acme/de", -1)]:
            assert acme.similar(document_id, ordinal) is None

    def test_a_document_goes_by_its_id_without_the_prefix_too(self, acme: View) -> None:
        assert acme.similar("de", 0) == acme.similar("acme/de", 0)

    def test_what_is_found_is_narrowed_as_in_a_search(self, everything: View) -> None:
        def found(**asked: Any) -> list[str]:
            return documents(everything.similar("acme/de", 0, limit=100, **asked))

        assert set(found(languages=["th", "Hindi"])) == {"acme/hi", "globex/th"}
        assert found(filter={"year": {"gte": 2021}}, per_document=1) == ["acme/long", "acme/de2"]
        assert len(found(per_document=1)) == 5
        assert len(found()) > 5
        with pytest.raises(FilterError, match="nothing"):
            found(filter={"nothing": 1})
        with pytest.raises(InputError, match="limit is 0"):
            everything.similar("acme/de", 0, limit=0)


class TestSample:
    def test_has_the_passages_with_their_vectors(self, everything: View) -> None:
        sample = everything.sample()
        assert list(sample.chunks) == list(everything.chunks())
        assert sample.vectors.dtype == np.float32
        expected = NgramEmbedder().embed_passages([chunk.text for chunk in sample.chunks])
        np.testing.assert_allclose(sample.vectors, expected, atol=1e-6)

    def test_a_larger_one_holds_the_smaller(self, everything: View) -> None:
        whole = everything.sample(100)
        for limit in range(1, len(whole.chunks)):
            part = everything.sample(limit)
            assert part.chunks == whole.chunks[:limit]
            np.testing.assert_array_equal(part.vectors, whole.vectors[:limit])

    def test_what_is_in_it_does_not_depend_on_the_order_of_the_documents(self, index: interlingua.Index) -> None:
        index.ingest([Document(id=f"{n:03}", text=f"{SENTENCES['de']} {n}") for n in range(400)])
        first = sum(int(chunk.document_id) < 200 for chunk in View(index, EVERYONE).sample(100).chunks)
        assert 35 <= first <= 65

    def test_is_of_what_the_key_sees(self, acme: View) -> None:
        assert {chunk.document_id for chunk in acme.sample().chunks} == {"acme/de", "acme/de2", "acme/long", "acme/hi"}
        assert len(acme.sample(2).chunks) == 2

    def test_of_nothing_has_the_width_of_the_model(self, index: interlingua.Index) -> None:
        sample = View(index, EVERYONE).sample()
        assert (sample.chunks, sample.vectors.shape) == ((), (0, NgramEmbedder.dim))

    @pytest.mark.parametrize("limit", [0, -1, 2001])
    def test_has_a_bound(self, everything: View, limit: int) -> None:
        with pytest.raises(InputError, match=f"limit is {limit}; it must be from 1 to 2000"):
            everything.sample(limit)


class TestOverview:
    def test_counts_documents_and_passages_by_language_and_source(
        self, everything: View, index: interlingua.Index
    ) -> None:
        index.ingest(Document(id="ja", text=SENTENCES["ja"]))
        View(index, key("globex")).ingest(Document(id="ar", text=SENTENCES["ar"]))
        found = everything.overview()
        languages = [chunk.language for chunk in everything.chunks()]
        assert (found.documents, found.passages) == everything.counts() == (8, len(languages))
        assert {tag: counts.passages for tag, counts in found.languages.items()} == everything.languages()
        assert found.languages["de"] == Counts(documents=4, passages=languages.count("de"))
        assert found.languages["ru"] == Counts(documents=0, passages=1)
        ordered = [counts.passages for counts in found.languages.values()]
        assert ordered == sorted(ordered, reverse=True)
        assert found.sources is not None
        assert sum(found.sources.values()) == found.passages
        assert list(found.sources.values())[1:] == [1]
        assert any(name.startswith("key:globex/") for name in found.sources)

    @pytest.mark.parametrize("scopes", [("read",), ("read", "write")])
    def test_only_an_admin_key_is_told_the_sources(
        self, everything: View, index: interlingua.Index, scopes: tuple[Scope, ...]
    ) -> None:
        assert View(index, Key(name="all", scopes=frozenset(scopes))).overview().sources is None
        assert View(index, key("acme", *scopes)).overview().sources is None
        assert View(index, Key(name="boss", scopes=frozenset({"admin"}))).overview().sources is not None

    def test_is_of_what_the_key_sees(self, acme: View) -> None:
        found = acme.overview()
        assert (found.documents, found.passages) == acme.counts()
        assert found.documents == 4
        assert "th" not in found.languages

    def test_of_nothing(self, index: interlingua.Index) -> None:
        found = View(index, EVERYONE).overview()
        assert (found.documents, found.passages, found.languages, found.sources) == (0, 0, {}, {})


TOLD = {
    "und": ("und", 1.0, True),
    "no letters": ("und", 0.0, True),
    "a script alone": ("und-Latn", 1.0, True),
    "a guess": ("de", 0.85, True),
    "almost": ("sr-Latn", 0.9499, True),
    "nothing said": ("hi", 0.0, True),
    "agreed": ("ja", 0.95, False),
    "declared": ("ar", 1.0, False),
    "sure": ("zh-Hans", 0.99, False),
}
"""Language, confidence, and whether that is unsure."""


class TestUnsure:
    @pytest.fixture
    def told(self, index: interlingua.Index) -> dict[str, Chunk]:
        chunks = {
            f"{tenant}/{name}": Chunk(
                id=chunk_id(f"{tenant}/{name}", 0, name),
                document_id=f"{tenant}/{name}",
                ordinal=0,
                text=name,
                start=0,
                end=len(name),
                language=language,
                language_confidence=confidence,
                metadata={"tenant": tenant},
                origin=Origin(source="a", revision="", digest="1", chunks=1),
            )
            for tenant in ("acme", "globex")
            for name, (language, confidence, _) in TOLD.items()
        }
        index.store.upsert(
            list(chunks.values()), NgramEmbedder().embed_passages([chunk.text for chunk in chunks.values()])
        )
        return chunks

    def test_finds_what_is_not_told_and_what_is_guessed(self, told: dict[str, Chunk], index: interlingua.Index) -> None:
        expected = sorted((chunk for chunk in told.values() if TOLD[chunk.text][2]), key=lambda chunk: chunk.id)
        everything = View(index, EVERYONE)
        assert everything.unsure() == expected
        assert everything.unsure(3) == expected[:3]
        assert View(index, key()).unsure() == [chunk for chunk in expected if chunk.metadata["tenant"] == "acme"]

    def test_what_an_ingest_tells_is_taken_at_its_word(self, index: interlingua.Index) -> None:
        index.ingest(
            [
                *(Document(id=tag, text=text) for tag, text in SENTENCES.items()),
                Document(id="numbers", text="1948 / 12 / 10"),
                Document(id="romanised", text="xqzt vrrp"),
                Document(id="declared", text="xqzt vrrp", language="de"),
            ]
        )
        assert {chunk.document_id for chunk in View(index, EVERYONE).unsure()} == {"numbers", "romanised"}

    @pytest.mark.parametrize("limit", [0, 1001])
    def test_has_a_bound(self, index: interlingua.Index, limit: int) -> None:
        with pytest.raises(InputError, match=f"limit is {limit}; it must be from 1 to 1000"):
            View(index, EVERYONE).unsure(limit)
