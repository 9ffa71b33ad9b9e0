"""What in a passage answers a query: its words where it has them, and the sentence that is closest to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from icu4py.breakers import WordBreaker

from .text.boundaries import breaks, layout, sentences
from .text.normalise import normalise
from .types import Matrix

Span = tuple[int, int]
"""Start and end in a text, in code points."""

_FOLDED_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
_WORD = re.compile(r"\w")
_SHORT_CONTENT = re.compile(r"[\d\u30a1-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]")
"""Digits, katakana, Han and Hangul: one or two of them are a word that says something."""

_MOST_SENTENCES = 32
"""Of one passage that are embedded: a table or a list could have hundreds."""
_SHORTEST = 8
"""Characters of a sentence, without which it is taken together with the next: a number, a heading, an abbreviation."""


class Model(Protocol):
    """What embeds queries and passages: an `Embedder`, or the client of a server that has one."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_queries`."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_passages`."""
        ...


def highlight(query: str, text: str) -> tuple[Span, ...]:
    """Spans (start, end) of `text`, in code points, whose words occur in `query`; ascending, not overlapping.

    Words are compared after compatibility folding, without case, Latin accents, Arabic harakat and Hebrew niqqud. A
    query in another language matches nothing: empty. Words of one or two letters or hiragana (`to`, `de`, `في`, `の`)
    stand in nearly every text: they count between other words of the query alone, or in a query that has no others.
    """
    query = normalise(query)
    asked = _words(query)
    wanted = {word for _, _, word in asked}
    telling = {word for start, end, word in asked if not _is_particle(query[start:end], word)} or wanted
    spans: list[Span] = []
    between: list[Span] = []
    together = False
    for start, end, word in _words(text):
        if word in telling:
            spans += [*between, (start, end)]
            between, together = [], True
        elif word in wanted and together:
            between.append((start, end))
        else:
            between, together = [], False
    return tuple(spans)


def best_sentences(query: str, passages: Sequence[str], *, embedder: Model) -> list[Span | None]:
    """Of each passage the sentence whose vector is closest to the query's, in any language; the first of equal ones.

    None where a passage is one sentence. Short ones count with the next, and after the 32nd none are looked at. All
    are embedded in one call, which costs more than the search: some milliseconds a sentence with the bundled model.
    """
    spans = [_sentences(passage) for passage in passages]
    texts = [p[start:end] for p, own in zip(passages, spans, strict=True) if len(own) > 1 for start, end in own]
    if not texts:
        return [None] * len(passages)
    scores = np.round(embedder.embed_passages(texts) @ embedder.embed_queries([query])[0], 6)
    found: list[Span | None] = []
    done = 0
    for own in spans:
        if len(own) > 1:
            found.append(own[int(scores[done : done + len(own)].argmax())])
            done += len(own)
        else:
            found.append(None)
    return found


def _sentences(text: str) -> list[Span]:
    ends = sentences(layout(text)).offsets.tolist()
    spans: list[Span] = []
    begin = None
    for start, end in pairwise(ends):
        begin = start if begin is None else begin
        stripped = begin + len(text[begin:end].rstrip())
        if stripped - begin >= _SHORTEST or end == ends[-1]:
            spans.append((begin, stripped))
            begin = None
    return [(start, end) for start, end in spans if start < end][:_MOST_SENTENCES]


def _words(text: str) -> list[tuple[int, int, str]]:
    ends = breaks(WordBreaker, text).tolist()
    spans = zip([0, *ends], ends, strict=False)
    return [(start, end, _fold(text[start:end])) for start, end in spans if _WORD.search(text[start:end])]


def _is_particle(word: str, folded: str) -> bool:
    """Whether a word is as short as articles and particles are, and no abbreviation or number (EU, 5G)."""
    abbreviation = len(word) > 1 and word.isupper()
    return len(folded) <= 2 and not abbreviation and not _SHORT_CONTENT.search(folded)


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word).casefold()
    return unicodedata.normalize("NFC", _FOLDED_MARKS.sub("", decomposed))
