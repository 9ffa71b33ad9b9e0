"""Workbooks: every sheet as lines of cells; formulas as the values that were saved with them."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..content import Content, UnreadableError, as_title, check_length
from ..limits import Limits


def read(file: BinaryIO, limits: Limits) -> Content:
    """Sheets in order, each "# name" and its rows ("a | b"); their names in the metadata."""
    import warnings

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    warnings.simplefilter("ignore")  # about styles and extensions that a reader of text does not need
    try:
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UnreadableError(f"damaged workbook: {error}") from None
    lines: list[str] = []
    length = 0
    for sheet in workbook.worksheets:
        # The size that a sheet claims pads every row to 16,384 cells in the worst case.
        sheet.reset_dimensions()
        rows = list(_rows(sheet, limits.max_characters - length))
        if rows:
            lines += ["", f"# {sheet.title}", *rows]
            length += sum(map(len, rows))
    title = as_title(workbook.properties.title)
    names = [sheet.title for sheet in workbook.worksheets]
    workbook.close()
    return Content(text="\n".join(lines).strip("\n"), title=title, metadata={"sheets": names})


def _rows(sheet: Any, limit: int) -> Iterator[str]:
    length = 0
    for row in sheet.iter_rows(values_only=True):
        cells = [_cell(value) for value in row]
        if any(cells):
            line = " | ".join(cells).rstrip(" |")
            length += len(line)
            check_length(length, limit)
            yield line


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return " ".join(str(value).split())
