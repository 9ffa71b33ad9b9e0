"""Text of others on its way into a prompt: nothing in it is invisible, and nothing in it looks like the prompt's own.

Only the copy that the model reads is changed. Citations are cut from the passage as it is stored.
"""

from __future__ import annotations

import re

from ...retrieval.text.normalise import normalise
from .markup import REFERENCE

_LONGEST_LINE = 300
# What `normalise` leaves and no reader sees: joiners (looked at below), CGJ, Hangul fillers, Khmer inherent vowels,
# Mongolian vowel separator, invisible operators, deprecated formats, annotations. Deleted wherever they stand.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180e\u2061-\u2065\u206a-\u206f\u3164\uffa0\ufff0-\ufffb]")
_JOINERS = re.compile("[\u200c\u200d]+")
_PICTURE = re.compile("[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]")
# Variants of a letter or picture come alone. A run of them is a message: each selector can stand for a byte.
_SELECTORS = re.compile("([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
# What chat templates write around turns; a server's tokenizer takes it for the real thing wherever it stands.
_TURNS = re.compile(
    r"<(?=[|\uff5c]|/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|think|tool_\w+|function_\w+|im_start|im_end)\s*/?>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w+)\])|<(?=</?SYS>>)",
    re.IGNORECASE,
)
_PART = re.compile(rf"(?P<code>```(?:[^`]|`(?!``)){{0,4000}}```|`[^`\n]{{1,300}}`)|{REFERENCE}")


def as_data(text: str) -> str:
    """`text` as it may stand in a prompt.

    Controls, bidi overrides, tag characters and other invisible ones go; ZWNJ and ZWJ stay where a script or an emoji
    needs them. Tokens of chat templates are broken up. Numbers in brackets, which would be read as citations, stand in
    parentheses, but for code between backticks.
    """
    text = _INVISIBLE.sub("", normalise(text))
    text = _SELECTORS.sub(r"\1", _JOINERS.sub(_joiner, text))
    text = _TURNS.sub(lambda match: f"{match[0]} ", text)
    return _PART.sub(lambda match: match["code"] or f"({match['numbers'].strip()})", text)


def as_line(text: str) -> str:
    """`text` as data on one line of at most 300 characters: a title, say."""
    return " ".join(as_data(text).split())[:_LONGEST_LINE]


def _joiner(match: re.Match[str]) -> str:
    """One joiner after a letter of a script that joins (Arabic to Mongolian, without those between), or in an emoji."""
    before = match.string[match.start() - 1 : match.start()]
    joins = "\u0600" <= before <= "\u109f" or "\u1780" <= before <= "\u18af" or "\ua8e0" <= before <= "\ua8ff"
    return match[0][0] if joins or _PICTURE.match(before) else ""
