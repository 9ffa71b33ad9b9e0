"""Where a text may be cut, and how good each place is: headings, paragraphs, lines, sentences, and finer ones.

ICU's root rules are the only ones that find sentences in every script (precision .7-.99 in ten languages);
its dictionaries find the words of Thai, Lao, Khmer, Burmese, Chinese and Japanese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from icu4py.breakers import BaseBreaker, CharacterBreaker, LineBreaker, SentenceBreaker, WordBreaker
from numpy.typing import NDArray

from .scripts import code_points

Ints = NDArray[np.int64]

AFTER_HEADING, CODE_POINT, GRAPHEME, WORD, PHRASE, CLAUSE, SENTENCE, LINE, PARAGRAPH, HEADING = range(10)
"""How good a cut is, worst first: a heading belongs to the text after it, so right after one is the worst place."""

_HEADING = re.compile(r"^ ?(#{1,6} [^\n]*)", re.MULTILINE)
# A line break inside a sentence: a full line without a closing mark, then a letter (no list mark, row or heading).
_WRAPPED = re.compile(r"\n(?<=[^\n\t|]{40}\n)(?<![.!?…:;。！？।؟։።]\n)(?=[^\W\d_])")
# Ethiopic text also ends sentences with two word spaces; ICU knows the full stop only (recall .01 without this).
_ETHIOPIC_END = ("\u1361\u1361", "\u1361\u1362")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_CLAUSE_MARKS = code_points(",;:)]}»”、，；：）」』】،؛—–\n·፣፤၊។")
# The Stream-Safe Text Format of UAX #15 allows 30 marks on a letter; no writing system comes near.
_LONGEST_GRAPHEME = 32
_BLANKS = np.zeros(0x3002, dtype=np.bool_)
_BLANKS[[char for char in range(0x3001) if chr(char).isspace()]] = True


@dataclass(frozen=True, slots=True)
class Layout:
    """A text and its whitespace; offsets are code points.

    `points`: its code points, shape (n,). `blank`: which are whitespace, shape (n,). `solid`: for each offset 0..n the
    index of the last character before it that is not whitespace, -1 for none, shape (n + 1,).
    """

    text: str
    points: NDArray[np.uint32]
    blank: NDArray[np.bool_]
    solid: Ints


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Offsets at which the text may be cut, ascending, with how good each is; first and last enclose the text."""

    offsets: Ints
    levels: Ints


def layout(text: str) -> Layout:
    """The layout of `text`; unpaired surrogates, which ICU and tokenizers refuse, are replaced by U+FFFD."""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    points = code_points(text)
    blank = _BLANKS[np.minimum(points, _BLANKS.size - 1)]
    indices = np.where(blank, -1, np.arange(points.size, dtype=np.int64))
    solid = np.maximum.accumulate(np.concatenate([np.array([-1], dtype=np.int64), indices]))
    return Layout(text, points, blank, solid)


def sentences(page: Layout) -> Boundaries:
    """Sentence starts and better places, each at the first character that is not whitespace."""
    text = _WRAPPED.sub(" ", page.text).replace(*_ETHIOPIC_END)
    inner = breaks(SentenceBreaker, text)
    inner = inner[:-1][~page.blank[inner[:-1]]] if inner.size else inner
    first = page.solid.size - 1 if page.blank.all() else int(np.argmin(page.blank))
    # A full stop inside an abbreviation (U.S.A, યુ.એસ.નો) ends no sentence.
    stuck = ~page.blank[inner - 1] & (page.points[inner - 1] == ord("."))
    inner = inner[(inner > first) & ~stuck]
    newlines = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(page.points == 10)])
    between = newlines[inner] - newlines[page.solid[inner] + 1]
    levels = SENTENCE + np.minimum(between, 2)
    if "# " in page.text:
        _mark_headings(page.text, inner, levels)
    return Boundaries(
        np.concatenate([[first], inner, [page.points.size]]).astype(np.int64),
        np.concatenate([[HEADING], levels, [HEADING]]).astype(np.int64),
    )


def _mark_headings(text: str, offsets: Ints, levels: Ints) -> None:
    for match in _HEADING.finditer(text):
        begin, after = np.searchsorted(offsets, match.span(1))
        if begin < offsets.size and offsets[begin] == match.start(1):
            if levels[begin] != AFTER_HEADING:  # a heading right under a heading stays with it
                levels[begin] = HEADING
            begin += 1
        levels[begin : after + 1] = AFTER_HEADING


def refine(page: Layout, bounds: Boundaries, over: NDArray[np.bool_], step: int) -> Boundaries:
    """`bounds` with finer places inside the units marked in `over`, shape (units,); `step` 0 to 3 is ever finer.

    Step 0 cuts where a line may be wrapped and a word ends, step 1 at every word, step 2 at every grapheme.
    Step 3 cuts at every code point, but only in what is longer than any grapheme of real text (32 code points).
    """
    offsets, levels = [bounds.offsets], [bounds.levels]
    for unit in np.flatnonzero(over):
        start, end = int(bounds.offsets[unit]), int(bounds.offsets[unit + 1])
        inner = start + _inner(page.text[start:end], step)
        inner = inner[~page.blank[inner]]
        offsets.append(inner)
        levels.append(_fine_levels(page, inner, step))
    joined = np.concatenate(offsets)
    order = np.argsort(joined, kind="stable")
    return Boundaries(joined[order], np.concatenate(levels)[order])


def _inner(text: str, step: int) -> Ints:
    if step == 3:
        return np.arange(1, len(text) if len(text) > _LONGEST_GRAPHEME else 1, dtype=np.int64)
    if step == 2:
        return breaks(CharacterBreaker, text)[:-1]
    words = breaks(WordBreaker, text)[:-1]
    if step == 1:
        return words
    # Line rules alone would cut Chinese and Japanese inside a word.
    return np.intersect1d(breaks(LineBreaker, text)[:-1], words, assume_unique=True)


def _fine_levels(page: Layout, offsets: Ints, step: int) -> Ints:
    if step > 0:
        return np.full(offsets.size, (WORD, GRAPHEME, CODE_POINT)[step - 1], dtype=np.int64)
    before = np.where(page.points[offsets - 1] == 10, offsets - 1, page.solid[offsets])
    return np.where(np.isin(page.points[before], _CLAUSE_MARKS), CLAUSE, PHRASE).astype(np.int64)


def breaks(breaker: type[BaseBreaker], text: str) -> Ints:
    """Ends of the segments of `text`, in code points; the last is the end of the text."""
    ends = np.fromiter((end for _, end in breaker(text, "und").segments()), dtype=np.int64)
    if text.isascii() or not _ASTRAL.search(text):
        return ends
    # ICU counts UTF-16 units, in which a character beyond U+FFFF is two.
    units = np.cumsum(1 + (code_points(text) > 0xFFFF).astype(np.int64))
    return np.searchsorted(units, ends).astype(np.int64) + 1
