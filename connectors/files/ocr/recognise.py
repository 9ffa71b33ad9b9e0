"""One page of a PDF, drawn and read by tesseract. Runs in the worker process."""

from __future__ import annotations

from typing import Any, BinaryIO

from ..content import Content, UnreadableError
from ..formats.pdf_text import tidy_page
from ..limits import Limits

_LEAST_DPI = 50  # a letter of 12 points is 8 dots high then: less cannot be read
_POINTS = 72  # per inch
_TSV_CONFIDENCE, _TSV_TEXT = 10, 11


def read(file: BinaryIO, limits: Limits, *, page: int, data: str, rotate: int = 0) -> Content:
    """The text of a page (counted from 0) with the tesseract data `data`, after turning it clockwise by `rotate`.

    Metadata: `confidence` in [0, 1], the mean over words. Raises UnreadableError when it takes too long or the page is
    so large that nothing on it could be read.
    """
    import pytesseract

    image = _drawn(file, limits, page)
    if rotate:
        image = image.rotate(-rotate, expand=True)
    text, table = _run(pytesseract.run_and_get_multiple_output, limits, image, extensions=["txt", "tsv"], lang=data)
    rows = [row.split("\t") for row in table.splitlines()[1:]]
    found = [float(row[_TSV_CONFIDENCE]) for row in rows if len(row) > _TSV_TEXT and row[_TSV_TEXT].strip()]
    confidence = sum(found) / len(found) / 100 if found else 0.0
    return Content(text=tidy_page(text.replace("\f", "")), metadata={"confidence": round(confidence, 3)})


def orientation(file: BinaryIO, limits: Limits, *, page: int) -> Content:
    """How far a page has to be turned clockwise (`rotate`, degrees) and its `script`, in tesseract's words.

    Raises UnreadableError when it cannot be told.
    """
    import pytesseract

    image = _drawn(file, limits, page)
    found = _run(pytesseract.image_to_osd, limits, image, output_type=pytesseract.Output.DICT)
    return Content(text="", metadata={"rotate": found["rotate"], "script": found["script"]})


def _run(function: Any, limits: Limits, image: Any, **options: Any) -> Any:
    from pytesseract import pytesseract

    pytesseract.environ["OMP_THREAD_LIMIT"] = "1"  # the other cores are for other documents, and for searches
    seconds = limits.ocr.max_page_seconds
    try:
        return function(image, timeout=seconds, **options)
    except pytesseract.TesseractError as error:
        raise UnreadableError(f"tesseract failed: {' '.join(str(error.message).split())[:200]}") from None
    except RuntimeError:  # how the wrapper says that the time was over
        raise UnreadableError(f"took longer than {seconds:g} s (Ocr.max_page_seconds)") from None


def _drawn(file: BinaryIO, limits: Limits, number: int) -> Any:
    """The picture of a page, in grey, of a size that is within the limits whatever the page claims to measure."""
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(file)
    try:
        page = document[number]
        width, height = page.get_size()
        inches = max(width * height, 1.0) / _POINTS**2
        dpi = min(limits.ocr.dpi, (limits.ocr.max_pixels / inches) ** 0.5)
        if dpi < _LEAST_DPI:
            raise UnreadableError(
                f"the page is {width / _POINTS:,.0f} by {height / _POINTS:,.0f} inches, too large to be read within "
                f"{limits.ocr.max_pixels:,} pixels (Ocr.max_pixels)"
            )
        return page.render(scale=dpi / _POINTS, grayscale=True).to_pil()
    finally:
        document.close()
