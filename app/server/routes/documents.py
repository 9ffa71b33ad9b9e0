"""Documents: add, list, read, delete, export. Uploads of files are in `uploads`."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Annotated, Any

from fastapi import Body, Path, Query, Request
from fastapi.responses import StreamingResponse

from ....connectors.web import PagesConnector
from ....retrieval.errors import ConfigurationError
from ....retrieval.types import Chunk
from ...access.keys import Key
from ...access.reading import MAX_PAGE
from ...access.values import StoredDocument
from ...presenting import chunk_to_dict
from ..access import ReadView, WriteView, service_of
from ..answers import Json
from ..errors import RequestError, not_found
from ..jobs.job import new_job
from ..limits import at_most
from ..schemas.common import errors
from ..schemas.documents import (
    EXAMPLES,
    PAGE_EXAMPLES,
    Deleted,
    DocumentPage,
    IngestAnswer,
    NewDocument,
    NewDocuments,
    NewPages,
    StoredDocumentAnswer,
)
from ..schemas.jobs import JobAnswer
from ..service import Service
from ..sources import write_documents, write_pages
from .jobs import accepted, outcome
from .parts import router

routes = router("documents")

_LINES = 100
_ID = Path(description="The id; percent-encode what a URL cannot hold.", examples=["udhr/ja", "uploads/отчёт.pdf"])


@routes.post(
    "/documents",
    response_model=IngestAnswer,
    responses={202: {"model": JobAnswer, "description": "It goes on as a job."}},
    summary="Add or replace documents",
)
async def add_documents(
    request: Request,
    asked: Annotated[NewDocuments, Body(openapi_examples=EXAMPLES)],
    seen: WriteView,
    wait: Annotated[bool, Query(description="False: answer at once with a job.")] = True,
) -> Json:
    """Store documents; one that is stored already, unchanged, costs a lookup.

    The answer is the report. What takes longer than one request may, and what waits behind a long job, goes on as a
    job: status 202, and the place of the job in the header Location.
    """
    service = service_of(request)
    at_most(len(asked.documents), service.limits.documents, what="Documents", setting="max_documents")
    documents = [_fields(document, seen.key) for document in asked.documents]
    job = new_job("documents", key=seen.key, items=len(documents))
    folder = await asyncio.to_thread(service.jobs.room, job)
    try:
        await asyncio.to_thread(write_documents, folder, documents)
        future = await asyncio.to_thread(service.jobs.submit, job)
    except Exception:  # a full disk
        await asyncio.to_thread(service.jobs.withdraw, job)
        raise
    done = await outcome(service, job.id, future) if wait else None
    if done is None:
        return accepted(service, job)
    return Json({"ids": [document["id"] for document in documents], "report": done.report})


@routes.post(
    "/documents/pages", status_code=202, response_model=JobAnswer, responses=errors(403), summary="Add web pages"
)
async def add_pages(
    request: Request, asked: Annotated[NewPages, Body(openapi_examples=PAGE_EXAMPLES)], seen: WriteView
) -> Json:
    """Read pages or files of the public web, and store them under their URLs; answers with a job.

    Only where the setting `fetch_pages` allows it. Addresses that are not public are never asked.
    """
    service = service_of(request)
    if not service.settings.fetch_pages:
        raise RequestError(403, "forbidden", "This server reads no web pages: its setting `fetch_pages` is off.")
    at_most(len(asked.urls), service.limits.documents, what="URLs", setting="max_documents")
    try:
        PagesConnector(asked.urls)
    except ConfigurationError as error:
        raise RequestError(422, "invalid_request", str(error)) from None
    job = new_job("pages", key=seen.key, items=len(asked.urls))
    folder = await asyncio.to_thread(service.jobs.room, job)
    try:
        await asyncio.to_thread(write_pages, folder, asked.urls)
        await asyncio.to_thread(service.jobs.submit, job)
    except Exception:  # a full disk
        await asyncio.to_thread(service.jobs.withdraw, job)
        raise
    return accepted(service, job)


def _fields(document: NewDocument, key: Key) -> dict[str, Any]:
    """The fields of a `Document`; the id is the one that it will be stored under."""
    values = document.model_dump()
    if values["id"] is None:
        content = json.dumps([document.title, document.url, document.text]).encode()
        values["id"] = f"text-{hashlib.blake2b(content, digest_size=16).hexdigest()}"
    return {**values, "id": key.own(values["id"])}


@routes.get("/documents", response_model=DocumentPage, summary="List documents")
async def list_documents(
    request: Request,
    seen: ReadView,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> Json:
    """The documents in a fixed order, a page at a time."""
    page = await service_of(request).slow.run(seen.documents, after=after, limit=limit)
    return Json({"documents": [dataclasses.asdict(one) for one in page.documents], "next": page.next})


@routes.get("/documents/{id:anything}", response_model=StoredDocumentAnswer, responses=errors(404), summary="Read one")
async def get_document(request: Request, id: Annotated[str, _ID], seen: ReadView) -> Json:
    """A document with its passages in order."""
    found = await service_of(request).quick.run(seen.document, id)
    if found is None:
        raise not_found("document")
    return Json(_shown(found))


def _shown(document: StoredDocument) -> dict[str, Any]:
    passages = [chunk_to_dict(chunk) for chunk in document.passages]
    for passage in passages:
        for name in ("document_id", "title", "url", "metadata"):
            del passage[name]
    return {
        "id": document.id,
        "title": document.title,
        "url": document.url,
        "languages": dict(document.languages),
        "metadata": dict(document.metadata),
        "passages": passages,
    }


@routes.delete("/documents/{id:anything}", response_model=Deleted, responses=errors(404), summary="Delete one")
async def delete_document(request: Request, id: Annotated[str, _ID], seen: WriteView) -> Json:
    """Delete a document, all its passages with it."""
    removed = await service_of(request).quick.run(seen.delete, id)
    if not removed:
        raise not_found("document")
    return Json({"id": id, "passages": removed})


_JSONL: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One passage per line, as JSON.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
}


@routes.get("/export", response_class=StreamingResponse, responses=_JSONL, summary="Export every passage")
async def export_passages(request: Request, seen: ReadView) -> StreamingResponse:
    """Every passage as a line of JSON, in a fixed order. An answer that is cut off ends without its last chunk."""
    service = service_of(request)
    chunks = seen.chunks()
    first = await service.slow.run(_lines, chunks)  # what fails at once is answered as an error
    return StreamingResponse(_export(service, chunks, first), media_type="application/x-ndjson")


async def _export(service: Service, chunks: Iterator[Chunk], first: str) -> AsyncIterator[str]:
    lines = first
    try:
        while lines:
            yield lines
            lines = await service.slow.run(_lines, chunks)
    finally:
        with contextlib.suppress(ValueError):  # it is being read in a thread this moment, and ends with that
            chunks.close()  # type: ignore[attr-defined]  # a generator


def _lines(chunks: Iterator[Chunk]) -> str:
    batch = islice(chunks, _LINES)
    return "".join(json.dumps(chunk_to_dict(chunk), ensure_ascii=False) + "\n" for chunk in batch)
