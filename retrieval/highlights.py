"""Where a query's words stand in a passage."""

from __future__ import annotations

import re
import unicodedata

from icu4py.breakers import WordBreaker

from .text.boundaries import breaks
from .text.normalise import normalise

_FOLDED_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
_WORD = re.compile(r"\w")


def highlight(query: str, text: str) -> tuple[tuple[int, int], ...]:
    """Spans (start, end) of `text`, in code points, whose words occur in `query`; ascending, not overlapping.

    Words are compared after compatibility folding, without case, Latin accents, Arabic harakat and Hebrew niqqud. A
    query in another language matches nothing: empty.
    """
    wanted = {word for _, _, word in _words(normalise(query))}
    return tuple((start, end) for start, end, word in _words(text) if word in wanted)


def _words(text: str) -> list[tuple[int, int, str]]:
    ends = breaks(WordBreaker, text).tolist()
    spans = zip([0, *ends], ends, strict=False)
    return [(start, end, _fold(text[start:end])) for start, end in spans if _WORD.search(text[start:end])]


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word).casefold()
    return unicodedata.normalize("NFC", _FOLDED_MARKS.sub("", decomposed))
