"""In which language the answer is to be, and whether it is.

Of the first six words of 9,200 sentences in 67 languages, those of which the identification is sure are told right in
99.6 %, but in 95 % where the language has near relatives in its script: those are not asked for by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...retrieval.text.language import SURE, Language, base_language, detect
from ...retrieval.text.languages import LANGUAGES
from ...retrieval.text.scripts import WEIGHTS, script_counts

_CERTAIN = 0.99
_ENOUGH = 40
"""Letters, in Latin ones, from which on a text tells its language as surely as a sentence."""
_NEAR = [frozenset(group.split()) for group in ("bs hr sr", "da nb nn", "id ms")]
_SCRIPTS = {
    "Arab": "Arabic script",
    "Cyrl": "Cyrillic script",
    "Hans": "simplified characters",
    "Hant": "traditional characters",
    "Latn": "Latin script",
}
_BY_CHARACTERS = ("Hans", "Hant")  # told by some characters, which a text need not have
_CITED = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The language of a question: whether it could be told, and its name in English where it can be asked for."""

    tag: str
    script: str
    told: bool
    name: str | None

    @classmethod
    def of(cls, question: str) -> Wanted:
        """The language that `question` is written in, as far as it tells."""
        found = detect(question)
        told = found.confidence >= SURE
        relatives = found.script == "Latn" and any(base_language(found.tag) in group for group in _NEAR)
        return cls(found.tag, found.script, told, _name(found) if told and not relatives else None)

    def judge(self, text: str) -> bool | None:
        """Whether `text`, with its citations or without, is in this language; None where one of them cannot be told.

        Near relatives count as one language, and another script as another language: `sr` is not `sr-Latn`, and
        `zh-Hans` not `zh-Hant` where the characters of both tell.
        """
        text = _CITED.sub("", text)
        if not self.told or not is_enough(text):
            return None
        found = detect(text)
        mine, other = base_language(self.tag), base_language(found.tag)
        scripts = LANGUAGES[mine].scripts if mine in LANGUAGES else ()
        if found.script != self.script and found.script in scripts and found.script not in _BY_CHARACTERS:
            return False  # a script of this language, but not the question's, whichever language of its kin it is
        if found.confidence < _CERTAIN:
            return None
        same = mine == other or any({mine, other} <= group for group in _NEAR)
        return same and self.script == found.script


def language_of(text: str) -> str:
    """BCP-47 tag of an answer; `und` where it cannot be told."""
    return detect(_CITED.sub("", text)).tag


def is_enough(text: str) -> bool:
    """Whether the language of `text` can be told as surely as that of a sentence."""
    return int((script_counts([text]) @ WEIGHTS)[0]) >= _ENOUGH


def _name(language: Language) -> str:
    """`German`, or `Serbian (Latin script)` where the language has several scripts."""
    row = LANGUAGES.get(base_language(language.tag))
    if row is None:
        return language.tag
    script = _SCRIPTS.get(language.script) if len(row.scripts) > 1 else None
    return f"{row.names[0]} ({script})" if script else row.names[0]
