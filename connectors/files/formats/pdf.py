"""PDF through PDFium, which keeps Arabic and Hebrew in reading order; with a check that each page's text is usable."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any, BinaryIO

from ..content import Content, Page, UnreadableError, as_title, check_length, joined
from ..limits import Limits
from .pdf_gates import NO_TEXT, fault, has_text
from .pdf_text import tidy_page

_GENERATED_TITLE = re.compile(
    r"^(untitled|microsoft (word|powerpoint)\b.*|.*\.(docx?|pptx?|indd|tex|dvi))$", re.IGNORECASE
)
_MOST_OBJECTS = 5_000  # of a page that are looked at
_COVERED = 0.25  # of the page
_FEW_LETTERS = 200  # of a line stamped on a scan, or of what its program adds
_SCANNED = 0.5  # of the page, is covered by pictures behind such a line
_LARGE = 1_000_000  # pixels: a page at 100 dots per inch
_LINES = 200


def read(file: BinaryIO, limits: Limits) -> Content:
    """The pages' texts separated by empty lines, and the pages themselves when one has a fault; see `pdf_gates`.

    A document without any text has that fault on every page. Metadata: `pages` is how many there are.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(file)
    except pdfium.PdfiumError as error:
        reason = str(error)
        if "password" in reason.lower() or "security" in reason.lower():
            raise UnreadableError("encrypted: needs a password") from None
        raise UnreadableError(f"damaged PDF: {reason}") from None
    try:
        return _content(document, limits)
    finally:
        document.close()


def _content(document: Any, limits: Limits) -> Content:
    pages: list[Page] = []
    length = 0
    for page in document:
        textpage = page.get_textpage()
        text = textpage.get_text_range()
        textpage.close()
        length += len(text)
        check_length(length, limits.max_characters)
        text = tidy_page(text)
        pages.append(Page(text, fault(text) or (NO_TEXT if _is_picture(page, text) else None)))
        page.close()
    text = joined(pages)
    if not has_text(text):
        pages = [Page(page.text, page.fault or NO_TEXT) for page in pages]
    facts = document.get_metadata_dict(skip_empty=True)
    metadata: dict[str, Any] = {"pages": len(pages)}
    if author := as_title(facts.get("Author")):
        metadata["author"] = author
    title = as_title(facts.get("Title"))
    return Content(
        text=text,
        title=None if title and _GENERATED_TITLE.match(title) else title,
        metadata=metadata,
        pages=tuple(pages) if any(page.fault for page in pages) else (),
    )


def _is_picture(page: Any, text: str) -> bool:
    """Whether a page with little text shows something in its place: a picture, or letters drawn as lines."""
    import pypdfium2.raw as raw

    if has_text(text, _FEW_LETTERS):
        return False
    stamped = has_text(text)
    width, height = page.get_size()
    covered, lines = 0.0, 0
    kinds = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH)
    for drawn in itertools.islice(page.get_objects(filter=kinds), _MOST_OBJECTS):
        if drawn.type == raw.FPDF_PAGEOBJ_PATH:
            lines += 1
        elif drawn.level:  # its place is told within another object
            if not stamped or math.prod(drawn.get_px_size()) >= _LARGE:
                return True
        else:
            left, bottom, right, top = drawn.get_bounds()
            covered += (right - left) * (top - bottom)
    if stamped:
        return bool(covered >= _SCANNED * width * height)
    return bool(covered > _COVERED * width * height or lines >= _LINES)
