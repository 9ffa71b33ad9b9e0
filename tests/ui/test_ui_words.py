"""The interface says the same in all its languages."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import interlingua
import pytest

pytest.importorskip("streamlit", reason="needs the extra: pip install 'interlingua[ui]'")
from interlingua.retrieval.text.language import detect
from interlingua.ui import words

FOLDER = Path(interlingua.__file__).parent / "ui"


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_is_a_file_for_every_language() -> None:
    assert {path.stem for path in (FOLDER / "words").glob("*.toml")} == set(words.LANGUAGES)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_language_has_every_text_with_the_same_names(language: str) -> None:
    english, texts = words.texts("en"), words.texts(language)
    assert list(texts) == list(english)
    assert {key: _names(text) for key, text in texts.items()} == {key: _names(text) for key, text in english.items()}
    assert [key for key, text in texts.items() if not text.strip()] == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_file_is_in_its_language(language: str) -> None:
    texts = [text for key, text in words.texts(language).items() if key != "search.placeholder"]
    assert detect("\n".join(texts)).tag.partition("-")[0] == language


def test_every_text_is_used_and_every_use_has_a_text() -> None:
    code = "\n".join(path.read_text() for path in FOLDER.rglob("*.py"))
    used = set(re.findall(r"""["']((?:[a-z]+)\.[a-z_]+)["']""", code))
    for prefix, group in re.findall(r'f"([a-z]+)\.\{\w+\}"\)[\s\S]{0,60}? in \(([^)]*)\)', code):
        used |= {f"{prefix}.{name}" for name in re.findall(r'"(\w+)"', group)}
    used |= {f"page.{name}" for name in ("search", "ask", "documents", "corpus", "settings")}
    texts = set(words.texts("en"))
    assert texts - used == set()
    assert {key for key in used if key.partition(".")[0] in {text.partition(".")[0] for text in texts}} - texts == set()
