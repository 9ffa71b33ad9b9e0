"""One file as one document: which format, and where its parser runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from ...retrieval.types import Document, MetadataValue, Skip
from .content import Content, UnreadableError, check_length, well_formed
from .limits import Limits
from .ocr.reread import reread
from .ocr.tesseract import revisions
from .paths import open_regular, os_reason
from .pool import WorkerPool
from .sniff import HEAD, identify
from .values import as_metadata


def read_document(
    path: str,
    *,
    document_id: str,
    extension: str,
    url: str | None,
    revision: str,
    facts: Mapping[str, MetadataValue],
    pool: WorkerPool,
    limits: Limits,
) -> Document | Skip:
    """The file at `path` as a document, or why it cannot be one; `facts` win over what the file says about itself.

    `extension` (lower case, no dot) is a hint: what the file begins with decides.
    """
    try:
        content, format_name = read_content(path, extension, pool, limits)
    except UnreadableError as error:
        return Skip(id=document_id, reason=str(error))
    except OSError as error:
        return Skip(id=document_id, reason=os_reason(error))
    return Document(
        id=document_id,
        text=well_formed(content.text),
        language=content.language,
        title=content.title,
        url=url,
        metadata={**content.metadata, **facts, "format": format_name},
        revision=revision + _addition(content, pool, limits) if revision else "",
    )


def other_revisions(revision: str, extension: str, pool: WorkerPool, limits: Limits) -> tuple[str, ...]:
    """The revisions besides `revision` in which `read_document` may give a file: those of documents that met OCR."""
    if extension not in ("", "pdf") or not revision:
        return ()
    return tuple(revision + addition for addition in revisions(limits.ocr, pool.tesseract))


def _addition(content: Content, pool: WorkerPool, limits: Limits) -> str:
    if "needs_ocr" not in content.metadata and "ocr_pages" not in content.metadata:
        return ""
    read, unread = revisions(limits.ocr, pool.tesseract)
    return unread if "needs_ocr" in content.metadata else read


def read_content(path: str, extension: str, pool: WorkerPool, limits: Limits) -> tuple[Content, str]:
    """The content of a file and the name of its format. Raises UnreadableError with the reason, or OSError."""
    with open_regular(path) as file:
        head = file.read(HEAD)
        chosen = identify(head, extension)
        if chosen.isolated:
            content = pool.extract(path, chosen.name)
            if content.pages:
                content = reread(content, partial(pool.extract, path), limits.ocr, pool.tesseract)
        else:
            file.seek(0)
            content = chosen.load()(file, limits)
    if not content.text.strip():
        raise UnreadableError("empty: no text")
    check_length(len(content.text), limits.max_characters)
    content = replace(content, metadata=as_metadata(content.metadata))
    return content, str(content.metadata.get("format", chosen.name))
