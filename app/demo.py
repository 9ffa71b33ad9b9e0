"""The demonstration: 331 documents in 49 languages, queries in each of them, and which find what they ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..connectors.files import FilesConnector
from ..retrieval.errors import ConfigurationError
from ..retrieval.filters import Filter, Match
from ..retrieval.text.language import language_and_variants
from ..retrieval.text.scripts import dominant_script
from ..retrieval.types import Hit
from .index import Index

FOLDER = Path(__file__).parent.parent / "examples" / "demo"
NAME = "demo"
TOP = 5
_TAGS = {"tl": ("fil",), "zh": ("zh-Hans",), "zh-TW": ("zh-Hant",)}
"""Tags of the chunks in a language of the manifest, where it says otherwise than BCP-47."""


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
    """What one query found; None where the corpus has no such document to find.

    `own`: a relevant document is the first of those in the query's language. `other`: one is among the first TOP of
    those in all other languages.
    """

    query: Query
    hits: list[Hit]
    own: bool | None
    other: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A language's queries: how many found a relevant document (`own`, `other` as in Outcome), of how many."""

    language: str
    script: str
    own: int
    own_of: int
    other: int
    other_of: int

    @property
    def finds(self) -> bool:
        """At least half of the queries find a relevant document, in their own language and in others."""
        return 0 < self.own_of <= 2 * self.own and 0 < self.other_of <= 2 * self.other


def connector() -> FilesConnector:
    """The demo corpus as a connector; its ids are the same wherever the project lies."""
    if not FOLDER.is_dir():
        raise ConfigurationError("The demo corpus is not installed. Clone the repository and run: make demo")
    return FilesConnector(FOLDER / "docs", name=NAME)


def queries() -> list[Query]:
    """The queries with their relevant documents."""
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
        tags = _TAGS.get(query.language) or language_and_variants(query.language)
        own_documents = {document for document, language in query.relevant.items() if language == query.language}
        other_documents = query.relevant.keys() - own_documents
        inside = Filter(must=(Match("language", tags),))
        outside = Filter(must_not=(Match("language", tags),))
        yield Outcome(
            query=query,
            hits=index.search(query.text, limit=TOP, per_document=1),
            own=_found(index, query.text, inside, own_documents, within=1),
            other=_found(index, query.text, outside, set(other_documents), within=TOP),
        )


def by_language(outcomes: Sequence[Outcome]) -> list[Tally]:
    """A tally for each language of the corpus that a query is in, sorted by language."""
    asked: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        asked.setdefault(outcome.query.language, []).append(outcome)
    tallies = [
        Tally(
            language=language,
            script=dominant_script("".join(outcome.query.text for outcome in own)),
            own=sum(outcome.own is True for outcome in own),
            own_of=sum(outcome.own is not None for outcome in own),
            other=sum(outcome.other is True for outcome in own),
            other_of=sum(outcome.other is not None for outcome in own),
        )
        for language, own in asked.items()
    ]
    return sorted(tallies, key=lambda tally: tally.language)


def _found(index: Index, text: str, where: Filter, wanted: set[str], *, within: int) -> bool | None:
    if not wanted:
        return None
    hits = index.search(text, limit=within, filter=where, per_document=1)
    return any(hit.chunk.document_id in wanted for hit in hits)
