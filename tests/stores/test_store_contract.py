"""What every store does, whatever engine is below."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from interlingua.retrieval.errors import InputError, ManifestError, StoreError, VectorError
from interlingua.retrieval.filters import Exists, Filter, Ids, Match, Range, metadata_filter, where
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.integrity import integrity
from store_samples import DIM, MANIFEST, SENTENCES, Backend, chunk, fill, number, unit, vectors


class TestPrepare:
    def test_it_returns_the_manifest_in_force(self, backend: Backend) -> None:
        store = backend.open()
        assert store.prepare(MANIFEST) == MANIFEST
        assert store.prepare(MANIFEST) == MANIFEST
        store.close()

    def test_what_made_a_store_can_be_asked_before_it_is_prepared(self, backend: Backend) -> None:
        assert backend.open().stored() is None
        store = backend.open()
        store.prepare(MANIFEST)
        assert store.stored() == MANIFEST
        store.close()
        assert backend.open().stored() == MANIFEST

    def test_the_stored_quantization_stays_in_force(self, backend: Backend) -> None:
        store = backend.open()
        store.prepare(dataclasses.replace(MANIFEST, quantization="none"))
        store.close()
        again = backend.open()
        assert again.prepare(MANIFEST).quantization == "none"
        again.close()

    def test_what_was_written_is_there_after_reopening(self, backend: Backend) -> None:
        store = backend.open()
        store.prepare(MANIFEST)
        chunks = [chunk(n) for n in range(5)]
        fill(store, chunks)
        store.close()
        again = backend.open()
        again.prepare(MANIFEST)
        assert sorted((s.chunk for s in again.scan()), key=lambda c: c.ordinal) == chunks
        again.close()

    def test_another_models_manifest_is_refused_with_both_names(self, backend: Backend) -> None:
        store = backend.open()
        store.prepare(MANIFEST)
        store.close()
        other = Manifest(model="qwen3-0.6b", fingerprint="ffff", dim=1024)
        with pytest.raises(ManifestError, match=r"bundled.*8 dimensions.*qwen3-0\.6b.*1024 dimensions"):
            backend.open().prepare(other)
        again = backend.open()
        assert again.prepare(MANIFEST) == MANIFEST
        again.close()

    def test_a_store_that_was_not_prepared_says_so(self, backend: Backend) -> None:
        with pytest.raises(StoreError, match="prepare"):
            backend.open().count()

    def test_closing_twice_does_nothing_and_a_closed_store_says_so(self, store: Store) -> None:
        store.close()
        store.close()
        with pytest.raises(StoreError):
            store.count()

    def test_a_closed_store_can_be_prepared_again(self, store: Store) -> None:
        fill(store, [chunk(0)])
        store.close()
        store.prepare(MANIFEST)
        assert store.count() == 1


class TestUpsert:
    def test_a_chunk_comes_back_as_it_was_written(self, store: Store) -> None:
        chunks = [
            chunk(
                n, text=text, language=tag, title=f"«{text[:4]}»", url="https://example.org/ü", language_confidence=0.5
            )
            for n, (tag, text) in enumerate(SENTENCES.items())
        ]
        fill(store, chunks)
        assert sorted((s.chunk for s in store.scan()), key=lambda c: c.ordinal) == chunks

    def test_what_is_none_stays_none(self, store: Store) -> None:
        bare = chunk(1, source=None)
        fill(store, [bare])
        assert next(iter(store.scan())).chunk == bare

    def test_metadata_is_stored_as_plain_values(self, store: Store) -> None:
        metadata = {
            "when": dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC),
            "day": dt.date(2024, 5, 1),
            "pair": (1, "zwei"),
            "count": np.int64(3),
            "share": np.float32(0.5),
            "sure": np.bool_(True),
            "主題": {"ключ": ["में", None, True]},
        }
        fill(store, [chunk(1, metadata=metadata)])
        assert next(iter(store.scan())).chunk.metadata == {
            "when": "2024-05-01T12:00:00+00:00",
            "day": "2024-05-01",
            "pair": [1, "zwei"],
            "count": 3,
            "share": 0.5,
            "sure": True,
            "主題": {"ключ": ["में", None, True]},
        }

    def test_the_same_id_replaces(self, store: Store) -> None:
        fill(store, [chunk(1, metadata={"old": 1})])
        (row,) = fill(store, [chunk(1, metadata={"new": 2})], seed=5)
        assert store.count() == 1
        (stored,) = store.scan(vectors=True)
        assert stored.chunk.metadata == {"new": 2}
        assert stored.vector == pytest.approx(row, abs=1e-6)

    def test_of_two_chunks_with_one_id_in_a_call_the_last_one_counts(self, store: Store) -> None:
        fill(store, [chunk(1, metadata={"a": 1}), chunk(1, metadata={"a": 2})])
        assert [s.chunk.metadata for s in store.scan()] == [{"a": 2}]

    def test_nothing_to_write_is_fine(self, store: Store) -> None:
        store.upsert([], np.empty((0, DIM), dtype=np.float32))
        assert store.count() == 0

    def test_more_than_one_batch(self, store: Store) -> None:
        fill(store, [chunk(n) for n in range(700)])
        assert store.count() == 700

    def test_vectors_of_any_length_are_compared_by_direction(self, store: Store) -> None:
        rows = np.full((2, DIM), 1e-12, dtype=np.float32)
        rows[1] = 1e12
        store.upsert([chunk(0), chunk(1)], rows)
        assert [hit.score for hit in store.search(np.ones(DIM, dtype=np.float32), limit=2)] == [1.0, 1.0]

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_vector_that_is_not_finite_is_refused_by_chunk_id(self, store: Store, bad: float) -> None:
        rows = vectors(3)
        rows[1, 2] = bad
        with pytest.raises(VectorError, match=number(1)):
            store.upsert([chunk(n) for n in range(3)], rows)
        assert store.count() == 0

    def test_a_vector_of_zeros_is_refused(self, store: Store) -> None:
        rows = vectors(3)
        rows[2] = 0
        with pytest.raises(VectorError, match=number(2)):
            store.upsert([chunk(n) for n in range(3)], rows)

    def test_a_wrong_dimension_is_refused_with_both(self, store: Store) -> None:
        with pytest.raises(VectorError, match=r"5 dimensions, the store holds 8"):
            store.upsert([chunk(0)], np.ones((1, 5), dtype=np.float32))

    @pytest.mark.parametrize("shape", [(DIM,), (2, DIM), (1, 1, DIM)])
    def test_a_wrong_number_of_rows_is_refused(self, store: Store, shape: tuple[int, ...]) -> None:
        with pytest.raises(VectorError, match="1 chunks"):
            store.upsert([chunk(0)], np.ones(shape, dtype=np.float32))

    def test_a_bad_chunk_at_the_end_leaves_nothing_written(self, store: Store) -> None:
        chunks = [chunk(n) for n in range(600)]
        chunks[-1] = chunk(599, metadata={"raw": b"bytes"})
        with pytest.raises(InputError, match=r"metadata\.raw"):
            fill(store, chunks)
        assert store.count() == 0

    def test_an_id_that_is_no_uuid_is_refused(self, store: Store) -> None:
        for bad in ("chunk-1", number(1).upper(), number(1).replace("-", "")):
            with pytest.raises(InputError, match="UUID"):
                fill(store, [dataclasses.replace(chunk(1), id=bad)])

    def test_what_was_given_is_not_changed(self, store: Store) -> None:
        metadata = {"pair": (1, 2), "when": dt.date(2024, 1, 1)}
        rows = vectors(1) * 3
        before = rows.copy()
        store.upsert([chunk(1, metadata=metadata)], rows)
        assert metadata == {"pair": (1, 2), "when": dt.date(2024, 1, 1)}
        assert (rows == before).all()


class TestSearch:
    def test_the_nearest_come_first_with_their_cosine(self, store: Store) -> None:
        chunks = [chunk(n) for n in range(60)]
        rows = fill(store, chunks)
        query = vectors(1, seed=9)[0]
        cosine = rows @ query
        expected = [chunks[i] for i in np.argsort(-cosine)[:5]]
        hits = store.search(query, limit=5)
        assert [hit.chunk for hit in hits] == expected
        assert [hit.score for hit in hits] == pytest.approx(np.sort(cosine)[::-1][:5], abs=1e-5)
        assert all(hit.scores == {"dense": hit.score} for hit in hits)

    def test_equal_scores_are_ordered_by_id_even_where_the_limit_cuts(self, store: Store) -> None:
        rows = np.tile(vectors(1), (300, 1))
        store.upsert([chunk(n) for n in range(300)], rows)
        ordered = sorted(number(n) for n in range(300))
        for limit in (1, 7, 120, 300, 400):
            assert [hit.chunk.id for hit in store.search(rows[0], limit=limit)] == ordered[:limit]

    def test_only_what_matches_the_filter_is_found(self, store: Store) -> None:
        chunks = [chunk(n, language=["de", "ja", "ar"][n % 3]) for n in range(90)]
        rows = fill(store, chunks)
        hits = store.search(rows[0], limit=50, where=where(language=["ja", "ar"]))
        assert len(hits) == 50
        assert {hit.chunk.language for hit in hits} == {"ja", "ar"}

    def test_a_threshold_leaves_out_what_is_below(self, store: Store) -> None:
        rows = fill(store, [chunk(n) for n in range(50)])
        hits = store.search(rows[3], limit=50, score_threshold=0.3)
        assert hits[0].chunk.id == number(3)
        assert len(hits) == int((rows @ rows[3] >= 0.3).sum())

    def test_an_empty_store_and_a_limit_of_zero_find_nothing(self, store: Store) -> None:
        assert store.search(vectors(1)[0], limit=3) == []
        fill(store, [chunk(0)])
        assert store.search(vectors(1)[0], limit=0) == []

    @pytest.mark.parametrize("query", [np.full(DIM, np.nan), np.zeros(DIM), np.ones(5), np.ones((1, DIM))])
    def test_a_query_vector_that_cannot_be_searched_is_refused(self, store: Store, query: np.ndarray) -> None:
        with pytest.raises(VectorError):
            store.search(query.astype(np.float32), limit=3)

    def test_the_answer_is_the_same_after_optimizing(self, store: Store) -> None:
        rows = fill(store, [chunk(n) for n in range(200)])
        before = store.search(rows[7], limit=10)
        store.flush()
        store.optimize()
        assert store.search(rows[7], limit=10) == before


class TestFilters:
    @pytest.fixture
    def store(self, store: Store) -> Store:
        kept = {
            "text": {"topic": "health"},
            "list": {"topic": ["law", "health"], "year": [2019, 2024]},
            "int": {"topic": 7, "year": 2020},
            "true": {"flag": True},
            "false": {"flag": False},
            "one": {"flag": 1},
            "null": {"topic": None, "flag": []},
            "noon": {"when": dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC), "year": 2024.0},
            "day": {"when": dt.date(2024, 5, 1)},
            "naive": {"when": dt.datetime(2024, 5, 1, 11, 59, 59, 500000)},
            "kolkata": {"when": "2024-05-01T17:30:00+05:30"},
            "unicode": {"主題": "健康", "मुख्य विषय": "क़ानून", "a-b": 1},
            "nested": {"author": {"name": "Ọlá"}},
            "dotted": {"author.name": "Ọlá", "x[0]": 1},
        }
        fill(store, [chunk(n, document_id=name, metadata=m) for n, (name, m) in enumerate(kept.items())])
        return store

    def found(self, store: Store, condition: Filter) -> set[str]:
        names = {stored.chunk.document_id for stored in store.scan(condition)}
        assert store.count(condition) == len(names)
        assert {hit.chunk.document_id for hit in store.search(vectors(1)[0], limit=99, where=condition)} == names
        return names

    @pytest.mark.parametrize(
        ("conditions", "names"),
        [
            ({"topic": "health"}, {"text", "list"}),
            ({"topic": ["law", 7]}, {"list", "int"}),
            ({"topic": {"not": ["law", "health"], "exists": True}}, {"int"}),
            ({"topic": {"exists": True}}, {"text", "list", "int"}),
            ({"flag": {"exists": False}, "topic": {"exists": True}}, {"text", "list", "int"}),
            ({"flag": True}, {"true"}),
            ({"flag": False}, {"false"}),
            ({"flag": [True, False]}, {"true", "false"}),
            ({"flag": 1}, {"one"}),
            ({"flag": {"not": True, "exists": True}}, {"false", "one"}),
            ({"year": {"gte": 2020}}, {"list", "int", "noon"}),
            ({"year": {"gt": 2019, "lt": 2024}}, {"int"}),
            ({"when": {"gte": dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)}}, {"noon", "kolkata"}),
            ({"when": {"lt": "2024-05-01T12:00:00"}}, {"day", "naive"}),
            ({"when": {"lte": dt.date(2024, 5, 1)}}, {"day"}),
            ({"when": {"gt": "2024-05-01T13:59:59+02:00"}}, {"noon", "naive", "kolkata"}),
            ({"主題": "健康"}, {"unicode"}),
            ({"मुख्य विषय": ["क़ानून", "x"]}, {"unicode"}),
            ({"a-b": 1}, {"unicode"}),
            ({"author.name": "Ọlá"}, {"nested", "dotted"}),
            ({"author.name": {"exists": True}}, {"nested", "dotted"}),
            ({"x[0]": 1}, {"dotted"}),
            ({"nothing": {"exists": True}}, set()),
        ],
    )
    def test_metadata(self, store: Store, conditions: dict, names: set[str]) -> None:
        assert self.found(store, metadata_filter(conditions)) == names

    def test_fields_ids_and_their_negation(self, store: Store) -> None:
        assert self.found(store, where(document_id=["int", "day", "nope"])) == {"int", "day"}
        assert self.found(store, Filter((Ids((number(0), number(2))),))) == {"text", "int"}
        assert self.found(store, Filter((Range(key="ordinal", gte=12),))) == {"nested", "dotted"}
        assert store.count(Filter(must_not=(Match("document_id", ("int",)),))) == 13
        assert store.count(Filter((Exists("title"),))) == 0
        assert store.count(Filter()) == store.count() == 14

    @pytest.mark.parametrize(
        "condition",
        [
            where(topic="x"),
            where(metadata="x"),
            metadata_filter({'quo"te': 1}),
            Filter((Range(key="metadata.year"),)),
            Filter((Range(key="metadata.year", gte=1, lt="2024-01-01"),)),
            Filter((Range(key="metadata.year", gte=float("nan")),)),
            Filter((Range(key="metadata.year", gte="gestern"),)),
            Filter((Match("metadata.year", (2**63,)),)),
            Filter((Match("metadata.year", ()),)),
        ],
    )
    def test_what_no_engine_can_say_is_refused(self, store: Store, condition: Filter) -> None:
        with pytest.raises(InputError):
            store.count(condition)


class TestKnown:
    def test_complete_only_when_every_chunk_of_one_version_is_there(self, store: Store) -> None:
        fill(
            store,
            [
                *(chunk(n, document_id="whole", chunks=3) for n in range(3)),
                *(chunk(10 + n, document_id="part", chunks=3) for n in range(2)),
                *(chunk(20 + n, document_id="two", chunks=1, digest=f"v{n}") for n in range(2)),
                chunk(30, document_id="bare", source=None),
            ],
        )
        known = store.known(["whole", "part", "two", "bare", "absent"])
        assert {name: k.complete for name, k in known.items()} == {
            "whole": True,
            "part": False,
            "two": False,
            "bare": False,
        }
        assert (known["whole"].digest, known["whole"].revision, known["whole"].source) == ("v1", "r1", "files")
        assert known["bare"].digest == ""

    def test_nothing_asked_nothing_known(self, store: Store) -> None:
        assert store.known([]) == {}

    def test_more_chunks_than_a_page(self, store: Store) -> None:
        fill(store, [chunk(n, chunks=1500) for n in range(1500)])
        assert store.known(["doc"])["doc"].complete

    def test_ids_in_every_script(self, store: Store) -> None:
        names = ["docs/報告書 第1版.pdf", "مستند.txt", "a'b\"c\\d.md", "👩‍🔬"]
        fill(store, [chunk(n, document_id=name) for n, name in enumerate(names)])
        assert set(store.known(names)) == set(names)


class TestDocumentIds:
    def test_each_document_once_and_only_those_that_match(self, store: Store) -> None:
        chunks = [chunk(n, document_id=f"d{n // 3}", ordinal=n % 3, source="ab"[n // 3 % 2]) for n in range(3600)]
        chunks.append(chunk(9999, document_id="d0", ordinal=0, source="a", digest="v2"))
        fill(store, chunks)
        every = list(store.document_ids())
        assert sorted(every) == sorted(f"d{n}" for n in range(1200))
        assert set(store.document_ids(where(source="b"))) == {f"d{n}" for n in range(1, 1200, 2)}


class TestScan:
    def test_by_id_over_several_pages(self, store: Store) -> None:
        rows = fill(store, [chunk(n) for n in range(2100)])
        stored = list(store.scan(vectors=True))
        assert [s.chunk.id for s in stored] == sorted(number(n) for n in range(2100))
        by_id = {number(n): rows[n] for n in range(2100)}
        for s in stored[::100]:
            assert s.vector is not None
            assert s.vector.dtype == np.float32
            assert s.vector == pytest.approx(by_id[s.chunk.id], abs=1e-6)

    def test_it_goes_on_after_an_id(self, store: Store) -> None:
        fill(store, [chunk(n, language=["de", "th"][n % 2]) for n in range(1200)])
        ids = [s.chunk.id for s in store.scan()]
        for place in (0, 999, 1000, 1198, 1199):
            assert [s.chunk.id for s in store.scan(after=ids[place])] == ids[place + 1 :]
        thai = [s.chunk.id for s in store.scan(where(language="th"))]
        missing = next(each for each in ids if each not in thai)  # no id of the scan, but one that it has passed
        assert [s.chunk.id for s in store.scan(where(language="th"), after=missing)] == [i for i in thai if i > missing]

    def test_vectors_only_when_asked_for(self, store: Store) -> None:
        fill(store, [chunk(1)])
        assert next(iter(store.scan())).vector is None

    def test_a_filtered_scan(self, store: Store) -> None:
        fill(store, [chunk(n, language=["de", "th"][n % 2]) for n in range(2500)])
        found = list(store.scan(where(language="th")))
        assert [s.chunk.id for s in found] == sorted(number(n) for n in range(1, 2500, 2))


class TestDelete:
    def test_it_returns_how_many_there_were(self, store: Store) -> None:
        fill(store, [chunk(n, document_id=f"d{n % 3}") for n in range(30)])
        assert store.delete(where(document_id="d1")) == 10
        assert store.delete(where(document_id="d1")) == 0
        assert store.count() == 20
        assert store.known(["d1"]) == {}

    def test_older_versions_only(self, store: Store) -> None:
        fill(store, [chunk(0, digest="v1"), chunk(1, digest="v2")])
        assert store.delete(Filter((Match("document_id", ("doc",)),), (Match("digest", ("v2",)),))) == 1
        assert [s.chunk.id for s in store.scan()] == [number(1)]

    def test_an_empty_filter_deletes_everything(self, store: Store) -> None:
        fill(store, [chunk(n) for n in range(5)])
        assert store.delete(Filter()) == 5
        assert store.count() == 0


class TestFacets:
    def test_fields_most_frequent_first_ties_by_value(self, store: Store) -> None:
        tags = ["de"] * 3 + ["th"] * 2 + ["ar"] * 2 + ["ja"]
        fill(store, [chunk(n, language=tag) for n, tag in enumerate(tags)])
        assert list(store.facets("language").items()) == [("de", 3), ("ar", 2), ("th", 2), ("ja", 1)]
        assert list(store.facets("language", limit=2)) == ["de", "ar"]
        assert store.facets("language", where(language=["th", "ja"])) == {"th": 2, "ja": 1}
        assert store.facets("language", limit=0) == {}

    def test_metadata_of_every_kind(self, store: Store) -> None:
        values = ["法律", "法律", ["法律", "健康", "法律"], 7, True, None, {"x": 1}, 1.5]
        fill(store, [chunk(n, metadata={"主題": value}) for n, value in enumerate(values)])
        assert store.facets("metadata.主題") == {"法律": 3, "1.5": 1, "7": 1, "true": 1, "健康": 1}

    def test_an_unknown_field_is_refused(self, store: Store) -> None:
        with pytest.raises(InputError, match=r"metadata\.topic"):
            store.facets("topic")


class TestIntegrity:
    def test_a_sound_store_has_no_problems(self, store: Store) -> None:
        fill(store, [chunk(n, chunks=4) for n in range(4)])
        assert integrity(store) == []

    def test_incomplete_and_doubled_documents_are_named(self, store: Store) -> None:
        fill(
            store,
            [
                chunk(0, document_id="part", chunks=2),
                chunk(1, document_id="two", digest="v1", ordinal=0),
                chunk(2, document_id="two", digest="v2", ordinal=0),
                chunk(3, document_id="same", chunks=2, ordinal=0),
                chunk(4, document_id="same", chunks=2, ordinal=0),
            ],
        )
        problems = integrity(store)
        assert [p.document_id for p in problems] == ["part", "same", "two"]
        assert "1 of 2 chunks" in problems[0].text
        assert "2 versions" in problems[2].text


def test_unit_vectors_are_what_the_samples_say() -> None:
    assert np.linalg.norm(unit([[3, 4]])) == pytest.approx(1)
