"""LangChain's documents as chunks, and chunks as LangChain's documents. `Chunk.document_id` is the document's id."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from functools import partial

from langchain_core.documents import Document

from ... import types
from ...chunks import Chunking, document_digest
from ...errors import InputError
from ...stores.payload import clean_metadata
from ...types import Chunk, Hit, Origin
from .. import passages
from ..passages import add_facts, languages_of

SOURCE = "interlingua:langchain"
"""`Origin.source` of what was added through LangChain."""

_NAMESPACE = uuid.UUID("0c1f7b5a-52c4-5d1e-8a37-6b0f4f7d2e90")
_CHUNKING = Chunking()

point_id = partial(passages.point_id, _NAMESPACE)
point_ids = partial(passages.point_ids, _NAMESPACE)


def to_chunks(documents: Mapping[str, Document], *, language_key: str | None = None) -> list[Chunk]:
    """The chunk of each document, by its id, in order; the documents are not changed.

    The text is kept as it is. Its language is what the metadata say under `language_key`, where they do, and detected
    otherwise. Raises InputError naming the document and the key for metadata that cannot be stored.
    """
    texts = [document.page_content for document in documents.values()]
    languages = languages_of(texts, [document.metadata for document in documents.values()], language_key)
    chunks = []
    for (name, document), language in zip(documents.items(), languages, strict=True):
        try:
            metadata = clean_metadata(document.metadata)
        except InputError as error:
            raise InputError(f"Document {name!r}: {error}") from error
        whole = types.Document(id=name, text=document.page_content, metadata=metadata)
        chunks.append(
            Chunk(
                id=point_id(name),
                document_id=name,
                ordinal=0,
                text=document.page_content,
                start=0,
                end=len(document.page_content),
                language=language.tag,
                language_confidence=language.confidence,
                metadata=metadata,
                origin=Origin(source=SOURCE, revision="", digest=document_digest(whole, _CHUNKING), chunks=1),
            )
        )
    return chunks


def to_document(chunk: Chunk) -> Document:
    """The document that `to_chunks` was given; a chunk of an ingest as a document, by the id of the chunk."""
    whole = chunk.id == point_id(chunk.document_id)
    return Document(
        id=chunk.document_id if whole else chunk.id,
        page_content=chunk.text,
        metadata=copy.deepcopy(dict(chunk.metadata)),
    )


def to_passage(hit: Hit) -> Document:
    """The document of a hit, with what is known of the passage in its metadata: see `passages.add_facts`."""
    document = to_document(hit.chunk)
    add_facts(document.metadata, hit)
    return document
