"""What a format reader returns, or raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...retrieval.errors import InputError

_SURROGATES = re.compile("[\ud800-\udfff]+")
_MAX_TITLE = 500


class UnreadableError(InputError):
    """This file or row cannot be used; the message is the reason shown to the user."""


class Page(NamedTuple):
    """The text of one page, and what is wrong with it, None when nothing is."""

    text: str
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The text of one file, with what the file says about itself. Metadata holds JSON values only.

    `pages` has all pages of a file of which at least one is not as it should be, and is empty for any other.
    """

    text: str
    title: str | None = None
    language: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    pages: tuple[Page, ...] = ()


def joined(pages: Iterable[Page]) -> str:
    """The text of a file from that of its pages."""
    return "\n\n".join(page.text for page in pages if page.text)


def well_formed(text: str) -> str:
    """`text` so that it can be encoded as UTF-8: surrogate pairs (RTF) joined, lone ones (JSON `\\ud800`) as U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub(_join, text)


def _join(match: re.Match[str]) -> str:
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_title(text: object) -> str | None:
    """One line of at most 500 characters, or None when nothing is left."""
    if not isinstance(text, str):
        return None
    return well_formed(" ".join(text.split()))[:_MAX_TITLE] or None


def check_length(characters: int, limit: int) -> None:
    """Raise UnreadableError when a text is longer than `limit`."""
    if characters > limit:
        raise UnreadableError(f"holds more than {limit:,} characters of text (Limits.max_characters)")
