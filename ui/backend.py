"""What the pages need of an index: the one interface behind which it is in this process, or on a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..app.access.keys import Scope
from ..app.access.values import Overview, Sample, StoredDocument, Summary
from ..connectors.report import Report
from ..retrieval.highlights import Span
from ..retrieval.types import Chunk, Hit

if TYPE_CHECKING:
    from ..app.answers.values import Event
    from ..retrieval.compression import Measured

Filters = Mapping[str, Any]
"""The filter language of a search: see `retrieval.filters`."""
Progress = Callable[[Report], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an index holds and what made it. None for what the caller may not know, or a server does not tell.

    `reranker` and `chat` are the empty string where there is none; `settings` are rows of name, value and origin.
    """

    place: str
    model: str
    dim: int
    documents: int
    passages: int
    languages: Mapping[str, int]
    quantization: str | None = None
    bytes: int | None = None
    reranker: str | None = None
    chat: str | None = None
    settings: Sequence[tuple[str, str, str]] | None = None


class Seen(Protocol):
    """What one caller sees of an index: a `View` in this process and a `Client` of a server have these methods."""

    def search(
        self,
        query: str,
        *,
        limit: int,
        languages: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
        filter: Filters | None = None,
        per_document: int | None = None,
        rerank: bool = False,
        reader: str | None = None,
    ) -> list[Hit]:
        """The best passages, best first."""
        ...

    def similar(self, document_id: str, ordinal: int, *, limit: int) -> list[Hit] | None:
        """The passages of other documents nearest to a stored one; None where that is not there."""
        ...

    def languages(self) -> dict[str, int]:
        """Passages per language tag, most first."""
        ...

    def facets(self, key: str) -> dict[str, int]:
        """Passages per value of a key of the metadata, most first."""
        ...

    def overview(self) -> Overview:
        """Counts per language and source."""
        ...

    def sample(self, limit: int) -> Sample:
        """Passages with their vectors, drawn uniformly."""
        ...

    def unsure(self, limit: int) -> list[Chunk]:
        """Passages whose language is not known, or not sure."""
        ...

    def document(self, document_id: str) -> StoredDocument | None:
        """One document with its passages; None where there is none."""
        ...

    def delete(self, document_id: str) -> int:
        """Delete a document; how many passages that removed."""
        ...


class Backend(Protocol):
    """An index as one caller sees it. Every method raises InterlinguaError; safe to share between sessions."""

    @property
    def seen(self) -> Seen:
        """What may be read and deleted."""
        ...

    def allows(self, scope: Scope) -> bool:
        """Whether the caller may do what needs `scope`."""
        ...

    @property
    def fetches(self) -> bool:
        """Whether `ingest_page` is allowed, as far as that is known."""
        ...

    def contents(self) -> Contents:
        """Counts, model, languages."""
        ...

    def sentences(self, query: str, passages: Sequence[str]) -> list[Span | None]:
        """Of each passage the sentence closest to the query, in code points; None where it has only one."""
        ...

    def stream_answer(self, question: str, *, languages: Sequence[str] | None = None) -> Iterator[Event]:
        """What was found, pieces of text, at last the whole answer."""
        ...

    def plan(self) -> Measured | None:
        """What smaller vectors would cost; None where that cannot be measured from here."""
        ...

    def documents(self, *, after: str | None = None, limit: int = 100) -> tuple[Sequence[Summary], str | None]:
        """A page of documents, and what asks for the next; None at the end."""
        ...

    def ingest_page(self, url: str, progress: Progress) -> Report:
        """Store a page or a file of the public web under its URL; returns when that is done."""
        ...

    def ingest(self, files: Sequence[Path], progress: Progress) -> Report:
        """Store files as documents `uploads/NAME`; returns when all are stored."""
        ...
