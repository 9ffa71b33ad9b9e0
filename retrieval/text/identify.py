"""Two language identifiers and how their answers are weighed; see `language` for the face of it.

On 20,000 sentences and as many 2-4-word windows: where they agree (96 % and 74 %), 99.6 % and 96.5 % are right. Where
they do not, py3langid is right in proportion to its own probability (.57 at .5-.6, .76 at .6-.7, .97 above .8 in
windows), CLD2 is not.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..machine import release
from .codes import known_tag
from .languages import LANGUAGES
from .scripts import SCRIPTS
from .statistical import BatchIdentifier, read

_NOT_LANGUAGE = "zxx"
_LOADING = threading.Lock()

# What only CLD2 knows, or what py3langid takes for a neighbour: sd for ps in 90 % of sentences, ti for am, bo for dz
# and wo for any in all of them.
_CLD2_ONLY = frozenset({"bo", "ckb", "dv", "mi", "nso", "ny", "sd", "ss", "ti", "tn", "ts", "ve", "wo", "yi"})

# A sentence that CLD2 calls reliably and wholly one of these, with at least this score, was nothing else in any of the
# 28,000 sentences (news and bitext) on which the scores were chosen; the two identifiers together are right in 99.6 %.
# What CLD2 mistakes it scores low, except among neighbours: id and ms, nb and da, cs and sk, hr, bs and sr, es and gl.
_ALWAYS = "am ar be bn ca ckb cy et fa fil ga he hu is kk lv mk ne ru sl sw uk ur zu"
_SCORED = "az de eu fi fr ha it la lt pl ro so sq sv tr vi"
_CLD2_SURE = dict.fromkeys(_ALWAYS.split(), 0) | dict.fromkeys(_SCORED.split(), 500) | {"en": 950, "hi": 550}
_HALF, _WHOLE = 50, 97

LONG = 40
"""Letters from which on a text is a sentence rather than a few words."""

# Sentences of 126 characters are told as well as this many; py3langid takes 1 ms per 1,000.
_ENOUGH = 600
_PIECES = 4

SURE = 0.95
"""Confidence from which on a language counts as told; without a prior, both identifiers found it then."""

_SURE_LONG, _SECOND = 0.99, 0.85
_LEAST = 0.5  # below it py3langid alone is wrong in every second text


@lru_cache(maxsize=1)
def _load() -> BatchIdentifier:
    from py3langid.langid import MODEL_DIR, MODEL_FILE

    model = read(MODEL_DIR / MODEL_FILE)
    release()
    candidates = {
        script: [label for label in model.labels if label == _NOT_LANGUAGE or _fits(_tag(label), script)]
        for script in SCRIPTS
    }
    return BatchIdentifier(model, candidates)


def _first(texts: Sequence[str], scripts: Sequence[str]) -> list[tuple[str, float]]:
    # The model takes a second to load: without the lock each thread of a pool would load its own.
    with _LOADING:
        identifier = _load()
    return identifier.classify(texts, scripts)


def spread(text: str, size: int) -> str:
    """At most about `size` characters of `text`, in four pieces evenly spread over it."""
    if len(text) <= size:
        return text
    piece = size // _PIECES
    step = (len(text) - piece) // (_PIECES - 1)
    return " ".join(text[start : start + piece] for start in range(0, step * _PIECES, step))


Second = tuple[str | None, int, float]
"""CLD2's language, its share of the text in percent (0 when CLD2 does not call it reliable), and its score."""


def _second(text: str, script: str) -> Second:
    """CLD2's best answer that is written in `script`."""
    import pycld2

    try:
        reliable, _, details = pycld2.detect(text, isPlainText=True, bestEffort=True)
    except pycld2.error:  # input it cannot read, such as an unassigned control character
        return None, 0, 0.0
    for _, code, percent, score in details:
        tag = _tag(code)
        if tag == "ku" and script == "Arab":
            tag = "ckb"  # CLD2's Kurdish in Arabic letters is Sorani
        if _fits(tag, script):
            return tag, percent if reliable else 0, float(score)
    return None, 0, 0.0


@lru_cache(maxsize=1024)
def _tag(code: str) -> str:
    if code == "no":
        return "nb"  # both mean Bokmål by it: Nynorsk has its own label
    return known_tag(code.partition("-")[0]) or code


def _fits(tag: str, script: str) -> bool:
    row = LANGUAGES.get(tag)
    return row is not None and script in row.scripts


@dataclass(frozen=True, slots=True)
class Question:
    """A text, the script it is written in (ISO 15924), its letters, and the language expected with its confidence."""

    text: str
    script: str
    letters: int
    prior: tuple[str, float] | None = None


Answer = tuple[str | None, float]
"""Base language and confidence; None and 0 when not sure."""


def identify(questions: Sequence[Question]) -> list[Answer]:
    """The language of each text, in order.

    Without a prior confidence is .95 or more when both identifiers agree, or when CLD2 finds a sentence wholly in a
    language that it does not mistake. A prior is the answer where CLD2 says so. In both cases py3langid, most of the
    time that this takes, is not asked.
    """
    seconds = [_second(question.text, question.script) for question in questions]
    answers = [_without_first(question, *second) for question, second in zip(questions, seconds, strict=True)]
    asked = [index for index, answer in enumerate(answers) if answer is None]
    if asked:
        texts = [spread(questions[index].text, _ENOUGH) for index in asked]
        firsts = _first(texts, [questions[index].script for index in asked])
        for index, (label, probability) in zip(asked, firsts, strict=True):
            answers[index] = _weigh(questions[index], _tag(label), probability, *seconds[index][:2])
    return [answer for answer in answers if answer is not None]


def _without_first(question: Question, second: str | None, percent: int, score: float) -> Answer | None:
    if question.prior is not None and second == question.prior[0]:
        return question.prior
    sure = percent >= _WHOLE and question.letters >= LONG and score >= _CLD2_SURE.get(second or "", math.inf)
    return (second, _SURE_LONG) if sure else None


def _weigh(question: Question, first: str, probability: float, second: str | None, percent: int) -> Answer:
    script, long = question.script, question.letters >= LONG
    if first == second:
        return first, _SURE_LONG if long else SURE
    if second in _CLD2_ONLY and percent >= _HALF and (long or script != "Latn"):
        return second, _SECOND
    if first == _NOT_LANGUAGE or probability < _LEAST:
        return None, 0.0
    return first, min(probability, _SECOND)
