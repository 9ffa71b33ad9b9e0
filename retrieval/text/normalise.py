"""One form for every text: the same function at ingest and at query, so that equal words are equal bytes.

NFC rather than NFKC: without NFC most Bengali, Yoruba and Burmese lines of a news corpus have two byte forms;
NFKC damages what is displayed and cited (x² becomes x2, ㈱ becomes (株)).
"""

from __future__ import annotations

import re
import unicodedata

_LINE_BREAKS = "\r\x0b\x0c\x85\u2028\u2029"
_BLANKS = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
# C0 and C1 controls but \t and \n (and the line breaks above), soft hyphen, ALM, ZWSP, LRM, RLM, bidi embeddings and
# isolates, word joiner, BOM. ZWNJ and ZWJ (U+200C, U+200D) carry meaning in Persian and Indic scripts: they stay.
_DROPPED = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
# Arabic letters as shaped glyphs, left behind by PDF producers; U+FDFA and U+FDFB are symbols that stay as they are.
_SHAPED = "\ufb50-\ufdf9\ufdfc-\ufdff\ufe70-\ufefe"
_SURROGATES = "\ud800-\udfff"
_TAGS = "\U000e0000-\U000e007f"

_UNUSUAL = re.compile(f"[{_LINE_BREAKS}{_BLANKS}{_DROPPED}{_SHAPED}{_SURROGATES}]+")
_SURROGATE = re.compile(f"[{_SURROGATES}]+")
_SHAPED_RUN = re.compile(f"[{_SHAPED}]+")
_BLANK_RUN = re.compile(r" {2,}")
# After _BLANK_RUN; with " *" a long run of spaces would be scanned again from each of its places.
_TAB_RUN = re.compile(r" ?\t[ \t]*")
_LINE_END = re.compile(r"[ \t]+\n")
_EMPTY_LINES = re.compile(r"\n{3,}")


def _tagged(letters: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in letters)


# The flags of England, Scotland and Wales are the only tag sequences in general use; any other tag is invisible text.
_TAG = re.compile(
    f"(\U0001f3f4(?:{_tagged('gbeng')}|{_tagged('gbsct')}|{_tagged('gbwls')})\U000e007f)|[{_TAGS}]",
)


def _expand(ranges: str) -> list[int]:
    singles = re.sub("(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), ranges, flags=re.DOTALL)
    return [ord(char) for char in singles]


_TABLE: dict[int, str | None] = {
    **dict.fromkeys(_expand(_DROPPED)),
    **dict.fromkeys(_expand(_BLANKS), " "),
    **dict.fromkeys(_expand(_LINE_BREAKS), "\n"),
}


def normalise(text: str) -> str:
    r"""`text` in NFC, without invisible controls, with simple blanks; idempotent, and never raises.

    Line breaks of every kind become \n, at most one empty line in a row; a run of blanks becomes one space (one tab if
    it holds a tab), none at line ends. Unpaired surrogates become U+FFFD. ZWNJ and ZWJ stay.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if text.isascii():
        return _squeeze(text.translate(_TABLE))
    text = _UNUSUAL.sub(_clean, text)
    text = _TAG.sub(lambda match: match[1] or "", text)
    # By line, as one decomposed letter would otherwise send the whole text through the slow path (25 MB/s, not 300).
    text = "\n".join([unicodedata.normalize("NFC", line) for line in text.split("\n")])
    return _squeeze(text)


def _clean(match: re.Match[str]) -> str:
    # Only the runs that need it: to translate the whole of a French text for its no-break spaces takes twice as long.
    run = match[0]
    if _SURROGATE.search(run):
        # A pair is one character beyond U+FFFF; only the unpaired are replaced.
        run = run.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _SHAPED_RUN.sub(_unshape, run.translate(_TABLE))


def _unshape(match: re.Match[str]) -> str:
    # NFKC puts a blank before a lone vowel mark; in running text the mark belongs to the letter before it.
    return unicodedata.normalize("NFKC", match[0]).replace(" ", "")


def _squeeze(text: str) -> str:
    # A substring search runs at memory speed, a regex does not: only texts that need one pay for it.
    if "  " in text:
        text = _BLANK_RUN.sub(" ", text)
    if "\t" in text:
        text = _TAB_RUN.sub("\t", text)
    if " \n" in text or "\t\n" in text:
        text = _LINE_END.sub("\n", text)
    if "\n\n\n" in text:
        text = _EMPTY_LINES.sub("\n\n", text)
    return text.strip(" \t\n")
