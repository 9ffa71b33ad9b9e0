"""Answers: the question, and what comes back, whole or as events."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from ...answers.answerer import LIMIT
from .common import Request, Values
from .search import FoundPassage

EXAMPLES: dict[str, Any] = {
    "in the language of the question": {"value": {"question": "Wer hat das Recht auf Bildung?"}},
    "Arabic, from German and Japanese documents": {
        "value": {"question": "من له الحق في التعليم؟", "languages": ["de", "ja"], "limit": 5}
    },
    "Japanese, streamed": {"value": {"question": "教育を受ける権利は誰にありますか。", "stream": True}},
}


class AnswerRequest(Request):
    """A question in any language; the answer is in the same."""

    question: str = Field(min_length=1, description="As typed, in any language.")
    limit: int = Field(LIMIT, ge=1, le=50, description="Passages that the chat model reads at most.")
    languages: list[str] | None = Field(None, max_length=200, description="Only from passages in these languages.")
    filter: Values | None = Field(None, description="Only from documents whose metadata match, as in a search.")
    rerank: bool = Field(False, description="Order the passages by the reranker first.")
    stream: bool = Field(False, description="Answer with server-sent events, as the model writes.")


class CitationAnswer(BaseModel):
    """`[number]` in the answer: code points `start` to `end` of the document's text, which are `quote`."""

    number: int
    document_id: str
    chunk_id: str
    start: int
    end: int
    quote: str
    language: str
    title: str | None
    url: str | None


class AnswerReply(BaseModel):
    """An answer with its citations, or why there is none."""

    answer: str | None = Field(description="The text, or a sentence that says that there is no answer.")
    language: str | None = Field(description="Of the text; BCP-47.")
    language_ok: bool | None = Field(description="Whether that is the language of the question; null if uncertain.")
    citations: list[CitationAnswer]
    hits: list[FoundPassage] = Field(description="The passages that the model read; number n is the nth.")
    left_out: int = Field(description="Passages that were found and did not fit into the prompt.")
    abstained: bool
    reason: str | None = Field(
        description="Of an abstention: nothing_found, low_score, not_in_passages, uncited, or no_model where the "
        "server has no chat model: then the passages are all there is."
    )
    removed: int = Field(description="Citations of passages that do not exist, which were taken out.")
    attempts: int = Field(description="How often the model was asked.")
    model: str | None
