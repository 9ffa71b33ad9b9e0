"""`Client`: an index behind an Interlingua server, with the methods of an index in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ...connectors.report import Report
from ...retrieval.errors import StoreError
from ...retrieval.retriever import CANDIDATES
from ...retrieval.types import Chunk, Document, Hit, Matrix
from ..access.values import Overview, Sample, StoredDocument, Summary
from . import values
from .connection import Connection
from .failures import AbsentError, kind_of
from .sending import batches, encode, form, named_once, parts, place, quoted
from .values import Job, ServerStatus

if TYPE_CHECKING:
    from ..answers.values import Answer, Event

T = TypeVar("T")

ANSWER_SECONDS = 150.0
"""Between two bytes of an answer as it is written; a server waits 120 s for its chat model (`chat_timeout`)."""
_PAGE = 500


class Client:
    """An index behind a server, as one key sees it. Safe to share between the threads of a process.

    Nothing is sent before the first call. A call that fails because the server is busy, starts again or is not reached
    is made again, after a random time that grows, or as the server asks.

    Args:
        url: where the server is, as http://HOST:PORT, with a path where it has one.
        key: an API key of the server, where it wants one.
        timeout: seconds without a byte of an answer; longer than the server's `request_timeout`.
        patience: seconds after which a call that fails again and again is given up.

    Raises (every method):
        ConfigurationError: the URL or the key cannot be one, is not known or may not do this; or it is no such server.
        InputError, FilterError: the server refuses what was asked for.
        EmbedderError: its model failed.
        StoreError: it is not reached, does not answer in time or has more to do than it takes on.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 60.0, patience: float = 10.0) -> None:
        self._connection = Connection(url, key, timeout=timeout, patience=patience)

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,
        score_threshold: float | None = None,
        per_document: int | None = None,
        rerank: bool = False,
        candidates: int = CANDIDATES,
        rerank_budget: float | None = None,
        reader: str | Sequence[str] | None = None,
    ) -> list[Hit]:
        """The best passages in any language, as `Index.search` finds them; see `Retriever.search`.

        Scores come with six digits, confidences with three; `origin` and `attached` of a chunk stay on the server.
        """
        asked = {
            "query": query,
            "limit": limit,
            "languages": None if languages is None else list(languages),
            "sources": None if sources is None else list(sources),
            "filter": filter,
            "score_threshold": score_threshold,
            "per_document": per_document,
            "rerank": rerank,
            "candidates": candidates,
            "rerank_budget": rerank_budget,
            "reader": [reader] if isinstance(reader, str) else None if reader is None else list(reader),
        }
        return self._posted("/search", asked, values.hits)

    def similar(
        self,
        document_id: str,
        ordinal: int,
        *,
        limit: int = 10,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,
        per_document: int | None = None,
    ) -> list[Hit] | None:
        """The passages of other documents that are nearest to a stored one; None where there is no such passage."""
        asked = {
            "document_id": document_id,
            "ordinal": ordinal,
            "limit": limit,
            "languages": None if languages is None else list(languages),
            "filter": filter,
            "per_document": per_document,
        }
        try:
            return self._posted("/similar", asked, values.hits)
        except AbsentError:
            return None

    def answer(
        self,
        question: str,
        *,
        limit: int = 8,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,
        rerank: bool = False,
    ) -> Answer:
        """The answer of the server's chat model, with citations; see `Answerer.answer`.

        Without a chat model there, it abstains with the reason `no_model`, and `hits` has the passages. Raises
        ChatError when the model failed.
        """
        *_, last = self.stream_answer(question, limit=limit, languages=languages, filter=filter, rerank=rerank)
        return cast("Answer", last)

    def stream_answer(
        self,
        question: str,
        *,
        limit: int = 8,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,
        rerank: bool = False,
    ) -> Iterator[Event]:
        """What was found, then pieces of text, at last the whole answer; see `Answerer.stream`. Raises as `answer`."""
        asked = {
            "question": question,
            "limit": limit,
            "languages": None if languages is None else list(languages),
            "filter": filter,
            "rerank": rerank,
            "stream": True,
        }
        return self._connection.told(
            "/answer", values.answer_event, content=encode(asked), timeout=ANSWER_SECONDS, last="answer"
        )

    def languages(self) -> dict[str, int]:
        """Chunks per language tag, most first."""
        return self._connection.ask("GET", "/languages", lambda found: dict(found["languages"]))

    def facets(self, key: str) -> dict[str, int]:
        """Chunks per value of `language` or of a key of the metadata, most first. Raises FilterError."""
        return self._connection.ask("GET", f"/facets/{quoted(key)}", lambda found: dict(found["values"]))

    def status(self) -> ServerStatus:
        """Counts and model."""
        return self._connection.ask("GET", "/status", values.server_status)

    def overview(self) -> Overview:
        """Documents and passages, by language and by source; see `View.overview`."""
        return self._connection.ask("GET", "/overview", values.overview)

    def sample(self, limit: int = 500) -> Sample:
        """A uniform sample of the chunks with their vectors, at most 2,000; see `View.sample`."""
        return self._connection.ask("GET", "/sample", values.sample, params={"limit": limit})

    def unsure(self, limit: int = 50) -> list[Chunk]:
        """Chunks whose language is not known, or told with little confidence; see `View.unsure`."""
        return self._connection.ask(
            "GET", "/unsure", lambda found: [values.chunk(one) for one in found["passages"]], params={"limit": limit}
        )

    def documents(self) -> Iterator[Summary]:
        """All documents, in a fixed order, a page at a time."""
        after: str | None = None
        while True:
            page, after = self.page(after=after, limit=_PAGE)
            yield from page
            if after is None:
                return

    def page(self, *, after: str | None = None, limit: int = 100) -> tuple[list[Summary], str | None]:
        """Some documents, in a fixed order, and what asks for those after them: None at the end."""
        asked: dict[str, str | int] = {"limit": limit} | ({} if after is None else {"after": after})
        return self._connection.ask("GET", "/documents", values.summaries, params=asked)

    def document(self, document_id: str) -> StoredDocument | None:
        """One document with its passages; None where there is none."""
        try:
            return self._connection.ask("GET", f"/documents/{quoted(document_id)}", values.stored_document)
        except AbsentError:
            return None

    def delete(self, *document_ids: str) -> int:
        """Delete documents by id; how many chunks that removed (none, where a lost answer made it ask twice)."""
        return sum(self._deleted(document_id) for document_id in document_ids)

    def add(self, documents: Iterable[Document]) -> Report:
        """Add documents, or replace those of the same ids, some at a time; returns when all are stored.

        Their revisions are not sent: the server compares the contents. Raises what an ingest on the server failed of;
        the documents before that are stored.
        """
        return values.together([self._added(batch) for batch in batches(documents)])

    def upload(self, paths: Iterable[str | Path]) -> Job:
        """Send files, to become the documents `uploads/NAME` and `uploads/NAME#KEY` (the rows of tables).

        Returns once all have arrived; `wait` for the job, or `follow` it. Files are read as they are sent.

        Raises:
            InputError: there is none, one cannot be read, or two have the same name.
        """
        files = named_once(paths)
        return self._connection.send_files("/documents/files", lambda opened: form(files, opened), values.job)

    def add_pages(self, urls: Iterable[str]) -> Job:
        """Have pages of the public web read and stored under their URLs; `wait` for the job, or `follow` it.

        Raises ConfigurationError where the server's setting `fetch_pages` does not allow it, InputError for no URL.
        """
        return self._posted("/documents/pages", {"urls": list(urls)}, values.job)

    def job(self, job: Job | str) -> Job:
        """A job as it is now, by itself or its id."""
        return self._connection.ask("GET", place(job), values.job)

    def jobs(self) -> list[Job]:
        """The jobs of this key, the newest first."""
        return self._connection.ask("GET", "/jobs", lambda found: [values.job(one) for one in found["jobs"]])

    def follow(self, job: Job | str) -> Iterator[Job]:
        """The job each time that something happens to it, up to its end; taken up again when the connection breaks."""
        for found in self._connection.events(f"{place(job)}/events", values.job):
            yield found
            if found.over:
                return
        yield self.job(job)  # its last event was missed

    def wait(self, job: Job | str) -> Job:
        """The job once it is done. Raises what it failed of, and StoreError when it was cancelled."""
        *_, found = self.follow(job)
        error = found.error or {}
        if found.state == "failed":
            raise kind_of(error.get("type"), 500)(f"The job {found.id} failed: {error.get('message')}")
        if found.state == "cancelled":
            raise StoreError(f"The job {found.id} was cancelled. What it had written stays; send the rest again.")
        return found

    def cancel(self, job: Job | str) -> Job:
        """Stop a job: at once while it waits, at its next batch once it runs. What it has written stays."""
        return self._connection.ask("DELETE", place(job), values.job)

    def export(self) -> Iterator[Chunk]:
        """Every chunk, in a fixed order, as it comes. Raises StoreError when the connection breaks before the end."""
        return self._connection.lines("/export", values.chunk)

    def embed(
        self, texts: Sequence[str], *, role: Literal["query", "passage"] = "passage", dimensions: int | None = None
    ) -> Matrix:
        """A unit vector for each text by the model of the index, shape (len(texts), `dimensions` or the model's).

        Many models embed queries and passages differently. Raises InputError for an empty text.
        """
        if not texts:
            return np.zeros((0, dimensions or self.status().dim), np.float32)
        common = {"input_type": role, "dimensions": dimensions, "encoding_format": "base64"}
        bodies = [common | {"input": part} for part in parts(texts)]
        return np.concatenate([self._posted("/v1/embeddings", body, partial(values.vectors, body)) for body in bodies])

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Relevance of each passage, shape (len(passages),), in the order given; higher is better, in [0, 1].

        Raises:
            ConfigurationError: the server has no reranker.
        """
        bodies = [{"query": query, "documents": part} for part in parts(passages)]
        scores = [self._posted("/v1/rerank", body, partial(values.relevances, body)) for body in bodies]
        return np.concatenate([np.zeros(0, np.float32), *scores])

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _posted(self, path: str, body: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        return self._connection.ask("POST", path, read, content=encode(body))

    def _deleted(self, document_id: str) -> int:
        try:
            return self._connection.ask(
                "DELETE", f"/documents/{quoted(document_id)}", lambda done: int(done["passages"])
            )
        except AbsentError:
            return 0

    def _added(self, documents: Sequence[bytes]) -> Report:
        """The report of one request, or of the job that it became."""
        body = b'{"documents":[%s]}' % b",".join(documents)
        made = self._connection.ask("POST", "/documents", values.outcome, content=body)
        report = self.wait(made).report if isinstance(made, Job) else made
        if report is None:
            raise StoreError(f"{self._connection.name} says that it is done, and has no report.")
        return report
