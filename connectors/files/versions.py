"""Files whose names say which language they are in: `guide.de.md`, `de/guide.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...retrieval.errors import FilterError
from ...retrieval.text.codes import canonical_tag
from ...retrieval.text.languages import LANGUAGES

_TAG = re.compile(r"(?P<language>[a-z]{2,3})(?:[-_](?P<script>[A-Za-z]{4}))?(?:[-_](?:[A-Za-z]{2}|\d{3}))?")


@dataclass(frozen=True, slots=True)
class Named:
    """What a path says: the language (as it is stored), and the path that the original without one would have."""

    language: str
    original: str


def named(path: str) -> Named | None:
    """What the path of a file, with `/`, says of its language; None where it says nothing, or is ambiguous.

    A tag stands before the extension (`guide.pt_BR.md`) or is a folder of its own (`docs/pt-BR/guide.md`). It is BCP-47
    in its usual form: a language known here by that very code, in small letters, then a script, then a region. That of
    the name counts before those of folders, unless a folder says the same; of several folders none counts.
    """
    *folders, name = path.split("/")
    said = [(place, tag) for place, folder in enumerate(folders) if (tag := language_tag(folder)) is not None]
    stem, dot, extension = name.rpartition(".")
    first, inner, code = stem.rpartition(".")
    own = language_tag(code) if inner and first else None
    if own is not None:
        name = f"{first}{dot}{extension}"
        said = [(place, tag) for place, tag in said if tag == own]
    if len(said) == 1:
        del folders[said[0][0]]
    elif own is None:
        return None
    return Named(language=own or said[0][1], original="/".join((*folders, name)))


def language_tag(part: str) -> str | None:
    """The tag, as it is stored, that a part of a path is; None for any other word."""
    match = _TAG.fullmatch(part)
    if match is None or match["language"] not in LANGUAGES:
        return None
    try:
        return canonical_tag(part)
    except FilterError:  # `en-docs`: no script that the language is written in
        return None
