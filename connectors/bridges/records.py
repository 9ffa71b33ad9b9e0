"""What other frameworks yield, told by what it has and not by its class: none of them is imported."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...retrieval.types import MetadataValue
from ..files.content import UnreadableError, as_title, well_formed
from ..files.mapping import ColumnMap
from ..files.values import as_language, as_metadata

_SOURCES = ("source", "url", "file_path", "path", "link", "permalink", "doc_id", "document_id", "file_name")
"""Where documents of LangChain and LlamaIndex say what they are of, most telling first."""
_PLACES = ("page", "page_label", "page_number", "sheet", "row", "slide", "seq_num", "chunk", "chunk_id", "start_index")
_LANGUAGES = ("language", "lang")
VOLATILE = frozenset(
    ("last_modified_date", "creation_date", "last_accessed_date", "last_modified", "_dlt_id", "_dlt_load_id")
)
"""Metadata that changes from run to run although the document does not."""
_RANDOM = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}", re.IGNORECASE)
"""A UUID of version 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One item of a loader. `source` is what it is of, `place` which part of that; both empty when it does not say."""

    text: str
    source: str
    place: str
    title: str | None
    language: str | None
    url: str | None
    metadata: Mapping[str, MetadataValue]

    @property
    def digest(self) -> str:
        """32 hex digits over all that is kept of it."""
        values = (self.text, self.title, self.language, self.url, dict(self.metadata))
        text = json.dumps(values, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def as_record(item: Any, columns: ColumnMap, volatile: frozenset[str]) -> Record:
    """`item` of LangChain (`page_content`), LlamaIndex (`text`), a mapping or a text. Raises UnreadableError."""
    if isinstance(item, str):
        item = {"text": item}
    if isinstance(item, Mapping):
        return _row(item, columns, volatile)
    text = getattr(item, "page_content", None)
    if text is None:
        text = getattr(item, "text", None)
    if not isinstance(text, str):
        raise UnreadableError(f"a {type(item).__name__} has neither page_content nor text, and is no mapping")
    return _document(item, text, volatile)


def key_of(item: Any, columns: ColumnMap) -> str:
    """What an item that cannot be read says it is, as `Record.source` of one that can; empty when it does not say."""
    if isinstance(item, Mapping):
        values = {str(name): value for name, value in item.items()}
        for names in ([*values], [*values, "text"]):  # the text may be what is missing
            with suppress(UnreadableError):
                return _row_key(values, columns.resolve(names))
        return ""
    return _document_key(item)[0]


def _source(metadata: Mapping[str, Any]) -> str:
    return next((str(metadata[name]) for name in _SOURCES if metadata.get(name)), "")


def _document_key(item: Any) -> tuple[str, bool]:
    """What an item is of, and whether that is its own id, so that no other has the same."""
    given = getattr(item, "id", None) or getattr(item, "id_", None)
    own = isinstance(given, str) and bool(given) and not _RANDOM.fullmatch(given)
    key = str(given) if own else _source(getattr(item, "metadata", None) or {})
    return well_formed(without_secrets(key)), own


def _row_key(values: Mapping[str, Any], roles: Mapping[str, str]) -> str:
    key = values.get(roles["id"]) if "id" in roles else None
    return "" if key is None else without_secrets(well_formed(str(key)).strip())


def _document(item: Any, text: str, volatile: frozenset[str]) -> Record:
    metadata = getattr(item, "metadata", None) or {}
    if not text.strip():
        raise UnreadableError("empty: no text")
    source = _source(metadata)
    key, own = _document_key(item)
    place = next((str(metadata[name]) for name in _PLACES if metadata.get(name) not in (None, "")), "")
    return Record(
        text=well_formed(text),
        source=key,
        place="" if own else well_formed(place),
        title=as_title(metadata.get("title")),
        language=next((tag for name in _LANGUAGES if (tag := as_language(metadata.get(name)))), None),
        url=well_formed(without_secrets(source)) if _is_url(source) else None,
        metadata=_kept(metadata, volatile, ("title", *_LANGUAGES)),
    )


def _row(item: Mapping[Any, Any], columns: ColumnMap, volatile: frozenset[str]) -> Record:
    values = {str(name): value for name, value in item.items()}
    roles = columns.resolve(values)
    text = values[roles["text"]]
    if isinstance(text, list | tuple) and all(isinstance(part, str) for part in text):
        text = "\n".join(text)
    if text is None or (isinstance(text, str) and not text.strip()):
        raise UnreadableError("empty: no text")
    if not isinstance(text, str):
        raise UnreadableError(f"no text in {roles['text']!r} but a value of type {type(text).__name__}")
    link = values[roles["url"]] if "url" in roles else None
    language = as_language(values[roles["language"]]) if "language" in roles else None
    used = {roles[role] for role in ("text", "id", "title", "url") if role in roles}
    return Record(
        text=well_formed(text),
        source=_row_key(values, roles),
        place="",
        title=as_title(values[roles["title"]]) if "title" in roles else None,
        language=language,
        url=well_formed(without_secrets(link)) if isinstance(link, str) and _is_url(link) else None,
        metadata=_kept(values, volatile, (*used, *((roles["language"],) if language else ()))),
    )


def _kept(values: Mapping[Any, Any], volatile: frozenset[str], used: tuple[str, ...]) -> dict[str, MetadataValue]:
    kept = {
        str(name): without_secrets(value) if isinstance(value, str) else value
        for name, value in values.items()
        if str(name) not in volatile and str(name) not in used and value not in (None, "")
    }
    return as_metadata(kept)


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def without_secrets(text: str) -> str:
    """A URL without the name and password before its host; any other text as it is."""
    if "://" not in text or "@" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else text
