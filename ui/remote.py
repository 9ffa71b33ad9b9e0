"""An index behind `interlingua serve`, through its client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..app.access.keys import Scope
from ..app.access.values import Summary
from ..app.answers import Event
from ..app.client.client import Client
from ..app.client.values import Job, ServerStatus
from ..connectors.report import Report
from ..retrieval.highlights import Span, best_sentences
from ..retrieval.types import Matrix
from .backend import Contents, Progress


class ServedModel:
    """The embedder of a server, through its client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_queries`."""
        return self._client.embed(texts, role="query")

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed_passages`."""
        return self._client.embed(texts)


class Remote:
    """See `Backend`. What its key may do is asked once."""

    def __init__(self, client: Client, url: str) -> None:
        self._client, self._url = client, url
        self._status: ServerStatus | None = None

    def _known(self) -> ServerStatus:
        if self._status is None:
            self._status = self._client.status()
        return self._status

    @property
    def seen(self) -> Client:
        """See `Backend.seen`."""
        return self._client

    def allows(self, scope: Scope) -> bool:
        """See `Backend.allows`; an older server says so only when it is tried."""
        scopes = self._known().scopes
        return scopes is None or scope in scopes or "admin" in scopes

    def contents(self) -> Contents:
        """See `Backend.contents`."""
        status = self._client.status()
        return Contents(
            place=self._url,
            model=status.model,
            dim=status.dim,
            documents=status.documents,
            passages=status.chunks,
            languages=status.languages,
        )

    def sentences(self, query: str, passages: Sequence[str]) -> list[Span | None]:
        """See `Backend.sentences`."""
        return best_sentences(query, passages, embedder=ServedModel(self._client))

    def stream_answer(self, question: str, *, languages: Sequence[str] | None = None) -> Iterator[Event]:
        """See `Backend.stream_answer`."""
        return self._client.stream_answer(question, languages=languages)

    def plan(self) -> None:
        """See `Backend.plan`: it is measured where the index is."""
        return

    def documents(self, *, after: str | None = None, limit: int = 100) -> tuple[Sequence[Summary], str | None]:
        """See `Backend.documents`."""
        return self._client.page(after=after, limit=limit)

    @property
    def fetches(self) -> bool:
        """See `Backend.fetches`."""
        return self._known().fetch_pages is not False

    def ingest_page(self, url: str, progress: Progress) -> Report:
        """See `Backend.ingest_page`."""
        return self._followed(self._client.add_pages([url]), progress)

    def ingest(self, files: Sequence[Path], progress: Progress) -> Report:
        """See `Backend.ingest`."""
        return self._followed(self._client.upload(files), progress)

    def _followed(self, job: Job, progress: Progress) -> Report:
        for found in self._client.follow(job):
            if found.report is not None:
                progress(found.report)
        done = self._client.wait(job)
        assert done.report is not None
        return done.report
