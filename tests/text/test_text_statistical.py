"""The batched walk gives the library's own answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interlingua.retrieval.text.statistical import BatchIdentifier, read
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
from support import SENTENCES

LIBRARY = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
ALL = "Zyyy"
CYRILLIC = ["be", "bg", "kk", "mk", "ru", "sr", "uk", "zxx"]
BATCHED = BatchIdentifier(read(MODEL_DIR / MODEL_FILE), {ALL: LIBRARY.labels, "Cyrl": CYRILLIC})
ODD = ["", " ", "123", "ALL CAPITALS HERE", "a" * 5000, "\ud800", "e\u0301te\u0301", "\0\0", "😀"]


def assert_equal_answers(texts: list[str]) -> None:
    for text, (label, probability) in zip(texts, BATCHED.classify(texts, [ALL] * len(texts)), strict=True):
        expected, confidence = LIBRARY.classify(text)
        assert label == expected, text
        assert probability == pytest.approx(confidence, abs=1e-4)


def test_sentences_fragments_and_odd_texts_in_one_batch() -> None:
    fragments = [text[n : n + size] for text in SENTENCES.values() for n in range(0, 40, 7) for size in (5, 20)]
    assert_equal_answers([*SENTENCES.values(), *fragments * 3, *ODD])


def test_no_texts() -> None:
    assert BATCHED.classify([], []) == []


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=80), max_size=5))
def test_any_text(texts: list[str]) -> None:
    for text, (label, probability) in zip(texts, BATCHED.classify(texts, [ALL] * len(texts)), strict=True):
        ranking = dict(LIBRARY.rank(text))
        assert ranking[label] == pytest.approx(max(ranking.values()), abs=1e-4)
        assert probability == pytest.approx(ranking[label], abs=1e-4)


def test_candidates_are_the_languages_that_the_library_is_restricted_to() -> None:
    restricted = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    restricted.set_languages(CYRILLIC)
    texts = [*SENTENCES.values(), *ODD]
    for text, (label, probability) in zip(texts, BATCHED.classify(texts, ["Cyrl"] * len(texts)), strict=True):
        ranking = dict(restricted.rank(text))
        assert probability == pytest.approx(max(ranking.values()), abs=1e-4)
        assert ranking[label] == pytest.approx(probability, abs=1e-4)
