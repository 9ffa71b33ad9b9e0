"""Text of others becomes HTML that shows it, whatever is in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interlingua.ui.markup import block, direction, link, marked, name, printable, safe
from support import SENTENCES

OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


class _Reader(HTMLParser):
    """What a browser makes of HTML: its elements and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(max_size=200))
def test_any_text_is_shown_as_it_is_and_is_no_element(text: str) -> None:
    read = _Reader(name(text))
    assert read.elements == ["bdi"]
    assert read.text == printable(text)


@given(st.text(min_size=1, max_size=60), st.data())
def test_marks_do_not_change_the_text(text: str, data: st.DataObject) -> None:
    bounds = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(bounds[::2], bounds[1::2], strict=False))
    read = _Reader(marked(text, spans))
    assert read.text == printable(text)
    assert read.elements == ["mark"] * len(spans)


def test_nothing_changes_the_direction_of_what_follows() -> None:
    assert safe(f"a{OVERRIDES}b") == f"a{len(OVERRIDES) * chr(0xFFFD)}b"


def test_joiners_of_persian_and_hindi_stay() -> None:
    assert safe("می\u200cخواهم क्\u200dष") == "می\u200cخواهم क्\u200dष"


@pytest.mark.parametrize(
    ("tag", "runs"),
    [
        ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("ckb", "rtl"), ("dv", "rtl"), ("de", "ltr"), ("ja", "ltr"),
        ("zh-Hans", "ltr"), ("sr-Latn", "ltr"), ("pa-Arab", "rtl"), ("und", "auto"), ("tlh", "auto"),
    ],
)  # fmt: skip
def test_a_language_says_where_its_lines_begin(tag: str, runs: str) -> None:
    assert direction(tag) == runs


@pytest.mark.parametrize("tag", SENTENCES)
def test_a_passage_names_its_language_for_fonts_and_screen_readers(tag: str) -> None:
    assert f'lang="{tag}"' in block(SENTENCES[tag], tag)
    assert _Reader(block(SENTENCES[tag], tag)).text == SENTENCES[tag]


def test_empty_lines_are_left_out() -> None:
    assert ' lang=""' in block("?", "und")  # and not that of the page
    assert "one\ntwo" in block("\none\n \n\n two", "en").replace("\n ", "\n")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.example/x",
        "https://",
        "https://a.example/\u202egpj.exe",
        "http://[::1",
        "",
        None,
    ],
)
def test_only_addresses_of_the_web_are_links(url: str | None) -> None:
    assert link(url, "title") == name("title")


def test_an_address_of_the_web_is_a_link_that_tells_nobody_where_it_was() -> None:
    found = link('https://a.example/?q="<b>', "<title>")
    assert re.search(r'href="https://a\.example/\?q=&quot;&lt;b&gt;" rel="noopener noreferrer nofollow"', found)
    assert _Reader(found).elements == ["a", "bdi"]
