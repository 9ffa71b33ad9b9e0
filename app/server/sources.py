"""What a job ingests, read back from its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...connectors.files import FilesConnector
from ...connectors.files.limits import Limits
from ...retrieval.protocols import Connector
from ...retrieval.types import Document, Pending, Skip
from ..settings import Settings
from ..wiring import limits_for
from .jobs.job import Job

DOCUMENTS = "documents.jsonl"
PAGES = "pages.json"
UPLOADED = "uploads"
"""Begins the ids of uploaded files, after the key's prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocuments:
    """Documents that were posted, one JSON object per line."""

    path: Path
    source: str = "api"
    complete: bool = False

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """See `Connector.documents`."""
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                yield Document(**json.loads(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFiles:
    """Files that were uploaded, each in a folder of its own, read by the connector for files.

    Where they lie on the server is nobody's business: their documents have no URL.
    """

    paths: Sequence[Path]
    limits: Limits = field(default_factory=Limits)
    source: str = UPLOADED
    complete: bool = False

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """See `Connector.documents`."""
        for path in self.paths:
            for item in FilesConnector(path, name=UPLOADED, limits=self.limits).documents():
                yield _without_url(item)


def write_documents(folder: Path, documents: Sequence[dict[str, Any]]) -> None:
    """Put documents (fields of `Document`) where `source_of` finds them."""
    with (folder / DOCUMENTS).open("w", encoding="utf-8") as file:
        for document in documents:
            file.write(json.dumps(document) + "\n")


def write_pages(folder: Path, urls: Sequence[str]) -> None:
    """Put URLs where `source_of` finds them."""
    (folder / PAGES).write_text(json.dumps(list(urls)), encoding="utf-8")


def source_of(job: Job, folder: Path, settings: Settings) -> Connector:
    """The connector that reads what `job` is to ingest."""
    if job.kind == "documents":
        return StoredDocuments(path=folder / DOCUMENTS)
    if job.kind == "pages":
        from ...connectors.web import PagesConnector  # 0.2 s, for what few servers do

        urls = json.loads((folder / PAGES).read_text(encoding="utf-8"))
        return PagesConnector(urls, allow_hosts=settings.web_hosts, limits=limits_for(settings))
    return UploadedFiles(paths=sorted(folder.glob("*/*")), limits=limits_for(settings))


def _without_url(item: Document | Pending | Skip) -> Document | Pending | Skip:
    if isinstance(item, Document):
        return replace(item, url=None)
    if isinstance(item, Skip):
        return item

    def read() -> Document | Skip:
        found = item.read()
        return replace(found, url=None) if isinstance(found, Document) else found

    return replace(item, read=read)
