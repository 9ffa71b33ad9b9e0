"""Entries of a feed as documents."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from calendar import timegm
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...retrieval.errors import MissingExtraError, SourceError
from ...retrieval.types import Document, MetadataValue, Skip
from ..files.content import UnreadableError, as_title
from ..files.pool import WorkerPool
from ..files.values import as_language, as_metadata
from .addresses import RefusedError
from .fetching import Fetched
from .pages import extract
from .urls import Url, join
from .visiting import Visitor

logger = logging.getLogger(__name__)

_HTML = ("text/html", "application/xhtml+xml")
_MAX_HOPS = 5


def parse_feed(answer: Fetched) -> Any:
    """What feedparser makes of the answer: an object with `version`, `feed` and `entries`. Raises SourceError."""
    try:
        import feedparser
    except ImportError:
        raise MissingExtraError("feedparser", "web") from None
    if b"<!ENTITY" in answer.content[:65_536].replace(b"\0", b""):
        raise SourceError(f"{answer.url} declares entities: refused")
    # Bytes only, so that it opens nothing itself; its sanitiser would drop nothing that the text keeps.
    headers = {"content-location": str(answer.url), "content-type": answer.headers.get("content-type", "")}
    try:
        return feedparser.parse(answer.content, response_headers=headers, sanitize_html=False)
    except Exception as error:  # it forgives much, but not all: &#xD800; is a UnicodeEncodeError
        raise SourceError(f"{answer.url} is no feed: {type(error).__name__}: {error}"[:500]) from error


def document(
    document_id: str, link: Url | None, entry: Any, facts: Mapping[str, MetadataValue], pool: WorkerPool
) -> Document | Skip:
    """What the feed itself has of an entry: the longest of its contents, else the summary."""
    contents = [*entry.get("content", []), *([entry.summary_detail] if "summary_detail" in entry else [])]
    best = max(contents, key=lambda content: len(content.value), default=None)
    title = _plain(entry.get("title_detail"), pool)
    try:
        text = _plain(best, pool) or title
    except UnreadableError as error:
        return Skip(id=document_id, reason=str(error))
    if not text:
        return Skip(id=document_id, reason="empty: no text")
    url = str(link) if link else None
    return Document(id=document_id, text=text, title=as_title(title), url=url, metadata=facts)


def _plain(detail: Any, pool: WorkerPool) -> str:
    """The text of a content: of HTML without its marks, "" for none."""
    if not detail or not detail.get("value", "").strip():
        return ""
    if detail.get("type") in _HTML:
        return extract(pool, detail["value"], "html").text.strip()
    return str(detail["value"]).strip()


def link_of(base: Url, entry: Any) -> Url | None:
    """The page of an entry, None when it has none that may be fetched."""
    try:
        return join(base, entry["link"], tracking=False) if entry.get("link") else None
    except RefusedError as error:
        logger.info("feed %s: %s", base, error)
        return None


def facts_of(entry: Any, feed: Url, language: str | None) -> dict[str, Any]:
    """Metadata of an entry; `language` is the feed's."""
    detail = entry.get("content") or [entry.get("summary_detail") or {}]
    said = as_language(detail[0].get("language") or language or "")
    facts = {
        "feed": str(feed),
        # dict.get: feedparser's own takes one for the other, with a warning.
        "published": _date(dict.get(entry, "published_parsed")),
        "updated": _date(dict.get(entry, "updated_parsed")),
        "author": as_title(entry.get("author")),
        "tags": [tag["term"] for tag in entry.get("tags", []) if tag.get("term")],
        "declared_language": said,
    }
    return dict(as_metadata({name: value for name, value in facts.items() if value}))


def _date(moment: Any) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(timegm(moment), dt.UTC) if moment else None
    except (ValueError, OverflowError, OSError):
        return None


def revision_of(entry: Any) -> str:
    """When it was last changed, and a digest of what the feed has of it, since many feeds give no such date."""
    shown = [entry.get("title"), entry.get("summary"), [content.value for content in entry.get("content", [])]]
    digest = hashlib.blake2b(repr(shown).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    changed = dict.get(entry, "updated") or dict.get(entry, "published") or ""
    return f"{changed[:100]} {digest}"


def linked(document_id: str, link: Url, facts: Mapping[str, Any], revision: str, visitor: Visitor) -> Document | Skip:
    """The page of an entry, as a document in the revision of the entry."""
    target = link
    for _ in range(_MAX_HOPS):
        visit = visitor.visit(target, {}, {})
        if isinstance(visit, SourceError) or visit.moved is None:
            break
        target = visit.moved
    if isinstance(visit, SourceError):
        return Skip(id=document_id, reason=str(visit))
    if visit.page is None:
        reason = (
            visit.reason or visit.refused or ("robots.txt forbids it" if visit.blocked else "the page is not there")
        )
        return Skip(id=document_id, reason=f"{target}: {reason}")
    found = visit.page.found
    if isinstance(found, Skip):
        return Skip(id=document_id, reason=found.reason)
    return replace(found, id=document_id, metadata={**found.metadata, **facts}, revision=revision)
