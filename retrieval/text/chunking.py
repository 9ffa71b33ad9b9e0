"""Cut a text into chunks that fit the embedder: whole sentences, whole paragraphs where they fit, never half a word."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..protocols import Tokenizer
from .boundaries import AFTER_HEADING, HEADING, SENTENCE, Boundaries, Ints, Layout, layout, refine, sentences
from .tokens import estimate_starts

_LEAST_TOKENS = 8
# Two special tokens, and one at each end: a chunk cut out of its text may gain a word-start mark, or half a token.
_RESERVED = 4
# A tokenizer can make one unknown token of a page in a script it never saw; ordinary text has 3-6 letters to a token.
_LETTERS_PER_TOKEN = 12
# ICU and the tokenizer see this much at once, so that memory does not grow with the text.
_WINDOW, _LARGEST_WINDOW = 100_000, 1_000_000


@dataclass(frozen=True, slots=True)
class _Units:
    """Places to cut, with the tokens before each; lists, since packing reads them one by one."""

    offsets: list[int]
    tokens: list[int]
    levels: list[int]
    budget: int

    def fits(self, start: int, tokens: int) -> int:
        """The last place such that what lies between it and place `start` has at most `tokens` tokens."""
        by_tokens = bisect_right(self.tokens, self.tokens[start] + tokens, lo=start)
        by_letters = bisect_right(self.offsets, self.offsets[start] + tokens * _LETTERS_PER_TOKEN, lo=start)
        return min(by_tokens, by_letters) - 1


def chunk_spans(
    text: str, *, max_tokens: int, tokenizer: Tokenizer | None, overlap_sentences: int = 0
) -> list[tuple[int, int]]:
    """Spans (start, end) of the chunks of `text`, in code points, ascending; none for a text of blanks only.

    A chunk has at most `max_tokens` tokens, two special ones included, by `tokenizer` or else by a cautious estimate.
    Every character but whitespace is in a chunk; without overlap, in exactly one. With `overlap_sentences` a chunk
    repeats up to that many sentences of the one before, as long as they fill no more than half of it. Cuts fall on
    the best place in the second half of the budget: heading, paragraph, line, sentence, and only for a sentence over
    the budget clause, word or grapheme; within a grapheme only if it has more than 32 code points, as in no real text.
    Raises ConfigurationError when `max_tokens` is below 8.
    """
    if max_tokens < _LEAST_TOKENS:
        raise ConfigurationError(f"max_tokens is {max_tokens}; a chunk needs at least {_LEAST_TOKENS} tokens.")
    if _surely_fits(text, max_tokens):
        stripped = text.strip()
        start = text.find(stripped)
        return [(start, start + len(stripped))] if stripped else []
    spans: list[tuple[int, int]] = []
    position, size = 0, max(_WINDOW, 32 * max_tokens)
    while position < len(text):
        window = text[position : position + size]
        last = position + size >= len(text)
        covered = spans[-1][1] - position if spans else 0
        found = _cut(window, max_tokens, tokenizer, overlap_sentences, covered, last)
        if not last and len(found) == 1 and size < _LARGEST_WINDOW:
            size *= 2
            continue
        # The last chunk of a window may go on behind it: the next window begins where that chunk does.
        cut_off = not last and len(found) > 1
        spans += ((position + start, position + end) for start, end in (found[:-1] if cut_off else found))
        position += found[-1][0] if cut_off else len(window)
        size = max(_WINDOW, 32 * max_tokens)
    return spans


def _surely_fits(text: str, max_tokens: int) -> bool:
    # No tokenizer makes more than a token per byte.
    if len(text) + 2 > max_tokens:
        return False
    return text.isascii() or len(text.encode("utf-8", "replace")) + 2 <= max_tokens


def _cut(
    window: str, max_tokens: int, tokenizer: Tokenizer | None, overlap: int, covered: int, last: bool
) -> list[tuple[int, int]]:
    page = layout(window)
    if page.blank.all():
        return []
    units = _units(page, max_tokens - _RESERVED, tokenizer)
    places = _pack(units, overlap, covered, last)
    return [(units.offsets[start], int(page.solid[units.offsets[end]]) + 1) for start, end in places]


def _units(page: Layout, budget: int, tokenizer: Tokenizer | None) -> _Units:
    starts = estimate_starts(page.points) if tokenizer is None else tokenizer.token_starts(page.text)
    bounds = sentences(page)
    for step in range(4):
        over = _over(bounds, starts, budget)
        if not over.any():
            break
        bounds = refine(page, bounds, over, step)
    tokens = np.searchsorted(starts, bounds.offsets)
    return _Units(bounds.offsets.tolist(), tokens.tolist(), bounds.levels.tolist(), budget)


def _over(bounds: Boundaries, starts: Ints, budget: int) -> NDArray[np.bool_]:
    too_many = np.diff(np.searchsorted(starts, bounds.offsets)) > budget
    too_long = np.diff(bounds.offsets) > budget * _LETTERS_PER_TOKEN
    return too_many | too_long


def _pack(units: _Units, overlap: int, covered: int, last: bool) -> list[tuple[int, int]]:
    """Places (start, end) of the chunks; `covered`: the offset up to which an earlier chunk holds the text."""
    chunks: list[tuple[int, int]] = []
    final = len(units.offsets) - 1
    done = max(0, bisect_right(units.offsets, covered) - 1)
    start = 0
    while done < final:
        end = _end(units, start, done, final, last)
        if end <= done:  # the repeated sentences leave no room for the next unit
            start = done
            end = max(_end(units, start, done, final, last), done + 1)
        chunks.append((start, end))
        start = _start(units, start, end, overlap)
        done = end
    return chunks


def _end(units: _Units, start: int, done: int, final: int, last: bool) -> int:
    """The best place to end the chunk that begins at `start`; `done` or less when nothing new fits."""
    room = units.budget
    rest = units.tokens[final] - units.tokens[start]
    if last and room < rest < room * 5 // 4:
        # Leave the last chunk more than a few words, unless that parts a heading from its text.
        end = _best(units, start, done, rest - room // 4)
        if end > done and units.levels[end] != AFTER_HEADING:
            return end
    return final if units.fits(start, room) >= final else _best(units, start, done, room)


def _best(units: _Units, start: int, done: int, room: int) -> int:
    """The best place at most `room` tokens behind `start`, in the second half if there is a good one there."""
    end = units.fits(start, room)
    if end <= done:
        return end
    levels = units.levels
    half = bisect_left(units.tokens, units.tokens[start] + room // 2, lo=done + 1, hi=end)
    best = max(range(half, end + 1), key=lambda place: (levels[place], place))
    if levels[best] > AFTER_HEADING:
        return best
    return next((place for place in range(end, done, -1) if levels[place] > AFTER_HEADING), end)


def _start(units: _Units, start: int, end: int, overlap: int) -> int:
    """Where the chunk after the one from `start` to `end` begins: at `end`, or up to `overlap` sentences before."""
    found = end
    if units.levels[end] == HEADING:  # what another section said last is no context
        return found
    for place in range(end - 1, start, -1):
        if overlap == 0 or units.tokens[end] - units.tokens[place] > units.budget // 2:
            break
        if units.levels[place] >= SENTENCE:
            found, overlap = place, overlap - 1
    return found
