"""A page of the web: its main text, without menus, cookie banners and footers, and what it says to crawlers."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from ..content import Content, as_title, check_length
from ..limits import Limits
from .html import _declared, _text

# fmt: off
_ROLES = ", ".join(f"[role={role}]" for role in (
    "navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alertdialog", "menu", "menubar",
    "toolbar",
)) + ", [aria-modal=true]"
# Words of class names and ids that mean furniture in whatever language the page is.
_WORDS = frozenset((
    "ad", "ads", "advert", "advertisement", "banner", "breadcrumb", "breadcrumbs", "ccpa", "consent", "cookie",
    "cookiebot", "cookies", "footer", "gdpr", "hamburger", "masthead", "menu", "modal", "nav", "navbar", "navigation",
    "newsletter", "onetrust", "overlay", "pager", "pagination", "popup", "promo", "related", "share", "sharing",
    "sidebar", "sidenav", "skip", "skiplink", "social", "sponsor", "subscribe", "toolbar", "topbar",
))
# fmt: on
_TOKEN = re.compile(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]*")
_REFRESH = re.compile(r"\s*([0-9]{1,3})(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"']*).*", re.I | re.S)
_KEPT_SHARE = 0.35
"""A part that holds more of the page's text than this is no furniture, whatever it is called."""
_MAX_CANDIDATES = 2000
_MAX_LINKS = 5000
_MAX_MENU_LINKS = 20_000
_MENU_DEPTH = 4  # links of a menu lie in a list item, and that in a list
_MAX_LINK = 4096


def read(file: BinaryIO, limits: Limits) -> Content:
    """The page in UTF-8; its text can be empty.

    Metadata: `links` (as they stand in the page), `base`, `canonical`, `refresh`, `robots` (directives of all its meta
    elements, `name: content`), `alternates` ([language, link] each), `declared_language`, `description`.
    """
    from selectolax.lexbor import LexborHTMLParser

    data = file.read()
    tree = LexborHTMLParser(data.decode("utf-8-sig", "replace"))
    facts = _facts(tree)
    title = tree.css_first("title")
    text = _main_text(tree, limits)
    check_length(len(text), limits.max_characters)
    return Content(text=text, title=as_title(title.text()) if title else None, metadata=facts)


def declared_charset(data: bytes) -> str | None:
    """What a page says that it is encoded in."""
    return _declared(data)


def _facts(tree: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"links": _links(tree), "robots": [], "alternates": []}
    base = tree.css_first("base[href]")
    if base is not None:
        facts["base"] = _attribute(base, "href")
    root = tree.css_first("html")
    if root is not None and (language := _attribute(root, "lang") or _attribute(root, "xml:lang")):
        facts["declared_language"] = language[:40]
    for link in tree.css("head link[rel][href]")[:_MAX_CANDIDATES]:
        relations = _attribute(link, "rel").lower().split()
        if "canonical" in relations and "canonical" not in facts:
            facts["canonical"] = _attribute(link, "href")
        elif "alternate" in relations and _attribute(link, "hreflang"):
            facts["alternates"].append([_attribute(link, "hreflang")[:40], _attribute(link, "href")])
    for meta in tree.css("meta[content]")[:_MAX_CANDIDATES]:
        _meta(meta, facts)
    return facts


def _meta(meta: Any, facts: dict[str, Any]) -> None:
    content = _attribute(meta, "content")
    name = _attribute(meta, "name").lower()
    if name == "description" and content.strip():
        facts.setdefault("description", " ".join(content.split())[:1000])
    elif name and "," not in name and re.search(r"\b(no(ne|index|follow))\b", content, re.IGNORECASE):
        facts["robots"].append(f"{name}: {content[:200]}")
    elif _attribute(meta, "http-equiv").lower() == "refresh":
        match = _REFRESH.fullmatch(content)
        if match and int(match[1]) <= 10:
            facts.setdefault("refresh", match[2][:_MAX_LINK])


def _links(tree: Any) -> list[str]:
    """Links to follow, in their order, each once."""
    found: dict[str, None] = {}
    for anchor in tree.css("a[href], area[href]"):
        link = _attribute(anchor, "href")
        relations = _attribute(anchor, "rel").lower().split()
        if link and not link.startswith("#") and "nofollow" not in relations:
            found[link] = None
        if len(found) >= _MAX_LINKS:
            break
    return list(found)


def _main_text(tree: Any, limits: Limits) -> str:
    """The text of the main part; of the whole page where leaving out furniture leaves hardly anything."""
    body = tree.body
    if body is None:
        return ""
    tree.strip_tags(["script", "style", "template", "noscript", "svg", "iframe"])
    whole = _text(tree.root, limits, furniture=False) or _text(tree.root, limits, furniture=True)
    size = _size(body)
    if not size:
        return whole
    for node in [*tree.css(_ROLES), *_named(tree)][:_MAX_CANDIDATES]:
        _drop(node, size)
    main = _main(tree, body)
    if main is body:
        _drop_menus(body)
    text = _text(main, limits, furniture=False)
    return text if 20 * len(text) >= len(whole) else whole


def _main(tree: Any, body: Any) -> Any:
    """The main element, or the only article if it has most of the text, or the body."""
    size = _size(body)
    for node in tree.css("main, [role=main]"):
        if 5 * _size(node) >= size:
            return node
    articles = tree.css("article")
    if len(articles) == 1 and 2 * _size(articles[0]) >= size:
        return articles[0]
    return body


def _named(tree: Any) -> list[Any]:
    """Parts whose class or id has a word for furniture."""
    found = []
    for node in tree.css("div, section, ul, ol, aside, table, form, span, a, p, dialog"):
        label = f"{_attribute(node, 'class')} {_attribute(node, 'id')}"
        if label != " " and not _WORDS.isdisjoint(word.lower() for word in _TOKEN.findall(label[:500])):
            found.append(node)
    return found


def _drop(node: Any, size: int) -> None:
    if _size(node) <= _KEPT_SHARE * size and node.css_first("main, article, h1") is None:
        _empty(node)


def _drop_menus(body: Any) -> None:
    """Lists that are links and hardly anything else."""
    size = _size(body)
    # From the links upwards: to ask every part for its links takes minutes on a page nested 100,000 deep.
    found: dict[int, tuple[Any, list[int]]] = {}
    for link in body.css("a[href]")[:_MAX_MENU_LINKS]:
        node, length = link.parent, _size(link)
        for _ in range(_MENU_DEPTH):
            if node is None or node.mem_id == body.mem_id:
                break
            if node.tag in ("ul", "ol", "div", "td"):
                found.setdefault(node.mem_id, (node, []))[1].append(length)
            node = node.parent
    menus = [(node, sum(lengths)) for node, lengths in found.values() if len(lengths) >= 4]
    for node, linked in menus[:_MAX_CANDIDATES]:
        length = _size(node)
        if linked > 0.8 * length and length <= _KEPT_SHARE * size and node.css_first("h1, p") is None:
            _empty(node)


def _empty(node: Any) -> None:
    # Not decompose(): a node within one that is gone would be freed memory. Hidden, the reader passes it over.
    node.attrs["hidden"] = ""


def _size(node: Any) -> int:
    return len("".join(node.text(deep=True).split()))


def _attribute(node: Any, name: str) -> str:
    value = node.attributes.get(name)
    return value.strip()[:_MAX_LINK] if value else ""
