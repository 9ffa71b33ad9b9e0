"""Documents as they are posted, listed and read."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from ...access.sizes import MAX_TITLE, MAX_URL
from .common import MAX_ITEMS, Request, Values
from .jobs import IngestReport

EXAMPLES: dict[str, Any] = {
    "several languages": {
        "value": {
            "documents": [
                {"id": "udhr/de", "text": "Alle Menschen sind frei und gleich an Würde und Rechten geboren."},
                {"id": "udhr/ja", "text": "すべての人間は、生まれながらにして自由である。", "metadata": {"year": 1948}},
            ]
        }
    },
    "without an id": {"value": {"documents": [{"text": "มนุษย์ทั้งหลายเกิดมามีอิสระ", "language": "th"}]}},
}


class NewDocument(Request):
    """A document to store. The same id again replaces it; without one, the same content has the same id."""

    id: str | None = Field(None, min_length=1, max_length=2000, description="Any text; slashes and dots too.")
    text: str = Field(description="Plain text, of any length that the request may have.")
    title: str | None = Field(None, max_length=MAX_TITLE)
    url: str | None = Field(None, max_length=MAX_URL)
    language: str | None = Field(
        None, max_length=100, description="BCP-47, where it is known for certain; else it is detected."
    )
    metadata: Values = Field(default_factory=dict, description="Texts, numbers, booleans, lists of them, objects.")


class NewDocuments(Request):
    """Documents to store."""

    documents: list[NewDocument] = Field(min_length=1, max_length=MAX_ITEMS)


class IngestAnswer(BaseModel):
    """What became of the documents: their ids in the order given, and the report."""

    ids: list[str]
    report: IngestReport


PAGE_EXAMPLES: dict[str, Any] = {
    "articles of an encyclopedia": {
        "value": {
            "urls": [
                "https://ja.wikipedia.org/wiki/世界人権宣言",
                "https://ar.wikipedia.org/wiki/تعليم",
                "https://hi.wikipedia.org/wiki/शिक्षा",
            ]
        }
    }
}


class NewPages(Request):
    """Pages or files on the public web."""

    urls: list[str] = Field(min_length=1, description="http or https; what they link to is not read.")


class DocumentSummary(BaseModel):
    """A document in a list; `language` is that of its first passage, `passages` how many it has."""

    id: str
    title: str | None
    url: str | None
    language: str
    passages: int
    updated: str | None = Field(description="When this version was stored, ISO 8601 in UTC; null where not known.")


class DocumentPage(BaseModel):
    """Some documents; `next` goes into `after` of the next request, and is null at the end."""

    documents: list[DocumentSummary]
    next: str | None


class Passage(BaseModel):
    """A part of a document: `start` and `end` are code points of its normalised text."""

    id: str
    ordinal: int
    text: str
    start: int
    end: int
    language: str
    language_confidence: float


class StoredDocumentAnswer(BaseModel):
    """A document with its passages in order."""

    id: str
    title: str | None
    url: str | None
    languages: dict[str, int] = Field(description="Passages per language.")
    metadata: dict[str, Any]
    passages: list[Passage]


class Deleted(BaseModel):
    """How many passages went with the document."""

    id: str
    passages: int
