"""From a document to its chunks: normalise, cut to the embedder's budget, tag each piece with its language."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import InputError
from .protocols import Tokenizer
from .text.chunking import chunk_spans
from .text.language import Language
from .text.normalise import normalise
from .text.tagging import Passages, tag_batch
from .types import Chunk, Document, Origin

VERSION = 1
"""Raise it whenever the same document would be cut or tagged differently: every document is then processed anew."""

_NAMESPACE = uuid.UUID("7d0f4f0e-63a5-5b0e-9d52-1f2f5c6f7a11").bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """How long a chunk may be, in tokens of the embedder, and how many whole sentences neighbours share."""

    max_tokens: int = 256
    overlap_sentences: int = 0

    def __post_init__(self) -> None:
        if self.max_tokens < 16:
            raise InputError(f"chunk_tokens is {self.max_tokens}; a chunk needs room for 16 tokens at least.")
        if self.overlap_sentences < 0:
            raise InputError(f"chunk_overlap is {self.overlap_sentences}; it counts sentences, from 0 up.")

    @property
    def key(self) -> str:
        """Equal for settings that cut alike; part of every digest and revision."""
        return f"{VERSION}.{self.max_tokens}.{self.overlap_sentences}"


def chunk_id(document_id: str, start: int, text: str) -> str:
    """The chunk's point id: the same document, place and text always give the same UUID (version 5, RFC 9562)."""
    digest = bytearray(
        hashlib.sha1(_NAMESPACE + f"{document_id}\0{start}\0{text}".encode(), usedforsecurity=False).digest()
    )
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    name = digest[:16].hex()
    return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"


def document_digest(document: Document, chunking: Chunking) -> str:
    """32 hex digits over everything that is stored of `document`, and over how it is cut."""
    metadata = json.dumps(document.metadata, default=str, sort_keys=True) if document.metadata else ""
    head = repr((chunking.key, document.title, document.url, document.language, metadata))
    digest = hashlib.blake2b(head.encode(), digest_size=16)
    digest.update(document.text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a document, ready to be cut: where it comes from, its revision and digest as they are stored.

    `updated` as in `Origin`.
    """

    document: Document
    source: str
    revision: str
    digest: str
    updated: str | None = None


def cut(versions: Sequence[Version], *, chunking: Chunking, tokenizer: Tokenizer | None) -> list[list[Chunk]]:
    """The chunks of each document, in order; none for a document without text."""
    texts = [normalise(version.document.text) for version in versions]
    spans = [
        chunk_spans(
            text, max_tokens=chunking.max_tokens, tokenizer=tokenizer, overlap_sentences=chunking.overlap_sentences
        )
        for text in texts
    ]
    languages = tag_batch([Passages(t, s, v.document.language) for t, s, v in zip(texts, spans, versions, strict=True)])
    return [_chunks(*one) for one in zip(versions, texts, spans, languages, strict=True)]


def _chunks(
    version: Version, text: str, spans: Sequence[tuple[int, int]], languages: Sequence[Language]
) -> list[Chunk]:
    document = version.document
    origin = Origin(
        source=version.source,
        revision=version.revision,
        digest=version.digest,
        chunks=len(spans),
        updated=version.updated,
    )
    title = (normalise(document.title) or None) if document.title else None
    return [
        Chunk(
            id=chunk_id(document.id, start, text[start:end]),
            document_id=document.id,
            ordinal=ordinal,
            text=text[start:end],
            start=start,
            end=end,
            language=language.tag,
            language_confidence=language.confidence,
            title=title,
            url=document.url,
            metadata=document.metadata,
            origin=origin,
        )
        for ordinal, ((start, end), language) in enumerate(zip(spans, languages, strict=True))
    ]
