"""Text of others as HTML: escaped, in its own direction, with nothing in it that a browser would obey."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..retrieval.highlights import Span
from ..retrieval.text.codes import script_of
from ..retrieval.types import UNDETERMINED

RIGHT_TO_LEFT = {"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}
_CONTROLS = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that change the direction of what follows: a name must not look like another."""
_EMPTY_LINES = re.compile(r"\n\s*\n")


def direction(language: str) -> str:
    """The HTML attribute `dir` for text in a language (BCP-47): rtl, ltr, or auto where the language is not known."""
    script = script_of(language)
    return "auto" if script is None else "rtl" if script in RIGHT_TO_LEFT else "ltr"


def printable(text: str) -> str:
    """Text for where HTML is not read, such as a table; controls and bidi overrides are shown as U+FFFD."""
    return _CONTROLS.sub("\ufffd", text)


def safe(text: str) -> str:
    """Text as HTML that shows it: escaped, and printable."""
    return html.escape(printable(text), quote=True)


def marked(text: str, spans: Iterable[Span]) -> str:
    """Text as HTML with `spans` (ascending, in code points) in `<mark>`."""
    pieces, last = [], 0
    for start, end in spans:
        pieces += [safe(text[last:start]), "<mark>", safe(text[start:end]), "</mark>"]
        last = end
    return "".join((*pieces, safe(text[last:])))


def block(text: str, language: str, *, spans: Iterable[Span] = (), kind: str = "il-passage") -> str:
    """A text in its own direction and language; the style sheet keeps its line breaks, empty lines are left out."""
    tag = "" if language == UNDETERMINED else safe(language)  # HTML's word for unknown: not that of the page
    body = _EMPTY_LINES.sub("\n", marked(text, spans).strip())
    return f'<div class="{kind}" dir="{direction(language)}" lang="{tag}">{body}</div>'


def name(text: str) -> str:
    """A name in a line of the interface: isolated, so that its direction moves nothing around it."""
    return f'<bdi dir="auto">{safe(text)}</bdi>'


def link(url: str | None, text: str) -> str:
    """A link that is http or https, or else the text alone."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return name(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or _CONTROLS.search(url or ""):
        return name(text)
    return f'<a href="{safe(url or "")}" rel="noopener noreferrer nofollow" target="_blank">{name(text)}</a>'
