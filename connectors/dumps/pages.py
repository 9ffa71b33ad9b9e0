"""The pages of a MediaWiki dump, one by one.

A dump is written by a machine: what stands in a page is escaped, so that `<page>` and `</page>` begin and end pages
and nothing else does. Each is parsed alone: memory is bounded by the largest, a broken one spoils only itself, and a
reading goes on at any page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from ..files.compression import Place, blocks
from ..files.content import UnreadableError
from ..files.limits import Limits
from .tape import Tape

_HEADER = 4_000_000
MAX_PAGE = 50_000_000
"""Bytes of XML; MediaWiki takes 2 MB of text, but a dump with the whole history has all versions in a page."""
_BEGIN, _END, _LAST = b"<page>", b"</page>", b"</mediawiki>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a dump says of its wiki: `prefix` is the URL of a page without its title."""

    name: str
    prefix: str
    language: str | None
    namespaces: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The newest version of a page that the dump has. `redirect` is the title that it leads to; `text` is wikitext."""

    title: str
    namespace: int
    redirect: str | None
    revision: str
    timestamp: str
    model: str
    text: str | None


def read_site(file: BinaryIO, limits: Limits) -> Site:
    """The head of a dump. Raises UnreadableError when it is none."""
    tape = Tape(blocks(file, limits))
    end = tape.find(b"</siteinfo>", limit=_HEADER)
    if end < 0 or b"<mediawiki" not in tape.buffer[:end]:
        raise UnreadableError("not a MediaWiki dump: it does not begin with <mediawiki> and <siteinfo>")
    root = _parse(bytes(tape.buffer[: end + len(b"</siteinfo>")]) + _LAST)
    info = _child(root, "siteinfo")
    base = _text(info, "base")
    if not base or not urlsplit(base).netloc:
        raise UnreadableError("the dump does not say of which wiki it is (siteinfo has no base)")
    names = _child(info, "namespaces")
    return Site(
        name=_text(info, "sitename") or base,
        prefix=_prefix(base),
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        namespaces={name.text: int(name.get("key")) for name in (names if names is not None else ()) if name.text},
    )


def pages(file: BinaryIO, limits: Limits, start: Place | None) -> Iterator[tuple[Page | str, Place]]:
    """Each page, or why it cannot be read, and the place behind it. Raises UnreadableError where they break off."""
    tape = Tape(blocks(file, limits, start or Place()))
    while True:
        begin = tape.find(_BEGIN)
        if begin < 0:
            if _LAST not in tape.buffer:
                raise UnreadableError("the dump breaks off: its end, </mediawiki>, is missing")
            return
        tape.cut(begin)
        end = tape.find(_END, limit=MAX_PAGE)
        if end < 0 and tape.ended:
            raise UnreadableError("the dump breaks off in the middle of a page")
        if end < 0:
            yield f"a page of more than {MAX_PAGE:,} bytes", _pass_over(tape)
            continue
        data = tape.cut(end + len(_END))
        try:
            page: Page | str = _page(_parse(data))
        except UnreadableError as error:
            page = str(error)
        yield page, tape.place()


def url_of(site: Site, title: str) -> str:
    """The URL of a page, as MediaWiki writes it."""
    return site.prefix + quote(title.replace(" ", "_"), safe=";@$!*(),/~:-_.")


def _pass_over(tape: Tape) -> Place:
    while (end := tape.buffer.find(_END)) < 0:
        tape.cut(len(tape.buffer) - len(_END))
        if not tape.more():
            raise UnreadableError("the dump breaks off in the middle of a page")
    tape.cut(end + len(_END))
    return tape.place()


def _parse(data: bytes) -> Any:
    from lxml import etree

    # Entities are never resolved; what is larger than libxml2's own limits is refused.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"broken XML: {error.msg}") from None


def _page(root: Any) -> Page:
    title, revisions = _text(root, "title"), [child for child in root if _name(child) == "revision"]
    if not title or not revisions:
        raise UnreadableError("a page without title or revision")
    newest = max(revisions, key=lambda revision: (_text(revision, "timestamp") or "", int(_text(revision, "id") or 0)))
    redirect, text = _child(root, "redirect"), _child(newest, "text")
    if any(True for _ in root.iter() if not isinstance(_.tag, str)):
        raise UnreadableError("broken XML: an entity or an instruction in a page")
    return Page(
        title=title,
        namespace=int(_text(root, "ns") or 0),
        redirect=redirect.get("title", "") if redirect is not None else None,
        revision=_text(newest, "id") or _text(newest, "sha1") or "",
        timestamp=_text(newest, "timestamp") or "",
        model=_text(newest, "model") or "wikitext",
        text=text.text if text is not None and text.get("deleted") is None else None,
    )


def _child(element: Any, name: str) -> Any:
    return next((child for child in element if _name(child) == name), None) if element is not None else None


def _text(element: Any, name: str) -> str | None:
    found = _child(element, name)
    return found.text if found is not None else None


def _name(element: Any) -> str:
    """The tag without its namespace, which changes with each version of the schema."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _prefix(base: str) -> str:
    """The URL of the main page, without its title."""
    for mark in ("/wiki/", "?title=", "/index.php/"):
        before, found, _ = base.partition(mark)
        if found:
            return before + found
    return base[: base.rindex("/") + 1]
