"""Text files in legacy encodings are read as their authors wrote them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from file_samples import SAMPLES
from reading_helpers import nfc, read_one, reason_of

CASES = [
    ("ja", "shift_jis"),
    ("ja", "euc_jp"),
    ("ja", "iso2022_jp"),
    ("ko", "euc_kr"),
    ("zh-Hant", "big5"),
    ("zh-Hans", "gb18030"),
    ("zh-Hans", "gb2312"),
    ("ru", "cp1251"),
    ("ru", "koi8_r"),
    ("ar", "cp1256"),
    ("he", "cp1255"),
    ("th", "cp874"),
    ("th", "tis_620"),
    ("de", "iso8859_1"),
    ("de", "cp1252"),
    ("el", "iso8859_7"),
    ("ja", "utf_16"),
    ("zh-Hans", "utf_16_le"),
    ("ru", "utf_16_be"),
    ("de", "utf_16_le"),
    ("am", "utf_32"),
    ("hi", "utf_8_sig"),
]


@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_a_text_in_a_legacy_encoding_is_read(language: str, encoding: str, tmp_path: Path) -> None:
    title, paragraphs = SAMPLES[language]
    text = "\n".join([title, *paragraphs, *reversed(paragraphs)])
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    document = read_one(tmp_path / "a.txt")
    assert document.text == text
    assert ("encoding" in document.metadata) == (encoding != "utf_8_sig")


def test_vietnamese_in_windows_1258_is_read(tmp_path: Path) -> None:
    # The code page writes tone marks as characters of their own: "ấ" is "â" and an acute.
    text = "\n".join(SAMPLES["vi"][1])
    decomposed = "".join(_windows_1258(character) for character in text)
    (tmp_path / "a.txt").write_bytes((decomposed * 3).encode("cp1258"))
    assert nfc(read_one(tmp_path / "a.txt").text) == text * 3


def _windows_1258(character: str) -> str:
    import unicodedata

    try:
        character.encode("cp1258")
    except UnicodeEncodeError:
        base, tone = unicodedata.normalize("NFD", character)[:-1], unicodedata.normalize("NFD", character)[-1]
        if tone not in "\u0300\u0301\u0303\u0309\u0323":  # the tone stands before the circumflex in NFD of "ậ"
            base, tone = base[0] + tone, base[1]
        return unicodedata.normalize("NFC", base) + tone
    return character


def test_a_text_whose_first_letters_are_ascii_is_detected_by_what_follows(tmp_path: Path) -> None:
    text = "plain ascii " * 20_000 + SAMPLES["ru"][1][0] * 3
    (tmp_path / "a.txt").write_bytes(text.encode("cp1251"))
    assert read_one(tmp_path / "a.txt").text == text


def test_a_few_damaged_bytes_are_counted_and_many_are_refused(tmp_path: Path) -> None:
    text = SAMPLES["ru"][1][0].encode() * 20
    (tmp_path / "few.txt").write_bytes(text + b"\xff\xfe." + text)
    document = read_one(tmp_path / "few.txt")
    assert document.metadata["decoding_errors"] == 2
    assert document.text.count("\ufffd") == 2
    (tmp_path / "many.txt").write_bytes(random.Random(1).randbytes(4000))
    assert "binary" in reason_of(tmp_path / "many.txt")


@pytest.mark.parametrize(
    ("declared", "encoding", "language"),
    [
        ("windows-1251", "cp1251", "ru"),
        ("iso-8859-1", "cp1251", "ru"),
        ("utf-8", "shift_jis", "ja"),
        ("iso-8859-1", "euc_kr", "ko"),
        ("shift_jis", "utf_8", "ja"),
        ("iso-2022-jp", "iso2022_jp", "ja"),
        ("no-such-charset", "gb18030", "zh-Hans"),
    ],
)
def test_html_is_read_whatever_charset_it_declares(declared: str, encoding: str, language: str, tmp_path: Path) -> None:
    paragraphs = SAMPLES[language][1]
    source = f"<html><head><meta http-equiv=content-type content='text/html; charset={declared}'></head><body>"
    source += "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    (tmp_path / "a.html").write_bytes(source.encode(encoding))
    assert read_one(tmp_path / "a.html").text == "\n\n".join(paragraphs)


@pytest.mark.parametrize(("language", "encoding"), [("ja", "shift_jis"), ("ru", "cp1251"), ("ko", "utf_16")])
@pytest.mark.parametrize("extension", ["csv", "jsonl", "json"])
def test_a_table_in_a_legacy_encoding_is_read(language: str, encoding: str, extension: str, tmp_path: Path) -> None:
    text = " ".join(SAMPLES[language][1])
    source = {"csv": f'text\n"{text}"\n', "jsonl": f'{{"text": "{text}"}}\n', "json": f'[{{"text": "{text}"}}]'}
    (tmp_path / f"a.{extension}").write_bytes(source[extension].encode(encoding))
    assert read_one(tmp_path / f"a.{extension}").text == text
