"""The map of a sample, the translations in it, and the scripts of an index."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import interlingua
import numpy as np
import pytest
from interlingua import Document
from interlingua.app import demo
from interlingua.app.access.keys import EVERYONE
from interlingua.app.access.values import Sample
from interlingua.app.access.view import View
from interlingua.app.exploring import Pair, projected, scripts, translations
from interlingua.retrieval.chunks import chunk_id
from interlingua.retrieval.errors import InputError, MissingExtraError, VectorError
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.text.languages import LANGUAGES
from interlingua.retrieval.types import Chunk, Matrix
from support import SENTENCES


def unit(rows: object) -> Matrix:
    matrix = np.asarray(rows, np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def clusters(count: int, of: int, dim: int = 32) -> Matrix:
    """`count` clusters of `of` vectors each, one after the other."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(count, 1, dim))
    return unit((centres + 0.1 * rng.normal(size=(count, of, dim))).reshape(count * of, dim))


class TestProjected:
    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("sklearn", reason="scikit-learn is not installed: make test installs it")

    @pytest.mark.parametrize("of", [5, 40], ids=["few", "many"])
    def test_what_is_near_stays_near(self, of: int) -> None:
        places = projected(clusters(4, of))
        assert (places.shape, places.dtype) == ((4 * of, 2), np.float32)
        groups = places.reshape(4, of, 2)
        spread = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).max()
        centres = groups.mean(axis=1)
        apart = min(np.linalg.norm(centres[a] - centres[b]) for a in range(4) for b in range(a))
        assert apart > 2 * spread

    @pytest.mark.parametrize("of", [5, 40], ids=["few", "many"])
    def test_the_same_vectors_give_the_same_map_in_any_order(self, of: int) -> None:
        vectors = clusters(4, of)
        order = np.random.default_rng(0).permutation(len(vectors))
        places = projected(vectors)
        np.testing.assert_array_equal(places, projected(vectors))
        np.testing.assert_array_equal(places[order], projected(vectors[order]))

    def test_nothing_is_left_to_chance_where_no_direction_stands_out(self) -> None:
        vectors = unit(np.random.default_rng(2).normal(size=(300, 64)))
        np.testing.assert_array_equal(projected(vectors), projected(vectors))

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 50, 51, 52])
    def test_any_number_has_its_places(self, count: int) -> None:
        vectors = unit(np.random.default_rng(1).normal(size=(count, 16))) if count else np.zeros((0, 16), np.float32)
        places = projected(vectors)
        assert places.shape == (count, 2)
        assert np.isfinite(places).all()
        assert len(np.unique(places, axis=0)) == count

    @pytest.mark.parametrize(("different", "each"), [(1, 1), (1, 200), (2, 100), (60, 3)])
    def test_equal_vectors_have_one_place(self, different: int, each: int) -> None:
        vectors = unit(np.random.default_rng(1).normal(size=(different, 16))).repeat(each, axis=0)
        places = projected(vectors).reshape(different, each, 2)
        assert np.isfinite(places).all()
        assert (places == places[:, :1]).all()
        assert len(np.unique(places[:, 0], axis=0)) == different

    def test_two_points_are_as_far_apart_as_they_are(self) -> None:
        first, second = projected(unit([[1, 0, 0], [0, 1, 0]]))
        assert np.linalg.norm(first - second) == pytest.approx(2**0.5, abs=1e-6)

    def test_a_single_dimension_is_a_line(self) -> None:
        places = projected(np.array([[1.0], [-1.0], [1.0]], np.float32))
        np.testing.assert_array_equal(places[:, 1], 0)
        assert places[0, 0] == places[2, 0] != places[1, 0]

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_what_is_no_number_is_refused(self, bad: float) -> None:
        vectors = clusters(2, 3)
        vectors[4, 2] = bad
        with pytest.raises(VectorError, match="NaN or infinity"):
            projected(vectors)

    def test_what_is_no_matrix_is_refused(self) -> None:
        with pytest.raises(VectorError, match=r"shape \(32,\)"):
            projected(clusters(1, 1)[0])


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(MissingExtraError, match=r"interlingua\[ui\]"):
        projected(clusters(4, 40))
    assert projected(clusters(4, 5)).shape == (20, 2)  # few points need nothing of it


def test_it_is_loaded_when_a_map_is_drawn() -> None:
    code = "import sys, interlingua.app.exploring; print('sklearn' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def passage(document_id: str, language: str, text: str | None = None) -> Chunk:
    text = f"{document_id} {language}" if text is None else text
    return Chunk(
        id=chunk_id(document_id, 0, text),
        document_id=document_id,
        ordinal=0,
        text=text,
        start=0,
        end=len(text),
        language=language,
    )


def sample(*rows: tuple[Chunk, list[float]]) -> Sample:
    return Sample(chunks=tuple(chunk for chunk, _ in rows), vectors=unit([vector for _, vector in rows]))


def ids(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.first.document_id, pair.second.document_id) for pair in pairs]


class TestTranslations:
    def test_are_the_nearest_of_other_languages_and_documents_best_first(self) -> None:
        found = translations(
            sample(
                (passage("a", "de"), [1, 0, 0]),
                (passage("b", "ja"), [1, 0.5, 0]),
                (passage("c", "ar"), [1, 0.1, 0]),
                (passage("d", "hi"), [0, 0, 1]),
            )
        )
        assert ids(found) == [("a", "c"), ("b", "c"), ("a", "b")]
        assert [pair.score for pair in found] == sorted((pair.score for pair in found), reverse=True)
        assert [pair.score for pair in found] == [0.995037, 0.934488, 0.894427]

    @pytest.mark.parametrize(
        "other",
        [
            passage("b", "de"),
            passage("a", "ja", "another passage of it"),
            passage("b", "und"),
            passage("b", "und-Latn"),
            passage("b", "ja", "a de"),
        ],
        ids=["language", "document", "unknown", "unknown but for its script", "text"],
    )
    def test_the_same_or_the_unknown_is_no_translation(self, other: Chunk) -> None:
        assert translations(sample((passage("a", "de"), [1, 0]), (other, [1, 0]))) == []
        assert ids(translations(sample((passage("a", "de"), [1, 0]), (passage("b", "ja"), [1, 0])))) == [("a", "b")]

    def test_another_script_is_no_other_language(self) -> None:
        assert translations(sample((passage("a", "zh-Hans"), [1, 0]), (passage("b", "zh-Hant"), [1, 0]))) == []

    def test_the_least_is_included(self) -> None:
        given = sample((passage("a", "de"), [1, 0]), (passage("b", "th"), [0.6, 0.8]))
        assert ids(translations(given, least=0.6)) == [("a", "b")]
        assert translations(given, least=0.601) == translations(given) == []

    def test_there_are_no_more_than_asked_for_and_ties_are_in_order(self) -> None:
        given = sample(*((passage(f"{n}", tag), [1, 0]) for n, tag in enumerate(SENTENCES)))
        every = translations(given, limit=1000)
        assert len(every) == len(SENTENCES) * (len(SENTENCES) - 1) // 2
        assert ids(every) == [(f"{a}", f"{b}") for a in range(len(SENTENCES)) for b in range(a + 1, len(SENTENCES))]
        assert len(translations(given)) == min(len(every), 100)
        mixed = sample(*((passage(f"{n}", tag), [1, 0.01 * (n % 3)]) for n, tag in enumerate(sorted(LANGUAGES)[:80])))
        found = [(-pair.score, int(pair.first.document_id), int(pair.second.document_id))
                 for pair in translations(mixed, limit=10_000)]  # fmt: skip
        assert len(found) > 3000
        assert found == sorted(found)
        assert translations(given, limit=3) == every[:3]
        with pytest.raises(InputError, match="limit is 0"):
            translations(given, limit=0)

    def test_of_nothing_there_are_none(self) -> None:
        assert translations(Sample(chunks=(), vectors=np.zeros((0, 8), np.float32))) == []
        assert translations(sample((passage("a", "de"), [1, 0]))) == []

    def test_with_the_bundled_model_the_default_tells_them_from_others(
        self, open_index: Callable[..., interlingua.Index], bundled: Embedder
    ) -> None:
        paths = sorted((demo.FOLDER / "docs").glob("*/tldr-[cgst]*.md"))  # manuals of commands
        index = open_index(embedder=bundled)
        index.ingest([Document(id=f"{path.parent.name}/{path.stem}", text=path.read_text("utf-8")) for path in paths])
        found = ids(translations(View(index, EVERYONE).sample()))
        assert len(found) >= 10
        assert all(first.partition("/")[2] == second.partition("/")[2] for first, second in found)


def test_scripts_are_those_of_the_tags() -> None:
    languages = {"de": 3, "ar": 5, "sr": 1, "sr-Latn": 2, "fa": 1, "zh-Hant": 4, "ja": 2, "und": 1, "und-Latn": 1}
    found = scripts(languages)
    assert found == {"Arab": 6, "Latn": 6, "Hant": 4, "Jpan": 2, "Cyrl": 1, "Zzzz": 1}
    assert list(found) == ["Arab", "Latn", "Hant", "Jpan", "Cyrl", "Zzzz"]
    assert scripts({}) == {}
    assert scripts({"tlh": 2}) == {"Zzzz": 2}
