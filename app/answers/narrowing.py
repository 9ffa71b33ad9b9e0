"""From a passage to the sentence of it that a statement rests on, where one stands out.

With the bundled model and statements that translate one of six English sentences into 66 languages, for 68 % a sentence
is nearer than the next by `_APART`, and in 99.6 % of these it is the right one (without a margin, in 88 % of all).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ...retrieval.errors import EmbedderError
from ...retrieval.protocols import Embedder
from ...retrieval.text.boundaries import layout, sentences

logger = logging.getLogger(__name__)

_APART = 0.1  # of cosines
_CITED = re.compile(r"\[\d+\](?: ?\[\d+\])*")
_WORD = re.compile(r"\w")

Span = tuple[int, int]


def narrowed(text: str, passages: Mapping[int, str], embedder: Embedder) -> dict[int, Span]:
    """For each number that `text` cites the span of its passage, in code points, that the statements rest on.

    It goes from the first to the last sentence that a statement rests on, and is the whole passage where one of them
    has no clear sentence, or the embedder fails.
    """
    whole = {number: (0, len(passage)) for number, passage in passages.items()}
    spans = {number: _spans(passage) for number, passage in passages.items()}
    claims = [(claim, number) for claim, numbers in _claims(text) for number in numbers if len(spans[number]) > 1]
    if not claims:
        return whole
    pieces = [(number, span) for number in dict.fromkeys(number for _, number in claims) for span in spans[number]]
    try:
        queries = embedder.embed_queries([claim for claim, _ in claims])
        vectors = embedder.embed_passages([passages[number][slice(*span)] for number, span in pieces])
    except EmbedderError as error:
        logger.warning("The citations name whole passages, since their sentences could not be compared: %s", error)
        return whole
    chosen: dict[int, list[Span]] = {}
    for (_, number), query in zip(claims, queries, strict=True):
        own = [place for place, (of, _) in enumerate(pieces) if of == number]
        cosines = vectors[own] @ query
        second, best = np.sort(cosines)[-2:]
        clear = best - second >= _APART
        chosen.setdefault(number, []).append(pieces[own[int(cosines.argmax())]][1] if clear else whole[number])
    return whole | {
        number: (min(start for start, _ in found), max(end for _, end in found)) for number, found in chosen.items()
    }


def _claims(text: str) -> list[tuple[str, Sequence[int]]]:
    """What stands before each group of citations, back to the group before it, with the numbers of the group."""
    found: list[tuple[str, Sequence[int]]] = []
    end = 0
    for match in _CITED.finditer(text):
        claim = text[end : match.start()].strip()
        if not _WORD.search(claim):
            claim = found[-1][0] if found else ""
        if claim:
            found.append((claim, [int(number) for number in re.findall(r"\d+", match[0])]))
        end = match.end()
    return found


def _spans(passage: str) -> list[Span]:
    """The sentences of a passage, without the blanks around them."""
    offsets = sentences(layout(passage)).offsets.tolist()
    trimmed = [(start, start + len(passage[start:end].rstrip())) for start, end in pairwise(offsets)]
    return [(start, end) for start, end in trimmed if end > start]
