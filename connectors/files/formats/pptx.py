"""Presentations: slides with their tables and notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ..content import Content, UnreadableError, as_title, check_length
from ..limits import Limits


def read(file: BinaryIO, limits: Limits) -> Content:
    """One block per slide: its title as "# …", the other shapes in order, then the speaker's notes."""
    import pptx
    from pptx.exc import PackageNotFoundError

    try:
        presentation = pptx.Presentation(file)
    except (ValueError, KeyError, PackageNotFoundError) as error:
        raise UnreadableError(f"damaged presentation: {error}") from None
    slides: list[str] = []
    length = 0
    heading = None
    for slide in presentation.slides:
        lines = list(_lines(slide))
        heading = heading or next((as_title(line[2:]) for line in lines if line.startswith("# ")), None)
        slides.append("\n".join(lines))
        length += len(slides[-1])
        check_length(length, limits.max_characters)
    title = as_title(presentation.core_properties.title)
    if title in (None, "PowerPoint Presentation"):
        title = heading
    text = "\n\n".join(slide for slide in slides if slide)
    return Content(text=text, title=title, metadata={"slides": len(slides)})


def _lines(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    if title is not None and title.text_frame.text.strip():
        yield "# " + " ".join(title.text_frame.text.split())
    for shape in _shapes(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape_lines(shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield from _frame_lines(slide.notes_slide.notes_text_frame)


def _shapes(shapes: Any) -> Iterator[Any]:
    """All shapes, those in groups too."""
    stack = list(reversed(list(shapes)))
    while stack:
        shape = stack.pop()
        if hasattr(shape, "shapes"):
            stack.extend(reversed(list(shape.shapes)))
        else:
            yield shape


def _shape_lines(shape: Any) -> Iterator[str]:
    if getattr(shape, "has_table", False):
        for row in shape.table.rows:
            cells = [" ".join(cell.text_frame.text.split()) for cell in row.cells]
            if any(cells):
                yield " | ".join(cells)
    elif shape.has_text_frame:
        yield from _frame_lines(shape.text_frame)


def _frame_lines(frame: Any) -> Iterator[str]:
    for paragraph in frame.paragraphs:
        text = paragraph.text.replace("\v", "\n").strip()
        if text:
            yield text
