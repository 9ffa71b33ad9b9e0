"""Search: the request, and passages as they are found."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from ....retrieval.retriever import CANDIDATES, MAX_LIMIT
from .common import Request, Values

EXAMPLES: dict[str, Any] = {
    "any language finds any": {"value": {"query": "Recht auf Bildung", "limit": 5}},
    "Arabic, only German and Japanese passages": {
        "value": {"query": "الحق في التعليم", "languages": ["de", "ja"], "per_document": 1}
    },
    "Japanese, filtered": {"value": {"query": "金利リスクの管理", "filter": {"year": {"gte": 2020}}}},
    "one version of each document, the reader's": {"value": {"query": "right to education", "reader": ["uk", "en"]}},
    "Hindi, reranked": {"value": {"query": "शिक्षा का अधिकार", "rerank": True, "candidates": 30, "rerank_budget": 2.0}},
}

SIMILAR_EXAMPLES: dict[str, Any] = {
    "the second passage of a file": {"value": {"document_id": "uploads/отчёт.pdf", "ordinal": 1}},
    "only German and Japanese passages": {
        "value": {"document_id": "人权/第一条.md", "ordinal": 0, "languages": ["de", "ja"], "per_document": 1}
    },
}


class SearchRequest(Request):
    """A query in any language, as it was typed: it is neither translated nor routed."""

    query: str = Field(min_length=1, description="As typed, in any language.")
    limit: int = Field(10, ge=1, le=MAX_LIMIT, description="How many passages.")
    languages: list[str] | None = Field(
        None, max_length=200, description="Only these: BCP-47 tags or English names; `zh` includes both scripts."
    )
    sources: list[str] | None = Field(
        None, max_length=200, description="Only from these; `GET /overview` lists them to an admin key."
    )
    filter: Values | None = Field(
        None,
        description='On metadata: {"topic": ["health", "law"], "year": {"gte": 2020}}.',
    )
    score_threshold: float | None = Field(None, description="Drop passages of a lower cosine.")
    per_document: int | None = Field(None, ge=1, description="At most so many passages of one document.")
    rerank: bool = Field(False, description="Order the best candidates anew with the reranker.")
    candidates: int = Field(CANDIDATES, ge=1, le=MAX_LIMIT, description="Passages that the reranker reads.")
    rerank_budget: float | None = Field(None, gt=0, description="Seconds; past them the order of the search is kept.")
    reader: list[str] | None = Field(
        None,
        max_length=200,
        description="Languages of the reader, best first: of documents that are versions of one another (the same "
        "`translation_group`) one is shown, in the first of these that there is, else in that of the best passage.",
    )
    highlights: bool = Field(False, description="Also say where words of the query stand in each passage.")


class SimilarRequest(Request):
    """A stored passage, to which similar ones are sought."""

    document_id: str = Field(min_length=1, max_length=10_000, description="The document that it is in.")
    ordinal: int = Field(ge=0, lt=2**31, description="Its place in the document, from 0.")
    limit: int = Field(10, ge=1, le=MAX_LIMIT, description="How many passages.")
    languages: list[str] | None = Field(None, max_length=200, description="Only these, as in a search.")
    filter: Values | None = Field(None, description="On metadata, as in a search.")
    per_document: int | None = Field(None, ge=1, description="At most so many passages of one document.")


class WholePassage(BaseModel):
    """A passage: `start` and `end` are code points of the document's normalised text."""

    id: str
    document_id: str
    ordinal: int = Field(description="Its place in the document, from 0.")
    text: str
    start: int
    end: int
    language: str = Field(description="BCP-47; `und` where it is not known.")
    language_confidence: float
    title: str | None
    url: str | None
    metadata: dict[str, Any]


class FoundPassage(WholePassage):
    """A passage that was found."""

    score: float = Field(description="Orders the list; higher is better.")
    scores: dict[str, float] = Field(description="Of each stage: dense, rerank.")
    highlights: list[tuple[int, int]] | None = Field(None, description="Spans in code points of the passage.")


class SearchAnswer(BaseModel):
    """The passages found, best first."""

    hits: list[FoundPassage]
