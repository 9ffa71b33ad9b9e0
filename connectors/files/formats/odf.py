"""OpenDocument: texts, spreadsheets and presentations."""

from __future__ import annotations

import zipfile
from typing import Any, BinaryIO

from ..content import Content, UnreadableError, as_title, check_length
from ..limits import Limits
from .blocks import Blocks
from .xml import local, parse

_PASSED_OVER = frozenset(
    ("tracked-changes", "annotation", "note-citation", "styles", "automatic-styles", "font-face-decls", "scripts")
)
_OUTLINE = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}outline-level"
_SPACES = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}c"
_TABLE_NAME = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}name"
_ENCRYPTED = b"encryption-data"


def read(file: BinaryIO, limits: Limits) -> Content:
    """Headings ("# …"), paragraphs, list items ("- …") and table rows ("a | b") in document order."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if "META-INF/manifest.xml" in names and _ENCRYPTED in archive.read("META-INF/manifest.xml"):
            raise UnreadableError("encrypted: needs a password")
        if "content.xml" not in names:
            raise UnreadableError("damaged OpenDocument file: no content.xml")
        root = parse(archive.read("content.xml"))
        meta = parse(archive.read("meta.xml")) if "meta.xml" in names else None
    text, heading = _text(root, limits)
    title = _first(meta, "title") or heading
    author = _first(meta, "initial-creator") or _first(meta, "creator")
    return Content(text=text, title=title, metadata={"author": author} if author else {})


def _first(meta: Any, name: str) -> str | None:
    if meta is None:
        return None
    return next((as_title(element.text) for element in meta.iter() if local(element) == name), None)


def _text(root: Any, limits: Limits) -> tuple[str, str | None]:
    """The text, and the first heading."""
    from lxml import etree

    blocks = Blocks()
    heading: str | None = None
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        name = local(element)
        if event == "start":
            if name in _PASSED_OVER:
                walk.skip_subtree()
                continue
            _enter(name, element, blocks)
            blocks.add(element.text or "" if _holds_text(name) else "")
        else:
            if event == "end" and name not in _PASSED_OVER:
                _leave(name, blocks)
            if name == "h" and heading is None:
                heading = as_title("".join(element.itertext()))
            parent = element.getparent()
            if parent is not None and _holds_text(local(parent)):
                blocks.add(element.tail or "")
        check_length(blocks.length, limits.max_characters)
    return blocks.text(), heading


def _holds_text(name: str) -> bool:
    return name in ("h", "p", "span", "a", "meta", "ruby-base", "title", "desc")


def _enter(name: str, element: Any, blocks: Blocks) -> None:
    if name == "h":
        level = element.get(_OUTLINE) or "1"
        blocks.block(prefix="#" * min(int(level) if level.isdigit() else 1, 6) + " ")
    elif name == "p":
        blocks.line()
    elif name == "list-item":
        blocks.line(prefix="- ")
    elif name == "table-row":
        blocks.begin_row()
    elif name == "table" and element.get(_TABLE_NAME):
        blocks.block()
    elif name == "s":
        count = element.get(_SPACES) or "1"
        blocks.add(" " * min(int(count) if count.isdigit() else 1, 100))
    elif name == "tab":
        blocks.add("\t")
    elif name == "line-break":
        blocks.line()


def _leave(name: str, blocks: Blocks) -> None:
    if name in ("h", "list-item"):
        blocks.end_item()
    elif name in ("p", "note"):
        blocks.line()
    elif name in ("table-cell", "covered-table-cell"):
        blocks.cell()
    elif name == "table-row":
        blocks.end_row()
    elif name in ("table", "page"):
        blocks.block()
