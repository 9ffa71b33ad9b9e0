"""Text written block by block: white space collapsed as a browser does, table cells kept on one line."""

from __future__ import annotations

import re

_SPACES = re.compile(r"[ \t\n\r\f]+")  # not NBSP, not the ideographic space: those carry meaning
_CJK = "\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"
_CJK_BREAK = re.compile(rf"(?<=[{_CJK}])[ \t]*[\n\r]+[ \t]*(?=[{_CJK}])")
_CELL = "\x1f"  # cannot come from a text: the readers drop control characters or XML forbids them


class Blocks:
    """Collects lines; `length` counts the code points given so far, `in_row` says that a table row is open."""

    def __init__(self) -> None:
        self.length = 0
        self._lines: list[str] = []
        self._parts: list[str] = []
        self._prefix = ""
        self.in_row = False
        self._preformatted = 0

    def add(self, text: str) -> None:
        """Text inside the present line."""
        self.length += len(text)
        if not self._preformatted or self.in_row:
            self._parts.append(text.replace(_CELL, " "))
            return
        first, *rest = text.split("\n")
        self._parts.append(first)
        for line in rest:
            self.line()
            self._parts.append(line)

    def line(self, prefix: str = "") -> None:
        """End the line; in a table row this is a space, since a row stays one line."""
        if self.in_row:
            self._parts.append(" ")
            return
        text = "".join(self._parts)
        text = text.rstrip() if self._preformatted else collapse(text)
        self._parts = []
        if text or self._preformatted:
            self._lines.append(self._prefix + text)
            self._prefix = ""
        self._prefix = prefix or self._prefix

    def block(self, prefix: str = "") -> None:
        """End the line and leave an empty one, except between a list mark and its text."""
        self.line()
        if self.in_row:
            return
        if self._lines and self._lines[-1] and not self._prefix:
            self._lines.append("")
        self._prefix = prefix or self._prefix

    def end_item(self) -> None:
        """End a heading or a list item: its prefix is not for what follows."""
        self.line()
        self._prefix = ""

    def begin_preformatted(self) -> None:
        """Keep line ends and spaces as they are from here on."""
        self.block()
        self._preformatted += 1

    def end_preformatted(self) -> None:
        """Collapse white space again."""
        self.line()
        self._preformatted = max(0, self._preformatted - 1)
        self.block()

    def begin_row(self) -> None:
        """Begin a table row."""
        if not self.in_row:
            self.end_item()
            self.in_row = True

    def cell(self) -> None:
        """End a cell of the row."""
        if self.in_row:
            self._parts.append(_CELL)

    def end_row(self) -> None:
        """Write the row, cells joined by " | "."""
        if not self.in_row:
            return
        cells = [collapse(cell) for cell in "".join(self._parts).removesuffix(_CELL).split(_CELL)]
        self._parts, self.in_row = [], False
        if any(cells):
            self._lines.append(" | ".join(cells))

    def text(self) -> str:
        """All that was written, at most one empty line in a row."""
        self.end_row()
        self.line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")


def collapse(text: str) -> str:
    """One line without runs of white space; ZWNJ, ZWJ, NBSP and the ideographic space stay."""
    # Chinese and Japanese lines are wrapped anywhere: a line end there is no space.
    return _SPACES.sub(" ", _CJK_BREAK.sub("", text)).strip(" ")
