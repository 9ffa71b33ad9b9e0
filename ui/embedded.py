"""An index in this process, as one key sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..app.access.keys import EVERYONE, Key, Scope
from ..app.access.values import Summary
from ..app.access.view import View
from ..app.index import Index
from ..app.settings import described
from ..app.wiring import limits_for
from ..connectors.report import Report
from ..retrieval.highlights import Span, best_sentences
from .backend import Contents, Progress

if TYPE_CHECKING:
    from ..app.answers import Chat, Event
    from ..retrieval.compression import Measured


class Embedded:
    """See `Backend`; `chat` writes the answers."""

    def __init__(self, index: Index, key: Key, chat: Chat | None) -> None:
        self._index, self._key, self._chat = index, key, chat
        self._view = View(index, key)

    @property
    def seen(self) -> View:
        """See `Backend.seen`."""
        return self._view

    def allows(self, scope: Scope) -> bool:
        """See `Backend.allows`."""
        return self._key.allows(scope)

    def contents(self) -> Contents:
        """See `Backend.contents`; what only the owner of the machine may know, for an admin key."""
        documents, passages = self._view.counts()
        found = Contents(
            place="",
            model=self._view.model,
            dim=self._index.embedder.dim,
            quantization=self._index.manifest.quantization,
            documents=documents,
            passages=passages,
            languages=self._view.languages(),
        )
        if not self.allows("admin"):
            return found
        status, settings = self._index.status(), self._index.settings
        return replace(
            found,
            place=status.store,
            bytes=status.bytes,
            reranker=settings.reranker or "",
            chat="" if self._chat is None else self._chat.name,
            settings=described(settings),
        )

    def sentences(self, query: str, passages: Sequence[str]) -> list[Span | None]:
        """See `Backend.sentences`."""
        return best_sentences(query, passages, embedder=self._index.embedder)

    def stream_answer(self, question: str, *, languages: Sequence[str] | None = None) -> Iterator[Event]:
        """See `Backend.stream_answer`."""
        from ..app.answers import answerer_for, passages_alone

        if self._chat is None:
            return passages_alone(partial(self._view.search, question, languages=languages))
        return answerer_for(self._index, self._chat, search=self._view.search).stream(question, languages=languages)

    def plan(self) -> Measured | None:
        """See `Backend.plan`."""
        from ..app.planning import plan_index

        return plan_index(self._index) if self.allows("admin") else None

    def documents(self, *, after: str | None = None, limit: int = 100) -> tuple[Sequence[Summary], str | None]:
        """See `Backend.documents`."""
        page = self._view.documents(after=after, limit=limit)
        return page.documents, page.next

    @property
    def fetches(self) -> bool:
        """See `Backend.fetches`; whoever owns the machine may, and others where the setting says so."""
        return self._key == EVERYONE or self._index.settings.fetch_pages

    def ingest_page(self, url: str, progress: Progress) -> Report:
        """See `Backend.ingest_page`."""
        from ..connectors.web import PagesConnector  # 0.2 s, which the first result would wait for

        settings = self._index.settings
        page = PagesConnector([url], allow_hosts=settings.web_hosts, limits=limits_for(settings))
        return self._view.ingest(page, progress=progress)

    def ingest(self, files: Sequence[Path], progress: Progress) -> Report:
        """See `Backend.ingest`."""
        from ..app.server.sources import UploadedFiles

        return self._view.ingest(UploadedFiles(paths=files, limits=limits_for(self._index.settings)), progress=progress)
