"""Passages and answers as JSON, the same wherever they are shown."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..retrieval.highlights import highlight
from ..retrieval.types import Chunk, Hit
from .answers.values import Answer


def hit_to_dict(hit: Hit, query: str | None = None) -> dict[str, Any]:
    """JSON-ready; `start` and `end` are code points of the document.

    With a query, `highlights` are the spans of its words, in code points of the passage; it costs more than the search.
    """
    found = {
        "score": round(hit.score, 6),
        "scores": {name: round(score, 6) for name, score in hit.scores.items()},
        **chunk_to_dict(hit.chunk),
    }
    if query is not None:
        found["highlights"] = [list(span) for span in highlight(query, hit.chunk.text)]
    return found


def chunk_to_dict(chunk: Chunk) -> dict[str, Any]:
    """JSON-ready, without what the ingest keeps for itself."""
    return {
        "id": chunk.id,
        "document_id": chunk.document_id,
        "title": chunk.title,
        "url": chunk.url,
        "language": chunk.language,
        "language_confidence": round(chunk.language_confidence, 3),
        "ordinal": chunk.ordinal,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "metadata": dict(chunk.metadata),
    }


def answer_to_dict(answer: Answer, query: str | None = None) -> dict[str, Any]:
    """JSON-ready; `query` as in `hit_to_dict`."""
    found: dict[str, Any] = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}
    found["citations"] = [dataclasses.asdict(citation) for citation in answer.citations]
    found["hits"] = [hit_to_dict(hit, query) for hit in answer.hits]
    return {"answer": found.pop("text"), **found}
