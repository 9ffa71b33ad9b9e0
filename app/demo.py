"""The demonstration: 331 documents in 49 languages, 38 queries, and how many find what they ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..connectors.files import FilesConnector
from ..retrieval.errors import ConfigurationError
from ..retrieval.filters import Filter, Match
from ..retrieval.text.language import language_and_variants
from ..retrieval.types import Hit
from .index import Index

FOLDER = Path(__file__).parent.parent / "examples" / "demo"
NAME = "demo"
TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A demo query, and the documents that answer it, by language. Empty when none is in the corpus."""

    id: str
    language: str
    text: str
    relevant: dict[str, str]
    """Document id to the language the manifest gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one query found. A figure is None when the corpus has no such document to find."""

    query: Query
    hits: list[Hit]
    own: bool | None
    other: bool | None


def connector() -> FilesConnector:
    """The demo corpus as a connector; its ids are the same wherever the project lies."""
    if not FOLDER.is_dir():
        raise ConfigurationError("The demo corpus is not installed. Clone the repository and run: make demo")
    return FilesConnector(FOLDER / "docs", name=NAME)


def queries() -> list[Query]:
    """The 38 queries with their relevant documents."""
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    found = []
    for line in (FOLDER / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        relevant = {
            f"{NAME}/{entry['path'].removeprefix('docs/')}": str(entry["lang"])
            for entry in manifest
            if entry["group"] in record["relevant_groups"]
        }
        found.append(Query(id=record["id"], language=record["lang"], text=record["text"], relevant=relevant))
    return found


def run(index: Index) -> Iterator[Outcome]:
    """Each query against all languages; then within its own language, and within the others only."""
    for query in queries():
        own_tags = language_and_variants(query.language)
        own_documents = {document for document, language in query.relevant.items() if language == query.language}
        other_documents = query.relevant.keys() - own_documents
        inside = Filter(must=(Match("language", own_tags),))
        outside = Filter(must_not=(Match("language", own_tags),))
        yield Outcome(
            query=query,
            hits=index.search(query.text, limit=TOP, per_document=1),
            own=_found(index, query.text, inside, own_documents),
            other=_found(index, query.text, outside, set(other_documents)),
        )


def _found(index: Index, text: str, where: Filter, wanted: set[str]) -> bool | None:
    if not wanted:
        return None
    hits = index.search(text, limit=TOP, filter=where, per_document=1)
    return any(hit.chunk.document_id in wanted for hit in hits)
