"""Language identification: script first, then two identifiers whose agreement is the confidence.

py3langid and CLD2 agreeing are right in 99.6 % of sentences and 96.5 % of 2-4-word windows, either alone in 96-98 %
and 78-81 %. Detection is metadata: it never routes a text, and a query's detected language never filters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..types import UNDETERMINED
from .chinese import chinese_script, is_japanese
from .codes import base_language, canonical_tag, language_and_variants, matches, stored_tag
from .identify import SURE, Question, identify, spread
from .scripts import SCRIPTS, WEIGHTS, dominant_script, script_counts

__all__ = [
    "SURE",
    "Language",
    "base_language",
    "canonical_tag",
    "detect",
    "detect_batch",
    "language_and_variants",
    "matches",
    "stated",
]


@dataclass(frozen=True, slots=True)
class Language:
    """What a text is written in: BCP-47 `tag`, `confidence` in [0, 1], ISO 15924 `script` (`Zyyy`: no letters).

    `und` with confidence 0 is a text without letters, `und-Latn` and the like one whose language could not be told
    (too short, romanised, not a known language).
    """

    tag: str
    confidence: float
    script: str


_BATCH = 2000
# Spread over the text: a preface or a licence at its start is often in another language.
_SAMPLE = 4000
# CLD2 calls code and addresses English at .8-.97: without them a text of little else is left undetermined. The first
# class is a cheap test that most prose passes untouched.
_JUNK_HINT = re.compile(r"[0-9@/\\_{}<>=#$%^*|~`\[\]]|www\.")
# Every part is bounded or tried once per run of ASCII (after a tag, once more): any text takes time by its length.
_JUNK = re.compile(
    r"""(?:https?://|ftp://|www\.)\S+ | [^\s@]{1,64}@[^\s@.]{1,255}\.\S+ | <[^<>\n]{1,200}>
    | (?<![\x21-\x3d\x3f-\x7e]) [\x21-\x7e]*[0-9_{}<>=\#$%^*|~`\\/\[\]@][\x21-\x7e]*""",
    re.VERBOSE,
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]+")

# Scripts that one living language of any size is written in: its name is certain, and no identifier need be asked.
_ONE_LANGUAGE = {
    "Armn": "hy", "Cans": "iu", "Cher": "chr", "Geor": "ka", "Grek": "el", "Gujr": "gu", "Guru": "pa", "Hang": "ko",
    "Khmr": "km", "Knda": "kn", "Laoo": "lo", "Mlym": "ml", "Mong": "mn", "Mymr": "my", "Nkoo": "nqo", "Olck": "sat",
    "Orya": "or", "Sinh": "si", "Syrc": "syr", "Taml": "ta", "Telu": "te", "Tfng": "zgh", "Thaa": "dv", "Thai": "th",
    "Yiii": "ii",
}  # fmt: skip
_EAST_ASIAN = frozenset({"Hani", "Hira", "Kana", "Bopo"})
_CHINESE = {"zh": "Hans", "yue": "Hant"}  # and the script to assume where the text does not tell
_CERTAIN = 0.99
_LIKELY = 0.7
_HIRA, _KANA, _HANI, _BOPO = (SCRIPTS.index(name) for name in ("Hira", "Kana", "Hani", "Bopo"))
NO_LETTERS = Language(UNDETERMINED, 0.0, "Zyyy")


def detect(text: str) -> Language:
    """The language of `text`; thread safe, never raises."""
    return detect_batch([text])[0]


def detect_batch(texts: Sequence[str], *, priors: Sequence[Language | None] | None = None) -> list[Language]:
    """The language of each text, in order; equal texts are identified once.

    `priors` gives for each text the language expected, such as that of the document it comes from: where CLD2 agrees
    with it, it is taken with its confidence, which is five times as fast.
    """
    expected = [_expected(prior) for prior in priors] if priors is not None else [None] * len(texts)
    asked = list(zip(texts, expected, strict=True))
    distinct = list(dict.fromkeys(asked))
    found: dict[tuple[str, _Prior], Language] = {}
    for start in range(0, len(distinct), _BATCH):
        part = distinct[start : start + _BATCH]
        found.update(zip(part, _detect_part([(_prepare(text), prior) for text, prior in part]), strict=True))
    return [found[key] for key in asked]


_Prior = tuple[str, float] | None


def _expected(prior: Language | None) -> _Prior:
    if prior is None or base_language(prior.tag) == UNDETERMINED:
        return None
    return base_language(prior.tag), prior.confidence


def _prepare(text: str) -> str:
    text = _CONTROL.sub(" ", spread(text, _SAMPLE))
    return _JUNK.sub(" ", text) if _JUNK_HINT.search(text) else text


def _detect_part(texts: list[tuple[str, _Prior]]) -> list[Language]:
    counts = script_counts([text for text, _ in texts])
    weighted = counts * WEIGHTS
    # Kana, ideographs and bopomofo are one system of writing: they count together.
    weighted[:, _HANI] += weighted[:, _HIRA] + weighted[:, _KANA] + weighted[:, _BOPO]
    weighted[:, [_HIRA, _KANA, _BOPO]] = 0
    scripts = [SCRIPTS[index] for index in weighted.argmax(axis=1).tolist()]
    letters = counts.sum(axis=1).tolist()
    kana = (counts[:, _HIRA] + counts[:, _KANA]).tolist()
    found = [_by_script(text, *known) for (text, _), *known in zip(texts, scripts, letters, kana, strict=True)]
    unsure = [index for index, language in enumerate(found) if language is None]
    questions = [Question(texts[i][0], scripts[i], letters[i], texts[i][1]) for i in unsure]
    for index, (tag, confidence) in zip(unsure, identify(questions), strict=True):
        script = scripts[index]
        name = stored_tag(tag, script) if tag is not None else f"{UNDETERMINED}-{script}"
        found[index] = Language(name, confidence, script)
    return [language for language in found if language is not None]


def _by_script(text: str, script: str, letters: int, kana: int) -> Language | None:
    """The language where the script settles it; None where the identifiers must be asked."""
    if letters == 0:
        return NO_LETTERS
    if script == "Hani":
        return _east_asian(text, letters, kana)
    tag = _ONE_LANGUAGE.get(script)
    if tag is None:
        return None
    own = "Kore" if tag == "ko" else script
    return Language(stored_tag(tag, own), _CERTAIN, own)


def _east_asian(text: str, letters: int, kana: int) -> Language:
    # Chinese has the odd の in a brand name; a Japanese sentence has a kana in every third letter.
    if kana * 20 >= letters or is_japanese(text):
        return Language("ja", _CERTAIN if kana else _LIKELY, "Jpan")
    script = chinese_script(text)
    confidence = _CERTAIN if script else _LIKELY
    return Language(stored_tag("zh", script or "Hans"), confidence, script or "Hans")


def stated(tag: str, text: str) -> Language:
    """The language `tag` (as `canonical_tag` gives it) with confidence 1, its script by `text` where it names none."""
    language, _, script = tag.partition("-")
    if not script:
        sample = spread(text, _SAMPLE)
        if language in _CHINESE:
            script = chinese_script(sample) or _CHINESE[language]
        else:
            script = {"ja": "Jpan", "ko": "Kore"}.get(language) or dominant_script(sample)
    return Language(stored_tag(language, script), 1.0, script)
