"""Whatever a user names as a source, as a connector."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from ..retrieval.errors import InputError
from ..retrieval.protocols import Connector
from ..retrieval.types import Document
from .documents import DocumentsConnector

Source: TypeAlias = str | Path | Connector | Document | Iterable[Document]


def connector_for(source: Source) -> Connector:
    """The connector that reads `source`: a connector, a file or folder, a document or an iterable of documents."""
    if isinstance(source, (str, Path)):
        from .files import FilesConnector

        if isinstance(source, str) and "://" in source and not source.startswith("file://"):
            raise InputError(f"No connector reads {source!r}. Give a file, a folder or documents.")
        return FilesConnector(Path(str(source).removeprefix("file://")))
    if isinstance(source, Document):
        return DocumentsConnector(items=[source])
    if isinstance(source, Iterable):
        return DocumentsConnector(items=source)
    if hasattr(source, "documents"):
        return source
    raise InputError(f"Cannot ingest a {type(source).__name__}. Give a path, a connector or an iterable of Document.")
