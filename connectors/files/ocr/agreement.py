"""Whether OCR reads on a page what its text layer says: then the layer is good, whatever a gate takes it for."""

from __future__ import annotations

import unicodedata

from ..content import Page
from ..formats.pdf_gates import MIN_LETTERS, NO_TEXT, REVERSED, UNMAPPED, fault, has_text, unmapped

_MAX_ERROR = 0.3
"""Edits per character. Good Persian read with Arabic data has .22; layers that Chromium has put in reversed order .38
to .46."""
_MOST = 10_000  # characters that are compared


def confirms(read: str, page: Page) -> bool:
    """Whether the text layer of a page can stay, by what OCR `read`."""
    if page.fault == NO_TEXT:  # a picture with a caption, of which OCR makes little more
        return has_text(page.text) and not has_text(read, _letters(page.text) + MIN_LETTERS)
    if page.fault == UNMAPPED:
        # Where glyphs stand for letters, those are what OCR has more of.
        same = _letters(read) - _letters(page.text) < unmapped(page.text) / 2
    else:
        # What is printed so OCR reads so. Reversed words differ in their letters, other faults may in blanks alone.
        same = page.fault == REVERSED or fault(read) == page.fault
    return same and has_text(read) and error_rate(_bare(page.text), _bare(read)) <= _MAX_ERROR


def with_missing(read: str, layer: str) -> str:
    """What OCR read, after those lines of the text layer that it has not."""
    bare = _bare(read)
    return "\n".join([*(line for line in layer.splitlines() if line and _bare(line) not in bare), read])


def error_rate(one: str, other: str) -> float:
    """Insertions, deletions and replacements that make one of the other, per character of the longer one.

    The bit vectors of Myers and Hyyrö: each column of the matrix is two integers, a page takes some 20 ms.
    """
    one, other = one[:_MOST], other[:_MOST]
    if not one or not other:
        return float(one != other)
    places: dict[str, int] = {}
    for place, character in enumerate(one):
        places[character] = places.get(character, 0) | 1 << place
    every, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    more, less, distance = every, 0, len(one)
    for character in other:
        equal = places.get(character, 0)
        vertical = equal | less
        equal |= ((equal & more) + more) ^ more
        up, down = less | (~(equal | more) & every), more & equal
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & every, (down << 1) & every
        more, less = down | (~(vertical | up) & every), up & vertical
    return distance / max(len(one), len(other))


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _bare(text: str) -> str:
    """Letters, marks and digits alone: blanks and signs are what OCR gets wrong, private use what it cannot have."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one)[0] in "LMN")
