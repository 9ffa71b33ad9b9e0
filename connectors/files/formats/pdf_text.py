"""What PDF text layers get wrong, put right where that is safe; `pdf_gates` notices where it is not."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

_CJK = r"\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\uff01-\uff60"
_NO_SPACE = re.compile(rf"[{_CJK}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…।॥؟۔։።၊။៖៕ฯ๚๛][\"'»”’)\]」』）]*$")
_ITEM = re.compile(r"^\s*(?:[-•‣◦▪–*·]|\(?\d{1,3}[.)]|[a-zA-Z][.)])\s")
_HYPHEN = re.compile("[\ufffe\u0002]\n?")


def tidy_page(text: str) -> str:
    """A page's text with its paragraphs' lines joined, and combining marks next to their letters."""
    # PDFium writes U+FFFE or U+0002 for a hyphen at a line end.
    text = _HYPHEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _stray_space().sub("", text)
    return _unwrap([line.rstrip() for line in text.split("\n")]).strip()


def _unwrap(lines: list[str]) -> str:
    """Join a line that reaches the right margin and does not end a sentence with the next one.

    Sentence boundaries are looked for inside lines later on: a hard line end in mid-sentence would cut it.
    """
    width = max((len(line) for line in lines), default=0)
    out: list[str] = []
    open_line = False
    for line in lines:
        if out and open_line and line and not _ITEM.match(line):
            glue = "" if _NO_SPACE.match(out[-1][-1]) and _NO_SPACE.match(line.lstrip()[0]) else " "
            out[-1] += glue + line.lstrip()
        else:
            out.append(line)
        open_line = len(line) > 0.7 * width and not _SENTENCE_END.search(line)
    return "\n".join(out)


@functools.cache
def _stray_space() -> re.Pattern[str]:
    """Blanks before a combining mark, which cannot begin a word; and before the vowel am, which is drawn as one."""
    marks = "".join(
        re.escape(chr(c))
        for c in range(0x300, min(sys.maxunicode, 0xFFFF))
        if unicodedata.category(chr(c)) in ("Mn", "Mc")
    )
    return re.compile(rf"(?<=\w)[ \u00a0]+(?=[{marks}\u0e33\u0eb3])")
