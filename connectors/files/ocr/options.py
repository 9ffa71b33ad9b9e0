"""How pages are read by OCR, and what may be spent on that."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from ....retrieval.errors import ConfigurationError

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ocr:
    """Options of reading pages from their picture. It is done where the extra `ocr` and tesseract are installed.

    A full page takes 2 to 6 s on one core of a busy machine, and is looked at up to five times where its language or
    how it is turned has to be found out first: a document costs at most five times `max_pages` times
    `max_page_seconds`.

    Attributes:
        enabled: Whether it is done at all.
        languages: That scans are in, in BCP-47 (`de`, `zh-Hant`). They go before what the document's other pages are
            in, but for a page whose own text shows another script. Without either, tesseract tells the script, and the
            language is told from what it reads.
        dpi: Dots per inch that a page is drawn with.
        max_pages: Pages of one document that are read; of what is left the document says so.
        max_page_seconds: Time for one look at a page.
        max_pixels: Of the picture of one page, a byte each; a larger page is drawn with fewer dots per inch.
    """

    enabled: bool = True
    languages: tuple[str, ...] = ()
    dpi: int = 300
    max_pages: int = 100
    max_page_seconds: float = 60.0
    max_pixels: int = 25_000_000

    def __post_init__(self) -> None:
        for tag in self.languages:
            if not _TAG.fullmatch(tag):
                raise ConfigurationError(f"ocr: {tag!r} is no language. Write it as de, hi or zh-Hant.")
        for name in ("dpi", "max_pages", "max_page_seconds", "max_pixels"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"ocr: {name} is {getattr(self, name)}; it has to be more than 0.")

    def key(self) -> dict[str, Any]:
        """All of it as JSON values; equal for options under which a page is read alike."""
        return asdict(self)
