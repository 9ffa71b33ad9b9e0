"""Whatever a user names as a source, as a connector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from ..retrieval.errors import InputError
from ..retrieval.protocols import Connector
from ..retrieval.types import Document
from .documents import DocumentsConnector
from .files.limits import Limits

Source: TypeAlias = str | Path | Connector | Document | Iterable[Document]


def connector_for(source: Source, *, web_hosts: Sequence[str] = (), limits: Limits | None = None) -> Connector:
    """The connector that reads `source`: a connector, a file or folder, a URL, a document or an iterable of documents.

    An `http` or `https` URL is the page or the file there, and no page that it links to; besides public hosts it may be
    on `web_hosts` (the setting of that name). Other URLs (`s3://…`, `sftp://…`) are folders of remote file systems.
    `limits` are those of what is read, where `source` is no connector.
    Raises InputError, and ConfigurationError for no URL.
    """
    limits = limits or Limits()
    if isinstance(source, (str, Path)):
        from .files import FilesConnector

        if isinstance(source, str) and "://" in source and not source.startswith("file://"):
            return _of_url(source, web_hosts, limits)
        return FilesConnector(Path(str(source).removeprefix("file://")), limits=limits)
    if isinstance(source, Document):
        return DocumentsConnector(items=[source])
    if isinstance(source, Iterable):
        return DocumentsConnector(items=source)
    if hasattr(source, "documents"):
        return source
    raise InputError(f"Cannot ingest a {type(source).__name__}. Give a path, a connector or an iterable of Document.")


def _of_url(url: str, web_hosts: Sequence[str], limits: Limits) -> Connector:
    if url.startswith(("http://", "https://")):
        from .web import PagesConnector

        return PagesConnector([url], allow_hosts=web_hosts, limits=limits)
    from .remote import RemoteConnector

    return RemoteConnector(url, limits=limits)
