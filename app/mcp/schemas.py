"""What the tools take and give, as the descriptions and JSON schemas that a language model reads."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ...connectors.report import Report
from ...retrieval.types import Chunk, Hit
from ..access.sizes import MAX_TITLE, MAX_URL

MAX_QUERY = 4_000
MAX_TEXT = 1_000_000
MAX_DOCUMENTS = 100


class Arguments(BaseModel):
    """What a tool takes: nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class Search(Arguments):
    """Arguments of `search`."""

    query: str = Field(
        max_length=MAX_QUERY,
        description="The question in the user's own words and language. Do not translate it: passages in other "
        "languages are found anyway.",
    )
    limit: int = Field(8, ge=1, le=50, description="How many passages.")
    languages: list[str] | None = Field(
        None,
        max_length=50,
        description="Only passages in these languages (de, zh-Hant, or German). Leave it out unless the user asks for "
        "sources in certain languages.",
    )
    filter: dict[str, Any] | None = Field(
        None,
        description='Conditions on metadata: {"topic": "health"} equals, {"topic": ["health", "law"]} any of, '
        '{"year": {"gte": 2020}} range, {"status": {"not": ["draft"]}} none of, {"author": {"exists": true}}.',
    )
    per_document: int | None = Field(None, ge=1, description="At most so many passages of one document.")
    reader: list[str] | None = Field(
        None,
        max_length=50,
        description="Languages that the user reads, best first (de, or German): of the translations of a document "
        "only the one that suits best is shown. Documents without one in these languages are found all the same.",
    )


class GetDocument(Arguments):
    """Arguments of `get_document`."""

    document_id: str = Field(min_length=1, max_length=4_000, description="The document_id of a passage that was found.")
    start: int = Field(0, ge=0, description="Where to begin, in characters; next_start of the answer before goes on.")
    characters: int = Field(20_000, ge=500, le=200_000, description="About how much text to return at once.")


class ListLanguages(Arguments):
    """Arguments of `list_languages`: none."""


class NewDocument(Arguments):
    """One document to add."""

    id: str = Field(min_length=1, max_length=1_000, description="Stable name; the same id again replaces the document.")
    text: str = Field(max_length=MAX_TEXT, description="The text, in whatever language it is. Do not translate it.")
    title: str | None = Field(None, max_length=MAX_TITLE)
    url: str | None = Field(None, max_length=MAX_URL)
    language: str | None = Field(
        None, max_length=100, description="BCP-47 tag, only where it is known for certain; else detected."
    )
    metadata: dict[str, Any] = Field(default_factory=dict, description="Anything to filter on later.")


class Ingest(Arguments):
    """Arguments of `ingest`."""

    documents: list[NewDocument] = Field(min_length=1, max_length=MAX_DOCUMENTS)


class Passage(BaseModel):
    """A passage: `text` is characters `start` to `end` of the document."""

    document_id: str
    title: str | None
    url: str | None
    language: str
    start: int
    end: int
    text: str
    score: float | None = Field(None, description="Higher is nearer; comparable within one search only.")
    metadata: dict[str, Any] = Field(default_factory=dict)


class Found(BaseModel):
    """What `search` gives: passages, best first."""

    passages: list[Passage]


class Text(BaseModel):
    """What `get_document` gives."""

    document_id: str
    title: str | None
    url: str | None
    languages: dict[str, int]
    metadata: dict[str, Any]
    passages: list[Passage]
    next_start: int | None = Field(description="Ask again with this start for the rest; null at the end.")


class Language(BaseModel):
    """One language of the index."""

    tag: str
    name: str
    passages: int


class Languages(BaseModel):
    """What `list_languages` gives, most passages first."""

    documents: int
    passages: int
    languages: list[Language]


class Skipped(BaseModel):
    """A document that was not stored, and why."""

    id: str
    reason: str


class Ingested(BaseModel):
    """What `ingest` did, in documents."""

    added: int
    updated: int
    unchanged: int
    skipped: list[Skipped]


def found(hits: list[Hit]) -> Found:
    """The answer to a search."""
    return Found(passages=[passage(hit.chunk, hit.score) for hit in hits])


def passage(chunk: Chunk, score: float | None = None) -> Passage:
    """A chunk as a passage."""
    return Passage(
        document_id=chunk.document_id,
        title=chunk.title,
        url=chunk.url,
        language=chunk.language,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        score=None if score is None else round(score, 4),
        metadata={} if score is None else dict(chunk.metadata),  # a whole document says it once
    )


def ingested(report: Report) -> Ingested:
    """The answer to an ingest."""
    return Ingested(
        added=report.added,
        updated=report.updated,
        unchanged=report.unchanged,
        skipped=[Skipped(id=skip.id, reason=skip.reason) for skip in report.skips],
    )
