"""Run a connector to its end, as the ingestor does."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from interlingua.connectors.files import FilesConnector
from interlingua.retrieval.types import Document, Pending, Skip


def read_all(path: Path, **options: Any) -> tuple[dict[str, Document], dict[str, Skip]]:
    """Documents and skips by id, with every Pending read. Fails when an id comes twice."""
    documents: dict[str, Document] = {}
    skips: dict[str, Skip] = {}
    for item in FilesConnector(path, **options).documents():
        found = item.read() if isinstance(item, Pending) else item
        assert found.id == item.id
        found.id.encode("utf-8")
        assert found.id not in documents
        if isinstance(found, Document):
            documents[found.id] = found
        else:
            skips[found.id] = found
    return documents, skips


def read_one(path: Path, **options: Any) -> Document:
    """The only document of a file."""
    documents, skips = read_all(path, **options)
    assert not skips, skips
    assert len(documents) == 1
    return next(iter(documents.values()))


def reason_of(path: Path, **options: Any) -> str:
    """Why a file gives no document at all."""
    documents, skips = read_all(path, **options)
    assert not documents
    assert len(skips) == 1
    return next(iter(skips.values())).reason


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
