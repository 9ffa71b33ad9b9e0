import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from interlingua.retrieval.text.normalise import normalise
from text_samples import SAMPLES, joined

# Any code point, unpaired surrogates included, and often the ones that normalisation is about.
SPECIAL = (
    "\r\n\t \x00\x85\xa0\xad\u061c\u0301\u0940\u200b\u200c\u200d\u200e\u2028\u2060\u3000\ufb50\ufdfa\ufe70\ufefb\ufeff"
)
ANY_TEXT = st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from(SPECIAL + "\U0001f3f4\U000e0067")))

SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@given(ANY_TEXT)
@example("\r\u200b\n\ud83d\ude00\ud800")
@example("\U0001f3f4\U000e0067\U000e0001\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f")
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(ANY_TEXT)
def test_the_result_can_be_stored_and_has_no_invisible_controls(text: str) -> None:
    result = normalise(text)
    result.encode("utf-8")
    assert not set(result) & set("\x00\r\x85\xa0\xad\u061c\u200b\u200e\u200f\u2028\u2029\u202e\u2060\u2066\ufeff\u3000")
    assert "  " not in result
    assert " \n" not in result
    assert "\n\n\n" not in result
    assert result == result.strip()
    assert unicodedata.is_normalized("NFC", result)


@pytest.mark.parametrize("tag", SAMPLES)
def test_clean_text_stays_as_it_is(tag: str) -> None:
    text = unicodedata.normalize("NFC", joined(tag))
    assert normalise(text) == text


@pytest.mark.parametrize("tag", ["yo", "hi", "bn", "ja", "ko", "el", "de"])
def test_composed_and_decomposed_text_become_the_same(tag: str) -> None:
    decomposed = unicodedata.normalize("NFD", joined(tag))
    assert decomposed != unicodedata.normalize("NFC", joined(tag)) or tag in ("hi", "bn")
    assert normalise(decomposed) == normalise(joined(tag))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),  # ZWNJ is part of the Persian word
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("ab\u00adcd", "abcd"),
        ("\ufeffabc\u200e\u202edef\u2069", "abcdef"),
        ("សេរី\u200bភាព", "សេរីភាព"),
        ("12\u202f000\xa0€", "12 000 €"),
        ("東京\u3000大阪", "東京 大阪"),
        ("a\r\nb\rc\x0cd\u2028e", "a\nb\nc\nd\ne"),
        ("a \t\n \n\n\nb", "a\n\nb"),
        ("a\t b", "a\tb"),
        ("a\x00b\x1bc\x9fd", "abcd"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("ﻣﺮﺣﺒﺎ", "مرحبا"),  # shaped letters from a PDF
        ("ﷲ", "الله"),
        ("ﷺ ﴾ ﴿ ﷽", "ﷺ ﴾ ﴿ ﷽"),
        ("x² ½ ㈱ ｱ", "x² ½ ㈱ ｱ"),
        ("abc\U000e0069\U000e0067\U000e006e", "abc"),  # invisible tag characters
        (SCOTLAND, SCOTLAND),
    ],
)  # fmt: skip
def test_what_is_kept_and_what_is_not(raw: str, clean: str) -> None:
    assert normalise(raw) == clean


def test_long_runs_of_blanks_take_time_by_their_length() -> None:
    assert normalise("a\t" + " " * 3_000_000 + "b" + " " * 3_000_000 + "c") == "a\tb c"
