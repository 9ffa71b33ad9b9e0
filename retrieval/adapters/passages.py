"""Another framework's documents as chunks: their ids, their language, and what is said of a passage that was found.

A document of a framework is one chunk, whose id is a UUID made of the document's id: any string is an id, and the same
id is the same chunk.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from ..text.language import Language
from ..text.tagging import Passages, tag_batch
from ..types import Hit

KEY = "interlingua"
"""Key of the metadata under which a retriever says what it knows of a passage."""


def point_id(namespace: uuid.UUID, name: str) -> str:
    """The id of the chunk that a document of this id is stored as. Raises InputError for what is no id."""
    if not isinstance(name, str):
        raise InputError(f"The id {name!r} is a {type(name).__name__}; ids are strings.")
    try:
        return str(uuid.uuid5(namespace, name))
    except UnicodeEncodeError as error:
        raise InputError(f"The id {name!r} holds half a character (a lone surrogate).") from error


def point_ids(namespace: uuid.UUID, names: Sequence[str]) -> tuple[str, ...]:
    """The ids of the chunks that go by these ids: of documents, and of chunks that an ingest has written."""
    points = [point_id(namespace, name) for name in names]
    return tuple(dict.fromkeys(points + [name for name in names if _is_uuid(name)]))


def languages_of(texts: Sequence[str], metadata: Sequence[Mapping[str, Any]], key: str | None) -> list[Language]:
    """The language of each text: what its metadata say under `key`, where they do, and detected otherwise."""
    stated = [values.get(key) if key else None for values in metadata]
    passages = [
        Passages(text, [(0, len(text))], tag if isinstance(tag, str) else None)
        for text, tag in zip(texts, stated, strict=True)
    ]
    return [language for (language,) in tag_batch(passages)]


def add_facts(metadata: dict[str, Any], hit: Hit) -> str:
    """Put what is known of the passage under the key `interlingua` of `metadata`; the key.

    score, scores, language, language_confidence, document_id, ordinal, start, end (code points), title, url. Metadata
    of the user's own that go by that key stay as they are, and ours go under `interlingua_`.
    """
    chunk, key = hit.chunk, KEY
    while key in metadata:
        key += "_"
    metadata[key] = {
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
    return key


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
