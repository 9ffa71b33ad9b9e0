"""HTML: the text of the page without its furniture, blocks as lines."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from ..content import Content, UnreadableError, as_title, check_length
from ..encoding import decode
from ..limits import Limits
from .blocks import Blocks

_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})")
_HEAD = 4096
# fmt: off
_NEVER = frozenset((
    "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "embed", "canvas", "audio", "video",
    "head", "button", "select", "datalist", "textarea", "-comment", "-doctype",
    "rp", "rt",  # readings above Japanese and Chinese words: they would tear the words apart
))
_FURNITURE = frozenset(("nav", "header", "footer", "aside"))
_BLOCKS = frozenset((
    "address", "article", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "main", "menu",
    "nav", "ol", "p", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))
# fmt: on
# A table row that holds one of these lays out a page; it is no row of data.
_LAYOUT = "table, h1, h2, h3, h4, h5, h6, ul, ol, pre, blockquote, section, article"
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def read(file: BinaryIO, limits: Limits) -> Content:
    """The page's text and title."""
    return page(file.read(), limits)


def page(data: bytes | str, limits: Limits, *, declared: str | None = None) -> Content:
    """The text of a page given as bytes (charset: BOM, UTF-8, declaration, detection) or already decoded."""
    from selectolax.lexbor import LexborHTMLParser

    metadata: dict[str, str | int] = {}
    if isinstance(data, bytes):
        if not data.strip():
            raise UnreadableError("empty: no text")
        decoded = decode(data, declared=declared or _declared(data))
        data, metadata = decoded.text, decoded.metadata
    tree = LexborHTMLParser(data)
    title = tree.css_first("title")
    text = _text(tree.root, limits, furniture=False) or _text(tree.root, limits, furniture=True)
    return Content(text=text, title=as_title(title.text()) if title else None, metadata=metadata)


def _declared(data: bytes) -> str | None:
    match = _META_CHARSET.search(data[:_HEAD]) or _XML_CHARSET.search(data[:_HEAD])
    label = match[1].decode("ascii").lower() if match else None
    # A declaration that could be read cannot be UTF-16, whatever it says (HTML standard, "prescan").
    return None if label is None or label.startswith("utf-16") else label


def _text(root: Any, limits: Limits, *, furniture: bool) -> str:
    """The visible text below `root`; with `furniture`, navigation and the like too."""
    blocks = Blocks()
    node = root
    leaving = False
    while node is not None:  # not recursive: pages nested 100,000 deep exist
        if not leaving:
            skipped = _enter(node, blocks, furniture)
            check_length(blocks.length, limits.max_characters)
            if not skipped and node.first_child is not None:
                node = node.first_child
                continue
        if node.tag != "-text":
            _leave(node.tag, blocks)
        if node.mem_id == root.mem_id:
            break
        leaving = node.next is None
        node = node.parent if leaving else node.next
    return blocks.text()


def _enter(node: Any, blocks: Blocks, furniture: bool) -> bool:
    """Write what begins at `node`; whether its children are to be passed over."""
    tag = node.tag
    if tag == "-text":
        blocks.add(node.text_content or "")
        return True
    if tag in _NEVER or _hidden(node.attributes) or (not furniture and _is_furniture(node)):
        return True
    if tag == "br":
        blocks.line()
    elif tag in _HEADINGS:
        blocks.block(prefix="#" * _HEADINGS[tag] + " ")
    elif tag == "li":
        blocks.line(prefix="- ")
    elif tag == "pre":
        blocks.begin_preformatted()
    elif tag == "tr" and node.css_first(_LAYOUT) is None:
        blocks.begin_row()
    elif tag in _BLOCKS and not blocks.in_row:
        blocks.block()
    return False


def _leave(tag: str, blocks: Blocks) -> None:
    if tag in ("td", "th", "tr") and blocks.in_row:
        if tag == "tr":
            blocks.end_row()
        else:
            blocks.cell()
    elif tag == "pre":
        blocks.end_preformatted()
    elif tag == "li":
        blocks.end_item()
    elif tag in _HEADINGS:
        blocks.end_item()
        blocks.block()
    elif tag in _BLOCKS:
        blocks.block()


def _is_furniture(node: Any) -> bool:
    if node.tag not in _FURNITURE:
        return False
    if node.tag != "header":
        return True
    # The <header> of an article holds its title; that of the page holds the logo and the menu.
    parent = node.parent
    while parent is not None and parent.tag not in ("article", "main"):
        parent = parent.parent
    return parent is None


def _hidden(attributes: dict[str, str | None]) -> bool:
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    return bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
