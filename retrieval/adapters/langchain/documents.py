"""LangChain's documents as chunks, and chunks as LangChain's documents.

A document of LangChain is one chunk, whose id is a UUID made of the document's id: any string is an id, and the same id
is the same chunk. `Chunk.document_id` is that string.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence

from langchain_core.documents import Document

from ... import types
from ...chunks import Chunking, document_digest
from ...errors import InputError
from ...stores.payload import clean_metadata
from ...text.tagging import Passages, tag_batch
from ...types import Chunk, Hit, Origin

SOURCE = "interlingua:langchain"
"""`Origin.source` of what was added through LangChain."""

KEY = "interlingua"
"""Key of the metadata under which the retriever says what it knows of a passage."""

_NAMESPACE = uuid.UUID("0c1f7b5a-52c4-5d1e-8a37-6b0f4f7d2e90")
_CHUNKING = Chunking()


def point_id(document_id: str) -> str:
    """The id of the chunk that the document of this id is stored as. Raises InputError for what is no id."""
    if not isinstance(document_id, str):
        raise InputError(f"The id {document_id!r} is a {type(document_id).__name__}; ids are strings.")
    try:
        return str(uuid.uuid5(_NAMESPACE, document_id))
    except UnicodeEncodeError as error:
        raise InputError(f"The id {document_id!r} holds half a character (a lone surrogate).") from error


def point_ids(document_ids: Sequence[str]) -> tuple[str, ...]:
    """The ids of the chunks that go by these ids: of documents, and of chunks that an ingest has written."""
    points = [point_id(name) for name in document_ids]
    return tuple(dict.fromkeys(points + [name for name in document_ids if _is_uuid(name)]))


def to_chunks(documents: Mapping[str, Document], *, language_key: str | None = None) -> list[Chunk]:
    """The chunk of each document, by its id, in order; the documents are not changed.

    The text is kept as it is. Its language is what the metadata say under `language_key`, where they do, and detected
    otherwise. Raises InputError naming the document and the key for metadata that cannot be stored.
    """
    stated = [document.metadata.get(language_key) if language_key else None for document in documents.values()]
    passages = [
        Passages(document.page_content, [(0, len(document.page_content))], tag if isinstance(tag, str) else None)
        for document, tag in zip(documents.values(), stated, strict=True)
    ]
    chunks = []
    for (name, document), (language,) in zip(documents.items(), tag_batch(passages), strict=True):
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
    """The document of a hit, with what is known of the passage under the key `interlingua` of its metadata.

    score, scores, language, language_confidence, document_id, ordinal, start, end (code points), title, url. Metadata
    of the user's own that go by that key stay as they are, and ours go under `interlingua_`.
    """
    document, chunk = to_document(hit.chunk), hit.chunk
    key = KEY
    while key in document.metadata:
        key += "_"
    document.metadata[key] = {
        "score": hit.score,
        "scores": dict(hit.scores),
        "language": chunk.language,
        "language_confidence": chunk.language_confidence,
        "document_id": chunk.document_id,
        "ordinal": chunk.ordinal,
        "start": chunk.start,
        "end": chunk.end,
        "title": chunk.title,
        "url": chunk.url,
    }
    return document


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
