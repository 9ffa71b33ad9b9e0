"""What becomes of a document with pages that cannot be used: those are read by OCR, and it says which and how well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from ....retrieval.text.language import detect
from ..content import Content, Page, UnreadableError, joined
from ..formats.pdf_gates import NO_TEXT, fault, has_text
from .agreement import confirms, with_missing
from .choosing import SAY, Choice, for_page, for_text, for_turned
from .languages import ORIENTATION
from .options import Ocr
from .tesseract import Missing, Tesseract

MIN_CONFIDENCE = 0.65
"""Mean over the words of a page, in [0, 1]. Pages in seven languages have .87 to .96 when they are read in their own,
.12 to .34 with the data of another script, and .26 to .36 upside down, but for Thai with .79."""

_SURE = 0.85  # below it, it is looked whether the page is turned
_EQUAL = 0.05  # of confidence
_FAILURES = 3  # pages in a row that OCR breaks down at: the rest is not tried
_SPARE = 5.0  # seconds beside tesseract itself, for drawing a page
_SAMPLE = 20_000
_TOLD = 0.5  # confidence in the language of the other pages
_AT_ONCE = 8  # data of languages that a page is read with

Extract = Callable[..., Content]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What OCR made of a page: `text` None where there is nothing better than before, `fix` what would help."""

    text: str | None = None
    confidence: float = 0.0
    data: tuple[str, ...] = ()
    fix: str | None = None
    broken: bool = False
    confirmed: bool = False  # the text layer is what is printed

    @property
    def usable(self) -> bool:
        if self.text is None or not has_text(self.text):
            return False
        return self.confidence >= MIN_CONFIDENCE and fault(self.text) is None


def reread(content: Content, extract: Extract, options: Ocr, tesseract: Tesseract | Missing) -> Content:
    """`content` with the pages that have a fault read by OCR, as far as that can be done here and is worth it.

    Metadata: `ocr_pages` are those read so (`2, 5-7`), with `ocr_confidence` in [0, 1] and `ocr_data`, the names of
    tesseract's data. `needs_ocr` is true while pages are left that cannot be used: `needs_ocr_pages`,
    `needs_ocr_reason`, and `needs_ocr_fix` where something can be done. Raises UnreadableError when there is no text.
    """
    faulty = [number for number, page in enumerate(content.pages) if page.fault]
    if isinstance(tesseract, Missing):
        results = {number: _Result(fix=tesseract.fix) for number in faulty}
    else:
        results = _Reader(content, extract, options, tesseract).read(faulty)
    pages = list(content.pages)
    left: list[int] = []
    for number in faulty:
        result, page = results[number], pages[number]
        if result.confirmed:
            continue
        if result.text is not None:
            stamped = page.fault == NO_TEXT and has_text(page.text)
            pages[number] = Page(with_missing(result.text, page.text) if stamped else result.text)
        if result.fix is not None or (result.text is None and not (page.fault == NO_TEXT and result.data)):
            left.append(number)
    text = joined(pages)
    reasons = [str(content.pages[number].fault) for number in left]
    fixes = [fix for number in left if (fix := results[number].fix)]
    if not any(character.isalnum() for character in text):
        advice = f"needs OCR: {_first(fixes)}" if fixes else "needs OCR, which found no text either"
        raise UnreadableError(f"{NO_TEXT} (scanned?): {advice}")
    metadata = dict(content.metadata)
    done = [number for number in faulty if results[number].text is not None]
    if done:
        metadata["ocr_pages"] = _ranges(done)
        metadata["ocr_confidence"] = round(sum(results[number].confidence for number in done) / len(done), 3)
        metadata["ocr_data"] = sorted({name for number in done for name in results[number].data})
    if left:
        metadata |= {"needs_ocr": True, "needs_ocr_pages": _ranges(left), "needs_ocr_reason": _first(reasons)}
        if fixes:
            metadata["needs_ocr_fix"] = _first(fixes)
    return replace(content, text=text, metadata=metadata, pages=())


class _Reader:
    """Reads the pages of one document, each a request of its own to the worker, with its own limit of time."""

    def __init__(self, content: Content, extract: Extract, options: Ocr, tesseract: Tesseract) -> None:
        self._pages = content.pages
        self._extract = extract
        self._options = options
        self._tesseract = tesseract
        good = joined(page for page in content.pages if not page.fault)[:_SAMPLE]
        found = detect(good)
        self._language = found.tag if has_text(good) and found.confidence >= _TOLD else None
        self._learnt = Choice()  # what a page without any text was read with
        self._failures = 0  # in a row
        self._last = _Result()

    def read(self, numbers: Sequence[int]) -> dict[int, _Result]:
        """What became of each of these pages."""
        beyond = _Result(fix=f"read more pages of a document than {self._options.max_pages} (ocr_max_pages)")
        results: dict[int, _Result] = {}
        for number in numbers:
            results[number] = beyond if len(results) >= self._options.max_pages else self._page(number, self._read)
        for number, result in results.items():
            if result.data == (ORIENTATION,):  # too little to tell its script by itself
                results[number] = self._page(number, self._read if self._learnt.data else self._read_as_anything)
        return results

    def _page(self, number: int, read: Callable[[int], _Result]) -> _Result:
        if self._failures >= _FAILURES:
            return self._last
        try:
            self._last = read(number)
        except UnreadableError as error:
            self._last = _Result(fix=f"OCR of page {number + 1} failed: {error}", broken=True)
        self._failures = self._failures + 1 if self._last.broken else 0
        return self._last

    def _read(self, number: int) -> _Result:
        page = self._pages[number]
        choice = for_page(page.text, page.fault, self._language, self._options, self._tesseract)
        if choice.guessed and not choice.data and self._learnt.data:
            choice = self._learnt
        best = self._recognise(number, choice) if choice.data else _Result(fix=choice.fix)
        unsure = not best.usable or best.confidence < _SURE
        known = choice.data or not choice.fix  # else what there is cannot read it, however it is turned
        if unsure and known and ORIENTATION in self._tesseract.data and (turned := self._turned(number, choice)):
            best = max(best, turned, key=lambda result: (result.usable, result.confidence)) if best.data else turned
        return self._judged(page, best)

    def _read_as_anything(self, number: int) -> _Result:
        """The page read with all the data that there are at once, as long as these are few."""
        data = tuple(sorted(self._tesseract.data - {ORIENTATION}))
        if len(data) > _AT_ONCE:
            return _Result(fix=SAY)
        read = self._recognise(number, Choice(data=data, guessed=True))
        return self._judged(self._pages[number], read if read.usable else replace(read, fix=SAY))

    def _judged(self, page: Page, best: _Result) -> _Result:
        """What the best reading of a page is worth."""
        # Beside a caption, what cannot be read with the right data is a photograph.
        captioned = page.fault == NO_TEXT and has_text(page.text) and best.fix is None
        if best.text is not None and (confirms(best.text, page) or (captioned and best.confidence < MIN_CONFIDENCE)):
            return _Result(confirmed=True)
        if best.usable:
            if page.fault == NO_TEXT and best.fix is None:
                self._learnt = Choice(data=best.data)
            return best
        # Little that is sure to be text: a photograph, an empty page. Much that is not: a page that cannot be read.
        empty = page.fault == NO_TEXT and bool(best.data) and not has_text(best.text or "")
        return replace(best, text=None, fix=None if empty else best.fix, data=best.data if empty else ())

    def _turned(self, number: int, choice: Choice) -> _Result | None:
        """The page read again, as tesseract says it is turned and written; None where that would be the same."""
        try:
            seen = self._ask("pdf-orientation", number).metadata
        except UnreadableError:  # too little on it to tell
            return None if choice.data else _Result(data=(ORIENTATION,))
        other = for_turned(choice, str(seen["script"]), self._tesseract)
        if other.data == choice.data and not seen["rotate"]:
            return None
        return self._recognise(number, other, rotate=int(seen["rotate"])) if other.data else _Result(fix=other.fix)

    def _recognise(self, number: int, choice: Choice, rotate: int = 0) -> _Result:
        best = self._once(number, choice, rotate)
        if not best.usable:
            return best
        closer = for_text(str(best.text), choice, self._tesseract) if choice.guessed else Choice(data=choice.data)
        if closer.data == choice.data:
            return replace(best, fix=closer.fix)
        again = self._once(number, closer, rotate)
        # Data of several languages at once are as confident as those of the right one, and lose its accents.
        return again if again.usable and again.confidence > best.confidence - _EQUAL else best

    def _once(self, number: int, choice: Choice, rotate: int) -> _Result:
        content = self._ask("pdf-page", number, data="+".join(choice.data), rotate=rotate)
        confidence = float(content.metadata["confidence"])
        return _Result(text=content.text, confidence=confidence, data=choice.data, fix=choice.fix)

    def _ask(self, format_name: str, number: int, **options: Any) -> Content:
        seconds = self._options.max_page_seconds + _SPARE
        return self._extract(format_name, seconds=seconds, options={"page": number, **options})


def _first(texts: Sequence[str]) -> str:
    """The commonest of them, the first of those."""
    return max(texts, key=texts.count)


def _ranges(numbers: Sequence[int]) -> str:
    """Page numbers from 1, as `2, 5-7`."""
    runs = [list(run) for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0][1] + 1}" if len(run) == 1 else f"{run[0][1] + 1}-{run[-1][1] + 1}" for run in runs)
