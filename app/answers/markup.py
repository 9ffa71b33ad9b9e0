"""What a model writes, piece by piece, made into text with citations `[1]` that can do nothing but be read.

Whoever shows the text may render it as Markdown or HTML, where a document could have had the model write a picture
whose address carries the question away. So no link and no picture is left, but for the plain addresses of the passages
themselves.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable

MARKER = "NO_ANSWER"
"""What the model is to write when the passages do not answer the question."""

_OPEN, _CLOSE = r"\[［【〔", r"\]］】〕"
_NUMBER = r" {0,2}\^?\d{1,20} {0,2}"
_NUMBERS = rf"{_NUMBER}(?:[,;、،，；\-–—~〜～]{_NUMBER}){{0,9}}"
REFERENCE = rf"[{_OPEN}](?P<numbers>{_NUMBERS})(?:†[^{_OPEN}{_CLOSE}\n]{{0,60}})?[{_CLOSE}]"
"""Numbers in brackets: [1], [1, 2], [1-3], [١], ［１］, 【1】, 【1†source】, [^1]."""

_TARGET = r"\([^()\n]{0,1000}\)"
_MARKUP = re.compile(
    rf"(?P<tick>`+)|(?P<line>\n)|(?P<marker>NO\\?_ANSWER)"
    rf"|(?P<citation> ?{REFERENCE})(?P<target>{_TARGET})?"
    rf"|(?P<image> ?!\[[^\[\]\n]{{0,300}}\]{_TARGET})"
    rf"|\[(?P<label>[^\[\]\n]{{1,300}})\]{_TARGET}"
)
_UNFINISHED = re.compile(rf" ?!?[{_OPEN}][^{_CLOSE}\n]{{0,400}}(?:[{_CLOSE}](?:\([^()\n]{{0,1000}})?)?\Z")
# What makes an address, a link, the definition of one, or HTML of characters: after it comes a blank.
_LIVE = re.compile(
    r"(?P<url>[A-Za-z][A-Za-z0-9+.\-]{0,30}://[\x21-\x7e]*)|\](?=[(:])|//(?=\S)|(?i:www)\.(?=\S)|<(?=[A-Za-z/!?])"
)
_RANGE = re.compile(r"[-–—~〜～]")
_VISIBLE_ASCII = string.ascii_letters + string.digits + string.punctuation
_AFTER_ADDRESS = ".,;:!?)>\"'*_"
_NO_GAP = frozenset(" \n\t.,;:!?)。、，；：！？）।؟،")
# Controls but tab and line feed, soft hyphen, every invisible format but ZWNJ and ZWJ, tags, lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


class Rewriter:
    """Rewrites one answer. What comes out is, joined, the same however the text was cut into pieces.

    Args:
        passages: how many there are; citations of other numbers are removed.
        urls: addresses of which those on the web may stand in the text as they are.

    Attributes:
        cited: the numbers that were cited, each once, in order.
        removed: how many citations named a passage that does not exist.
        marked: whether the model wrote `MARKER`, which is removed.
    """

    def __init__(self, passages: int, urls: Iterable[str] = ()) -> None:
        self._passages = passages
        self._urls = frozenset(url for url in urls if url.startswith(("http://", "https://")))
        self._code = ""
        self._began = False
        self._markup = _Settling(self._without_markup, _UNFINISHED)
        # The last step only puts blanks in, so that nothing it has broken comes together again.
        self._live = _Settling(self._broken)
        self.cited: list[int] = []
        self.removed = 0
        self.marked = False

    def feed(self, piece: str) -> str:
        """What is settled once `piece` has come."""
        return self._trimmed(self._live.feed(self._markup.feed(_HIDDEN.sub("", piece))))

    def finish(self) -> str:
        """What was still waiting."""
        return self._trimmed(self._live.feed(self._markup.finish()) + self._live.finish()).rstrip()

    def _trimmed(self, text: str) -> str:
        text = text if self._began else text.lstrip()
        self._began = self._began or bool(text)
        return text

    def _without_markup(self, text: str, after: str) -> str:
        def token(match: re.Match[str]) -> str:
            # What is taken out leaves a blank where its neighbours would become something else together.
            following = match.string[match.end() : match.end() + 1] or after
            gap = "" if not following or following in _NO_GAP else " "
            if match["tick"]:
                self._code = "" if match[0] == self._code else self._code or match[0]
            elif match["line"]:
                self._code = self._code if len(self._code) > 2 else ""  # only a fence goes on after its line
            elif match["numbers"]:
                return match[0] if self._code else self._citation(match) or gap
            elif match["label"]:
                return self._without_markup(match["label"], following) or gap
            else:
                self.marked = self.marked or match["marker"] is not None
                return gap
            return match[0]

        return _MARKUP.sub(token, text)

    def _citation(self, match: re.Match[str]) -> str:
        numbers = _numbers(match["numbers"], self._passages)
        valid = [number for number in numbers if 1 <= number <= self._passages]
        self.removed += len(numbers) - len(valid)
        self.cited += [number for number in dict.fromkeys(valid) if number not in self.cited]
        blank = " " if valid and match[0].startswith(" ") else ""
        return blank + "".join(f"[{number}]" for number in valid)

    def _broken(self, text: str, after: str) -> str:
        shown, start = [], 0
        while match := _LIVE.search(text, start):
            address, end, gap = match["url"], match.end(), " "
            if address and (address in self._urls or address.rstrip(_AFTER_ADDRESS) in self._urls):
                # A letter of another script right behind it would belong to the address.
                following = text[end : end + 1] or after
                gap = "" if not following or following.isspace() else " "
            elif address:
                end = text.index("://", match.start()) + 3  # what follows may be an address too
            shown += [text[start:end], gap]
            start = end
        return "".join(shown) + text[start:]


class _Settling:
    """Rewrites text once it is sure how it goes on: never inside a word of ASCII, or what `unfinished` matches."""

    def __init__(self, rewrite: Callable[[str, str], str], unfinished: re.Pattern[str] | None = None) -> None:
        self._rewrite = rewrite
        self._unfinished = unfinished
        self._waiting: list[str] = []

    def feed(self, piece: str) -> str:
        self._waiting.append(piece)
        if not piece.rstrip(_VISIBLE_ASCII):  # nothing is settled that was not before: not looked at again
            return ""
        text = "".join(self._waiting)
        end = len(text.rstrip(_VISIBLE_ASCII))
        end = len(text[:end].rstrip())
        unfinished = self._unfinished.search(text[:end]) if self._unfinished else None
        return self._release(text, unfinished.start() if unfinished else end)

    def finish(self) -> str:
        text = "".join(self._waiting)
        return self._release(text, len(text))

    def _release(self, text: str, end: int) -> str:
        self._waiting = [text[end:]]
        return self._rewrite(text[:end], text[end : end + 1])


def _numbers(text: str, passages: int) -> list[int]:
    """The numbers of a citation in order, ranges written out as far as there are passages."""
    found: list[int] = []
    for part in re.split(r"[,;、،，；]", text):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        if _RANGE.search(part) and len(ends) == 2 and ends[0] <= ends[1]:
            found += range(max(1, ends[0]), min(passages, ends[1]) + 1)
            found += ends[1:] if ends[1] > passages else []
        else:
            found += ends
    return found
