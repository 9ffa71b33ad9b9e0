"""What the server's JSON stands for. Fields that a newer server adds are passed over."""

from __future__ import annotations

import base64
import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...connectors.report import MAX_SKIPS, Report
from ...retrieval.served.answers import in_order
from ...retrieval.types import UNDETERMINED, Chunk, Hit, Matrix, Skip
from ..access.values import Counts, Overview, Sample, StoredDocument, Summary
from ..server.jobs.job import FINISHED, Kind, State

if TYPE_CHECKING:
    from ..answers.values import Event

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What the key may see of the index, its model with the length of vector, and the version of the server.

    `scopes` is what the key may do, `fetch_pages` whether web pages can be added by URL; both None from older servers.
    """

    version: str
    model: str
    dim: int
    documents: int
    chunks: int
    languages: Mapping[str, int]
    scopes: Sequence[str] | None = None
    fetch_pages: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An ingest that goes on after its request.

    `items` is how many documents or files it was given, `attempt` how often it was begun (again after the server
    stopped in the middle: `interrupted`). Times are ISO 8601 in UTC. `report` is the outcome, or the outcome so far;
    `error` has `type` and `message`.
    """

    id: str
    kind: Kind
    items: int
    state: State
    created: str
    started: str | None = None
    finished: str | None = None
    attempt: int = 0
    report: Report | None = None
    error: Mapping[str, str] | None = None

    @property
    def over(self) -> bool:
        """Nothing more will happen to it: it is done, failed or cancelled."""
        return self.state in FINISHED


def job(values: Mapping[str, Any]) -> Job:
    """A job of the server."""
    stated = values["report"]
    return _made(Job, {**values, "report": None if stated is None else report(stated)})


def report(values: Mapping[str, Any]) -> Report:
    """What an ingest of the server did."""
    skips = tuple(Skip(id=skip["id"], reason=skip["reason"]) for skip in values["skips"])
    return _made(Report, {**values, "skips": skips})


def outcome(values: Mapping[str, Any]) -> Report | Job:
    """What became of documents that were sent: the report, or the job that goes on with them."""
    return job(values) if "state" in values else report(values["report"])


def hits(values: Mapping[str, Any]) -> list[Hit]:
    """The passages that a search found."""
    return [Hit(chunk=chunk(one), score=one["score"], scores=one["scores"]) for one in values["hits"]]


def chunk(values: Mapping[str, Any]) -> Chunk:
    """A passage; what the ingest keeps for itself (`origin`, `attached`) is not sent."""
    return _made(Chunk, values)


def stored_document(values: Mapping[str, Any]) -> StoredDocument:
    """A document with its passages."""
    common = {"document_id": values["id"], **{name: values[name] for name in ("title", "url", "metadata")}}
    return _made(StoredDocument, {**values, "passages": tuple(chunk(one | common) for one in values["passages"])})


def summaries(values: Mapping[str, Any]) -> tuple[list[Summary], str | None]:
    """A page of documents, and where the next begins; None at the end."""
    return [_made(Summary, one) for one in values["documents"]], values["next"]


def overview(values: Mapping[str, Any]) -> Overview:
    """What is stored, in numbers."""
    return _made(
        Overview, {**values, "languages": {tag: _made(Counts, one) for tag, one in values["languages"].items()}}
    )


def sample(values: Mapping[str, Any]) -> Sample:
    """Passages with their vectors."""
    passages = values["passages"]
    rows = b"".join(base64.b64decode(one["vector"]) for one in passages)
    vectors = np.frombuffer(rows, "<f4").astype(np.float32).reshape(len(passages), values["dimensions"])
    return Sample(chunks=tuple(chunk(one) for one in passages), vectors=vectors)


def answer_event(name: str, found: Mapping[str, Any]) -> Event:
    """What a server that writes an answer tells: the passages, a piece of text, the whole answer."""
    from ..answers.values import Answer, Citation, Passages, Text  # loads the index, which nothing else here needs

    if name == "text":
        return Text(found["text"])
    given = tuple(hits(found))
    if name == "passages":
        return Passages(hits=given, left_out=found["left_out"])
    citations = tuple(_made(Citation, one) for one in found["citations"])
    text, language, model = found["answer"] or "", found["language"] or UNDETERMINED, found["model"] or ""
    stated = {"text": text, "language": language, "model": model, "citations": citations, "hits": given}
    return _made(Answer, {**found, **stated})


def vectors(asked: Mapping[str, Any], found: Mapping[str, Any]) -> Matrix:
    """The vectors of the texts that were asked for, in their order."""
    rows = [base64.b64decode(item["embedding"]) for item in in_order(found["data"], len(asked["input"]))]
    return np.array([np.frombuffer(row, "<f4") for row in rows], np.float32)


def relevances(asked: Mapping[str, Any], found: Mapping[str, Any]) -> NDArray[np.float32]:
    """The relevances of the passages that were asked for, in their order."""
    items = in_order(found["results"], len(asked["documents"]))
    return np.array([item["relevance_score"] for item in items], np.float32)


def server_status(values: Mapping[str, Any]) -> ServerStatus:
    """What the server holds."""
    return _made(ServerStatus, {**values, "dim": values["dimensions"], "chunks": values["passages"]})


def together(reports: Sequence[Report]) -> Report:
    """Several reports as one; of the skips the first thousand."""
    languages: Counter[str] = Counter()
    needs_ocr: Counter[str] = Counter()
    for one in reports:
        languages.update(one.languages)
        needs_ocr.update(one.needs_ocr)
    counts = {name: sum(getattr(one, name) for one in reports) for name in _COUNTS}
    skips = tuple(skip for one in reports for skip in one.skips)[:MAX_SKIPS]
    return Report(
        source="api", skips=skips, languages=dict(languages.most_common()), needs_ocr=dict(needs_ocr), **counts
    )


_COUNTS = (
    "added", "updated", "unchanged", "deleted", "refused_deletions", "skipped", "embedded", "reused", "seconds"
)  # fmt: skip


def _made(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass of those values that are its fields. Raises TypeError when one is missing."""
    names: Iterable[str] = (field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]  # a dataclass
    return kind(**{name: values[name] for name in names if name in values})
