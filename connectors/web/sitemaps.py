"""Sitemaps: which pages a site has, when each changed last, and which are versions of one another."""

from __future__ import annotations

import io
import logging
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page of a sitemap (`index`: another sitemap). `modified` is its lastmod as written, "" without."""

    url: Url
    modified: str = ""
    alternates: Mapping[str, str] = field(default_factory=dict)
    index: bool = False


def entries(data: bytes, base: Url, *, most: int) -> Iterator[Entry]:
    """What a sitemap lists: XML (sitemaps and indexes, RSS and Atom feeds have another reader) or a URL a line.

    It is read as a stream; `data` may be gzip, of at most `most` bytes unpacked. URLs that may not be asked are left
    out. Raises FetchError when it is damaged.
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
    for line in io.BytesIO(data):
        text = line.decode("utf-8", "replace").strip("\ufeff \t\r\n")
        if text:
            yield from _entry(base, text)


def _xml(data: bytes, base: Url) -> Iterator[Entry]:
    from lxml import etree

    stream = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
    )
    try:
        for _, element in stream:
            name = _local(element)
            if name in ("url", "sitemap"):
                yield from _element(element, base, index=name == "sitemap")
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise FetchError(f"a damaged sitemap: {error.msg}") from None


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
