"""PDF through PDFium, which keeps Arabic and Hebrew in reading order; with a check that the text is usable."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from ..content import Content, UnreadableError, as_title, check_length
from ..limits import Limits
from .pdf_text import needs_ocr, tidy_page

_GENERATED_TITLE = re.compile(
    r"^(untitled|microsoft (word|powerpoint)\b.*|.*\.(docx?|pptx?|indd|tex|dvi))$", re.IGNORECASE
)


def read(file: BinaryIO, limits: Limits) -> Content:
    """The pages' texts separated by empty lines.

    Metadata: `pages`, and `needs_ocr` when the text layer is likely wrong. Raises UnreadableError when there is none.
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
    pages: list[str] = []
    length = 0
    for page in document:
        textpage = page.get_textpage()
        text = textpage.get_text_range()
        textpage.close()
        page.close()
        length += len(text)
        check_length(length, limits.max_characters)
        pages.append(tidy_page(text))
    text = "\n\n".join(page for page in pages if page)
    if not any(character.isalnum() for character in text):
        raise UnreadableError("no text layer (scanned?): needs OCR")
    facts = document.get_metadata_dict(skip_empty=True)
    metadata: dict[str, Any] = {"pages": len(pages)}
    if author := as_title(facts.get("Author")):
        metadata["author"] = author
    if needs_ocr(text, len(pages)):
        metadata["needs_ocr"] = True
    title = as_title(facts.get("Title"))
    return Content(text=text, title=None if title and _GENERATED_TITLE.match(title) else title, metadata=metadata)
