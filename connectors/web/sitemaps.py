"""Sitemaps: which pages a site has, when each changed last, and which are versions of one another."""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .addresses import RefusedError
from .unpacking import FetchError, unpack
from .urls import Url, join

logger = logging.getLogger(__name__)

_ENTITY = b"<!ENTITY"
_MAX_ALTERNATES = 200
_ROOTS = ("urlset", "sitemapindex")
_FEEDS = ("rss", "feed", "RDF")
_LINE = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


class FeedFoundError(FetchError):
    """A feed stands where a sitemap should: it has the latest pages only, so it is no list of what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page of a sitemap (`index`: another sitemap). `modified` is its lastmod as written, "" without."""

    url: Url
    modified: str = ""
    alternates: Mapping[str, str] = field(default_factory=dict)
    index: bool = False


def entries(data: bytes, base: Url, *, most: int) -> Iterator[Entry]:
    """What a sitemap lists: XML (sitemaps and indexes) or a URL a line.

    It is read as a stream; `data` may be gzip, of at most `most` bytes unpacked. URLs that may not be asked are left
    out. Raises FetchError when it is damaged or is no sitemap, FeedFoundError when it is RSS or Atom.
    """
    if data.startswith(b"\x1f\x8b"):
        data = _unzipped(data, most)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start != b"<":
        yield from _lines(data, base)
        return
    if _ENTITY in data[:65_536].replace(b"\0", b""):
        raise FetchError("a sitemap that declares entities: refused")
    yield from _xml(data, base)


def _unzipped(data: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    try:
        for part in unpack(iter((data,)), most):
            parts.append(part)
            total += len(part)
            if total > most:
                raise FetchError(f"a sitemap that unpacks to more than {most:,} bytes (max_bytes)")
    except zlib.error as error:
        raise FetchError(f"a damaged gzip sitemap: {error}") from None
    return b"".join(parts)


def _lines(data: bytes, base: Url) -> Iterator[Entry]:
    empty = True
    for line in io.BytesIO(data):
        text = line.decode("utf-8", "replace").strip("\ufeff \t\r\n")
        if not text:
            continue
        if _LINE.fullmatch(text) is None:  # a notice that the site is away must not pass for a list without pages
            raise FetchError(f"is no sitemap: it has the line {text[:80]!r}, which is no URL")
        for entry in _entry(base, text):
            empty = False
            yield entry
    if empty:
        raise FetchError("is no sitemap: it has neither XML nor a URL")


def _xml(data: bytes, base: Url) -> Iterator[Entry]:
    from lxml import etree

    stream = etree.iterparse(
        io.BytesIO(data),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
    )
    try:
        _, root = next(stream)
        _check_root(_local(root))
        for event, element in stream:
            name = _local(element)
            if event == "end" and name in ("url", "sitemap"):
                yield from _element(element, base, index=name == "sitemap")
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise FetchError(f"a damaged sitemap: {error.msg}") from None


def _check_root(name: str) -> None:
    if name in _FEEDS:
        raise FeedFoundError(f"is a feed (<{name}>), which has the latest pages only: read it with FeedConnector")
    if name not in _ROOTS:
        raise FetchError(f"is no sitemap: its root is <{name[:80]}>, not <urlset> or <sitemapindex>")


def _element(element: Any, base: Url, *, index: bool) -> Iterator[Entry]:
    location = modified = ""
    alternates: dict[str, str] = {}
    for child in element:
        name = _local(child)
        if name == "loc":
            location = (child.text or "").strip()
        elif name == "lastmod":
            modified = (child.text or "").strip()[:40]
        elif name == "link" and child.get("rel") == "alternate" and len(alternates) < _MAX_ALTERNATES:
            alternates[child.get("hreflang") or ""] = child.get("href") or ""
    yield from _entry(base, location, modified, alternates, index=index)


def _entry(
    base: Url, link: str, modified: str = "", alternates: Mapping[str, str] | None = None, *, index: bool = False
) -> Iterator[Entry]:
    try:
        yield Entry(url=join(base, link), modified=modified, alternates=alternates or {}, index=index)
    except RefusedError as error:
        logger.info("sitemap of %s: %s", base.origin, error)


def _forget(element: Any) -> None:
    """Drop what has been read, so that memory does not grow with the sitemap."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
