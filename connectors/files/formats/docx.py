"""Word documents: body in document order, footnotes at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from ..content import Content, UnreadableError, as_title, check_length
from ..limits import Limits
from .xml import local, parse

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Deleted text, field codes, the old-style copy of a text box, and what is said about the text; readings above Japanese
# words (furigana) would tear the words apart.
# fmt: off
_PASSED_OVER = frozenset((
    "del", "moveFrom", "delText", "instrText", "delInstrText", "Fallback", "rPr", "pPr", "sectPr", "tblPr", "tcPr",
    "rt", "rubyPr",
))
# fmt: on
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
_BLOCK_TAGS = frozenset(("p", "tbl"))
_NOTES = ("/footnotes", "/endnotes")


def read(file: BinaryIO, limits: Limits) -> Content:
    """Paragraphs, headings ("# …"), list items ("- …") and tables ("a | b"); title from the properties or a heading.

    python-docx opens the package; the text is taken from the tree, because `Paragraph.text` leaves out tracked
    insertions, content controls and text boxes.
    """
    import docx

    try:
        document = docx.Document(file)
    except (ValueError, KeyError) as error:
        raise UnreadableError(f"damaged Word document: {error}") from None
    levels = _heading_levels(document.styles.element)
    lines = _Lines(levels, limits)
    lines.body(document.element.body)
    for relation in document.part.rels.values():
        if relation.reltype.endswith(_NOTES) and not relation.is_external:
            lines.notes(parse(relation.target_part.blob))
    properties = document.core_properties
    title = as_title(properties.title) or lines.heading
    author = as_title(properties.author)
    metadata = {"author": author} if author and author != "python-docx" else {}
    return Content(text="\n".join(lines.lines).strip("\n"), title=title, metadata=metadata)


def _heading_levels(styles: Any) -> dict[str, int]:
    """Style id to heading level (0 is the title). Built-in styles have English names whatever Word's language is."""
    levels: dict[str, int] = {}
    for style in styles.iterchildren(f"{_W}style"):
        name = style.find(f"{_W}name")
        label = (name.get(f"{_W}val") or "").lower() if name is not None else ""
        if label == "title":
            levels[style.get(f"{_W}styleId")] = 0
        elif label.startswith("heading ") and label[8:].isdigit():
            levels[style.get(f"{_W}styleId")] = int(label[8:])
    return levels


class _Lines:
    """The lines of a document as they are met."""

    def __init__(self, levels: Mapping[str, int], limits: Limits) -> None:
        self.lines: list[str] = []
        self.heading: str | None = None
        self._levels = levels
        self._limits = limits
        self._length = 0

    def body(self, element: Any) -> None:
        """Add the blocks below `element`, also those inside content controls and insertions."""
        for child in element:
            tag = local(child)
            if tag == "p":
                self._paragraph(child)
            elif tag == "tbl":
                self._table(child)
            elif tag not in _PASSED_OVER:
                self.body(child)

    def notes(self, root: Any) -> None:
        """Add footnotes or endnotes, without Word's own separators."""
        for note in root:
            if note.get(f"{_W}type") in (None, "normal"):
                self.body(note)

    def _paragraph(self, paragraph: Any) -> None:
        boxes: list[Any] = []
        text = _text(paragraph, boxes).strip()
        if text:
            level = self._level(paragraph)
            if level is not None:
                self.heading = self.heading or as_title(text)
                self._add("")
                text = "#" * max(level, 1) + " " + " ".join(text.split())
            elif _is_list_item(paragraph):
                text = "- " + text
            self._add(text)
        for box in boxes:
            self.body(box)

    def _table(self, table: Any) -> None:
        self._add("")
        for row in table.iter(f"{_W}tr"):
            if _nearest(row, "tbl") is not table:
                continue  # a table in a cell: part of that cell's text
            cells = [" ".join(_text(cell, None).split()) for cell in row.iter(f"{_W}tc") if _nearest(cell, "tr") is row]
            if any(cells):
                self._add(" | ".join(cells))
        self._add("")

    def _level(self, paragraph: Any) -> int | None:
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return self._levels.get(style.get(f"{_W}val")) if style is not None else None

    def _add(self, line: str) -> None:
        if line or (self.lines and self.lines[-1]):
            self.lines.append(line)
        self._length += len(line) + 1
        check_length(self._length, self._limits.max_characters)


def _nearest(element: Any, tag: str) -> Any:
    return next(element.iterancestors(f"{_W}{tag}"), None)


def _is_list_item(paragraph: Any) -> bool:
    if paragraph.find(f"{_W}pPr/{_W}numPr") is not None:
        return True
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return style is not None and (style.get(f"{_W}val") or "").startswith("List")


def _text(element: Any, boxes: list[Any] | None) -> str:
    """The text below an element; text boxes are put into `boxes`, or into the text when that is None."""
    parts: list[str] = []
    stack = list(reversed(element))
    while stack:
        child = stack.pop()
        if isinstance(child, str):
            parts.append(child)
            continue
        tag = local(child)
        if tag == "t":
            parts.append(child.text or "")
        elif tag in _CHARACTERS:
            parts.append(_CHARACTERS[tag])
        elif tag == "txbxContent" and boxes is not None:
            boxes.append(child)
        elif tag and tag not in _PASSED_OVER:
            if tag in _BLOCK_TAGS or tag == "tc":
                stack.append(" ")
            stack.extend(reversed(child))
    return "".join(parts)
