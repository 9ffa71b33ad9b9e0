"""From an answer to a document: which format it has, its text, and what the page says to crawlers."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from ...retrieval.types import TRANSLATION_GROUP, Document, MetadataValue, Skip
from ..files.content import Content, UnreadableError
from ..files.encoding import decode
from ..files.formats.webpage import declared_charset
from ..files.limits import Limits
from ..files.pool import WorkerPool
from ..files.reading import read_document
from ..files.registry import for_extension
from ..files.sniff import HEAD, identify
from ..files.values import as_metadata
from .addresses import RefusedError
from .fetching import Fetched
from .urls import Url, join

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_EXTENSIONS = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/x-markdown": "md",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    "application/epub+zip": "epub",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    f"{_OFFICE}.presentationml.presentation": "pptx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    f"{_ODF}.text": "odt",
    f"{_ODF}.spreadsheet": "ods",
    f"{_ODF}.presentation": "odp",
}
_TEXTS = ("txt", "md")
_BY_NAME = ("", "application/octet-stream", "application/zip", "binary/octet-stream", "application/force-download")
_LINK = re.compile(r"<([^>]{1,4096})>((?:\s*;\s*[\w*-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]*))*)")
_PARAMETER = re.compile(r"([\w*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What became of a body: a document, or why there is none; and where the page leads."""

    found: Document | Skip
    indexed: bool = True
    links: tuple[Url, ...] = ()
    canonical: Url | None = None
    refresh: Url | None = None


def extension(media_type: str, url: Url) -> str | None:
    """How a file of this media type would be named (lower case, no dot), None for what holds no document."""
    if media_type in _EXTENSIONS:
        return _EXTENSIONS[media_type]
    if media_type not in _BY_NAME:
        return None
    name = PurePosixPath(url.path).suffix.lower().removeprefix(".")
    known = for_extension(name)
    return "html" if known is None and media_type == "" else name if known and not known.table else None


def extract(pool: WorkerPool, text: str, format_name: str) -> Content:
    """The content of a text in HTML, read in a worker process. Raises UnreadableError."""
    with tempfile.NamedTemporaryFile(prefix="interlingua-") as file:
        file.write(text.encode("utf-8-sig", "replace"))
        file.flush()
        return pool.extract(file.name, format_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads answers. `robots_name` is what pages call the crawler in their robots directives."""

    pool: WorkerPool
    limits: Limits
    robots_name: str
    tracking: bool

    def read(self, answer: Fetched, alternates: Mapping[str, str]) -> Page:
        """The page that a 200 brought; `alternates` are its versions (language to URL) as its sitemap has them."""
        url = answer.url
        hint = extension(answer.media_type, url) or "html"
        try:
            format_name = identify(answer.content[:HEAD], hint).name
            if format_name == "html":
                return self._webpage(answer, alternates)
        except UnreadableError as error:
            return Page(found=Skip(id=str(url), reason=str(error)))
        return self._file(answer, hint, alternates)

    def _webpage(self, answer: Fetched, listed: Mapping[str, str]) -> Page:
        url = answer.url
        if not answer.content.strip():
            raise UnreadableError("empty: no text")
        decoded = decode(answer.content, declared=answer.charset or declared_charset(answer.content))
        content = extract(self.pool, decoded.text, "webpage")
        said = dict(content.metadata)
        base = self._join(url, said.get("base", "")) or url
        index, follow = _directives([*said["robots"], *_header(answer)], self.robots_name)
        named = _alternates(url, base, [*said["alternates"], *_link_header(answer, "alternate"), *listed.items()])
        facts = {
            **decoded.metadata,
            "description": said.get("description"),
            "declared_language": said.get("declared_language") or answer.headers.get("content-language"),
            **named,
            "site": url.host,
            "format": "html",
        }
        found = self._document(url, content, {name: value for name, value in facts.items() if value})
        leading = [*said["links"], *(link for _, link in said["alternates"])] if follow else []
        links = [link for text in leading if (link := self._join(base, text))]
        canonical = said.get("canonical") or next((link for _, link in _link_header(answer, "canonical")), "")
        return Page(
            found=found,
            indexed=index,
            links=tuple(dict.fromkeys(links)),
            canonical=self._join(base, canonical) if canonical else None,
            refresh=self._join(base, said["refresh"]) if said.get("refresh") else None,
        )

    def _document(self, url: Url, content: Content, facts: Mapping[str, Any]) -> Document | Skip:
        if not content.text.strip():
            return Skip(id=str(url), reason="empty: no text")
        metadata = as_metadata(facts)
        return Document(id=str(url), text=content.text, title=content.title, url=str(url), metadata=metadata)

    def _file(self, answer: Fetched, hint: str, listed: Mapping[str, str]) -> Page:
        url = answer.url
        index, _ = _directives(_header(answer), self.robots_name)
        named = _alternates(url, url, [*_link_header(answer, "alternate"), *listed.items()])
        facts: dict[str, MetadataValue] = as_metadata({**named, "site": url.host})
        data = answer.content
        if hint in _TEXTS and answer.charset:
            data = decode(data, declared=answer.charset).text.encode("utf-8-sig", "replace")
        with tempfile.NamedTemporaryFile(prefix="interlingua-") as file:
            file.write(data)
            file.flush()
            found = read_document(
                file.name,
                document_id=str(url),
                extension=hint,
                url=str(url),
                revision="",
                facts=facts,
                pool=self.pool,
                limits=self.limits,
            )
        if isinstance(found, Document):
            found = replace(found, metadata={n: v for n, v in found.metadata.items() if n != "path"})
        canonical = next((link for _, link in _link_header(answer, "canonical")), "")
        return Page(found=found, indexed=index, canonical=self._join(url, canonical) if canonical else None)

    def _join(self, base: Url, link: str) -> Url | None:
        try:
            return join(base, link, tracking=self.tracking) if link else None
        except RefusedError:
            return None  # mailto:, javascript: and the like


def _alternates(url: Url, base: Url, named: Iterable[Iterable[str]]) -> dict[str, Any]:
    """`alternates` (language to URL) and the `translation_group` of a page that has versions in other languages.

    The group is named by the x-default version where that is one of the languages' own, else by the first of all in
    order: the same for every version that names all others, whichever of them is read.
    """
    versions: dict[str, str] = {}
    for tag, link in named:
        try:
            versions.setdefault(tag.strip().lower() or "und", str(join(base, link)))
        except RefusedError:
            continue
    default = versions.pop("x-default", None)
    pages = {*versions.values(), str(url)}
    if len(pages) < 2:
        return {}
    group = default if default in pages else min(pages)
    if default in pages:
        versions["x-default"] = default
    # A long list would crowd out the other metadata: the digest of a group stands for it as well.
    name = group if len(group) <= 500 else hashlib.blake2b(group.encode(), digest_size=16).hexdigest()
    return {"alternates": dict(sorted(versions.items())), TRANSLATION_GROUP: name}


def _header(answer: Fetched) -> list[str]:
    """X-Robots-Tag, each as `name: directives`."""
    values = answer.headers.get("x-robots-tag", "")
    found = []
    name = "robots"
    for part in values.split(","):
        agent, colon, directive = part.rpartition(":")
        if colon and agent.strip().lower() not in ("max-snippet", "max-image-preview", "max-video-preview"):
            name = agent.strip().lower()
        found.append(f"{name}: {directive if colon else part}")
    return found


def _directives(said: Iterable[str], robots_name: str) -> tuple[bool, bool]:
    """Whether the page may be indexed, and its links followed; what is meant for other crawlers is not for us."""
    words: set[str] = set()
    for line in said:
        name, _, content = line.partition(":")
        if name.strip() in ("robots", robots_name.lower()):
            words |= set(re.findall(r"[a-z]+", content.lower()))
    return not words & {"noindex", "none"}, not words & {"nofollow", "none"}


def _link_header(answer: Fetched, relation: str) -> list[tuple[str, str]]:
    """Links of the Link header with this relation: (hreflang, link)."""
    found = []
    for match in list(_LINK.finditer(answer.headers.get("link", "")[:65_536]))[:200]:
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(match[2])}
        if relation in parameters.get("rel", "").lower().split():
            found.append((parameters.get("hreflang", ""), match[1]))
    return found
