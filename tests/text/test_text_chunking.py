from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import tokenizers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icu4py.breakers import CharacterBreaker, WordBreaker
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.text.chunking import chunk_spans
from numpy.typing import NDArray
from text_samples import SAMPLES, joined


class Unigram:
    """A real subword tokenizer, trained on the sample sentences."""

    def __init__(self) -> None:
        self.inner = tokenizers.Tokenizer(tokenizers.models.Unigram())
        self.inner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
        trainer = tokenizers.trainers.UnigramTrainer(
            vocab_size=1500, unk_token="<unk>", special_tokens=["<unk>"], max_piece_length=6, show_progress=False
        )
        self.inner.train_from_iterator([joined(tag) for tag in SAMPLES], trainer)

    def token_starts(self, text: str) -> NDArray[np.int64]:
        return np.array([start for start, _ in self.inner.encode(text).offsets], dtype=np.int64)

    def count(self, text: str) -> int:
        return len(self.token_starts(text))


@cache
def unigram() -> Unigram:
    return Unigram()


def cut(text: str, max_tokens: int = 40, overlap: int = 0, *, estimate: bool = False) -> list[str]:
    tokenizer = None if estimate else unigram()
    spans = chunk_spans(text, max_tokens=max_tokens, tokenizer=tokenizer, overlap_sentences=overlap)
    return [text[start:end] for start, end in spans]


PIECES = st.one_of(
    st.sampled_from([sentence for sentences in SAMPLES.values() for sentence in sentences]),
    st.sampled_from(
        [
            "\n",
            "\n\n",
            "# Title\n",
            "- item\n",
            "| a | b |\n",
            "👨‍👩‍👧‍👦",
            "e\u0301\u0323",
            "፡፡",
            "a" * 70,
            "한글",
            "1, 2; 3.",
        ]
    ),
    st.text(max_size=12),
)
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "\n\n"])), max_size=25).map(
    lambda parts: "".join(piece + between for piece, between in parts)
)


@settings(max_examples=150)
@given(TEXTS, st.sampled_from([8, 20, 60]), st.sampled_from([0, 0, 1, 3]), st.booleans())
@example("\ud800" * 50, 8, 0, False)
@example(" \u0301" * 50, 8, 0, True)
def test_spans_are_ordered_stripped_and_cover_every_character(
    text: str, max_tokens: int, overlap: int, estimate: bool
) -> None:
    tokenizer = None if estimate else unigram()
    spans = chunk_spans(text, max_tokens=max_tokens, tokenizer=tokenizer, overlap_sentences=overlap)
    covered: set[int] = set()
    for start, end in spans:
        assert text[start:end]
        assert text[start:end] == text[start:end].strip()
        covered.update(range(start, end))
    assert all(index in covered for index, char in enumerate(text) if not char.isspace())
    assert [start for start, _ in spans] == sorted({start for start, _ in spans})
    assert [end for _, end in spans] == sorted({end for _, end in spans})
    if overlap == 0:
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@settings(max_examples=150)
@given(TEXTS.filter(str.isprintable), st.sampled_from([8, 20]))
def test_no_cut_falls_inside_a_grapheme(text: str, max_tokens: int) -> None:
    sizes = [len(segment) for segment in CharacterBreaker(text, "und")]
    edges = {0, *np.cumsum(sizes).tolist()}
    for start, end in chunk_spans(text, max_tokens=max_tokens, tokenizer=unigram()):
        assert start in edges or text[start - 1].isspace()
        assert end in edges or text[end].isspace()


@pytest.mark.parametrize("tag", SAMPLES)
def test_chunks_are_whole_sentences_within_the_budget(tag: str) -> None:
    text = joined(tag, times=12)
    chunks = cut(text, 48)
    assert len(chunks) > 2
    assert all(unigram().count(chunk) + 2 <= 48 for chunk in chunks)
    if tag != "th":  # Thai marks no sentence ends
        assert {chunk[-5:] for chunk in chunks} <= {sentence[-5:] for sentence in SAMPLES[tag]}


@pytest.mark.parametrize("tag", SAMPLES)
def test_a_sentence_over_the_budget_is_cut_between_words(tag: str) -> None:
    text = joined(tag, times=8).translate({ord(mark): "" for mark in ".。།։။។"})
    edges = {0, *np.cumsum([len(word) for word in WordBreaker(text, "und")]).tolist()}
    spans = chunk_spans(text, max_tokens=16, tokenizer=unigram())
    assert len(spans) > 5
    assert all(start in edges and end in edges for start, end in spans)


def test_a_text_within_the_budget_is_one_chunk() -> None:
    assert chunk_spans("  Hello there.\n", max_tokens=64, tokenizer=unigram()) == [(2, 14)]
    assert chunk_spans(" \n\n ", max_tokens=64, tokenizer=None) == []
    assert chunk_spans("", max_tokens=64, tokenizer=None) == []


def test_offsets_are_code_points_after_characters_beyond_the_basic_plane() -> None:
    text = "😀😀😀 " + " ".join(f"𠮷野家 number {n} is open. 🎉" for n in range(40))
    chunks = cut(text, 30)
    assert "".join("".join(chunks).split()) == "".join(text.split())
    assert all(chunk.startswith(("😀", "𠮷", "🎉")) for chunk in chunks)


def test_two_ethiopic_word_spaces_end_a_sentence() -> None:
    sentence = "የሰው፡ልጅ፡ሁሉ፡ነጻ፡ሆኖ፡ይወለዳል፡፡"
    assert all(chunk.endswith("፡፡") for chunk in cut(" ".join([sentence] * 12), 40))


def test_a_heading_stays_with_the_text_below_it() -> None:
    section = "## Fahrplan\n\n### Abfahrt\n\nDer Zug fährt um zwölf Uhr ab. Wir freuen uns sehr."
    chunks = cut("\n\n".join([section] * 10), 70)
    assert len(chunks) > 5
    assert all(chunk.startswith("## Fahrplan\n\n### Abfahrt\n\nDer Zug") for chunk in chunks)


def test_rows_and_list_items_stay_whole() -> None:
    rows = "\n".join(f"| row {n} | Der Zug fährt ab. Wir freuen uns. |" for n in range(30))
    items = "\n".join(f"- item {n}: Der Zug fährt ab. Wir freuen uns sehr darauf" for n in range(30))
    assert all(chunk.startswith("| row") and chunk.endswith("|") for chunk in cut(rows, 60))
    assert all(chunk.startswith("- item") and chunk.endswith("darauf") for chunk in cut(items, 60))


def test_wrapped_lines_are_one_sentence() -> None:
    paragraph = "Alle Menschen sind frei und gleich an Würde\nund Rechten geboren und sollen einander begegnen."
    assert all(chunk.endswith("begegnen.") for chunk in cut(" ".join([paragraph] * 12), 80))


def test_an_abbreviation_with_points_is_not_cut() -> None:
    text = "Die U.S.A.F.-Basis liegt im Norden. " * 20
    assert all(chunk.startswith("Die") and chunk.endswith("Norden.") for chunk in cut(text, 40))


def test_overlap_repeats_whole_sentences() -> None:
    sentences = [f"Der Zug Nummer {n} fährt um zwölf Uhr ab." for n in range(40)]
    chunks = cut(" ".join(sentences), 80, overlap=1)
    for before, after in pairwise(chunks):
        first = after[: after.index(".") + 1]
        assert first in sentences
        assert before.endswith(first)
    assert all(unigram().count(chunk) + 2 <= 80 for chunk in chunks)


def test_the_last_chunk_is_more_than_a_few_words() -> None:
    for times in range(12, 40):
        chunks = cut(joined("de", times=times), 80)
        assert unigram().count(chunks[-1]) > 15


def test_the_estimate_keeps_chunks_within_the_order_of_the_budget() -> None:
    for tag in SAMPLES:
        chunks = cut(joined(tag, times=20), 64, estimate=True)
        assert len(chunks) > 1
        assert max(map(len, chunks)) <= 64 * 4


@pytest.mark.parametrize(
    "text", ["a" * 300_000, "ᓄᓇᕗᑦ" * 60_000, "word and word " * 25_000, "Kurz.\n\n" * 60_000, "# H\n\n" * 30_000]
)
def test_a_text_of_many_windows_is_cut_to_the_same_measure_throughout(text: str) -> None:
    spans = chunk_spans(text, max_tokens=64, tokenizer=unigram())
    lengths = [end - start for start, end in spans]
    assert sum(lengths) > 0.6 * len(text)
    assert max(lengths) <= 64 * 12
    assert min(lengths[:-1]) > 0.4 * max(lengths)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text.rstrip())


@pytest.mark.parametrize("mark", ["\u0301", "\u200d👩", "\u0f71"])
def test_a_grapheme_over_the_budget_is_cut_all_the_same(mark: str) -> None:
    text = "Kurz und gut. e" + mark * 150_000 + " Ende."
    for tokenizer in (unigram(), None):
        spans = chunk_spans(text, max_tokens=64, tokenizer=tokenizer)
        assert max(end - start for start, end in spans) <= 64 * 12
        joined_again = "".join("".join(text[start:end] for start, end in spans).split())
        assert joined_again == "".join(text.split()), "a character is lost or held twice"


def test_a_family_is_not_parted_even_by_the_smallest_budget() -> None:
    family = "👨‍👩‍👧‍👦"
    assert {chunk.replace(family, "") for chunk in cut(family * 40, 8, estimate=True)} == {""}


def test_windows_do_not_show() -> None:
    text = "\n\n".join(joined("de") for _ in range(4_000))
    assert len(text) > 300_000
    chunks = cut(text, 80)
    assert all(chunk.startswith("Alle Menschen") and chunk.endswith("sehr.") for chunk in chunks)


def test_a_budget_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_tokens is 7"):
        chunk_spans("Hello", max_tokens=7, tokenizer=None)
