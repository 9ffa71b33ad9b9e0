"""Every format: its name, its extensions and where its reader is."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How files of one kind are read.

    `reader` is "module:function" inside this package. A document format's function takes (binary file, Limits) and
    returns Content; a table's takes the same and yields rows. `isolated`: it runs in the worker process.
    """

    name: str
    reader: str
    label: str
    extensions: tuple[str, ...] = ()
    isolated: bool = False
    table: bool = False

    def load(self) -> Callable[..., Any]:
        """Import the reader; a format costs nothing until its first file."""
        module, _, function = self.reader.partition(":")
        loaded: Callable[..., Any] = getattr(importlib.import_module(f".{module}", __package__), function)
        return loaded


FORMATS = (
    Format(
        name="text",
        reader="formats.text:read",
        label="text",
        extensions=("txt", "text", "log", "rst", "srt", "vtt", "adoc", "asciidoc", "org", "tex"),
    ),
    Format(
        name="markdown",
        reader="formats.markdown:read",
        label="Markdown",
        extensions=("md", "markdown", "mdown", "mkd", "mdx", "qmd"),
    ),
    Format(
        name="html",
        reader="formats.html:read",
        label="HTML",
        extensions=("html", "htm", "xhtml", "xht"),
        isolated=True,
    ),
    # No file is read with it by its name: the web connector asks for it, since it needs a page's links too.
    Format(name="webpage", reader="formats.webpage:read", label="a web page", isolated=True),
    Format(name="xml", reader="formats.xml:read", label="XML", extensions=("xml",), isolated=True),
    Format(name="pdf", reader="formats.pdf:read", label="a PDF", extensions=("pdf",), isolated=True),
    # Asked for by `ocr`, for a page of a PDF that has no usable text.
    Format(name="pdf-page", reader="ocr.recognise:read", label="a page of a PDF", isolated=True),
    Format(name="pdf-orientation", reader="ocr.recognise:orientation", label="a page of a PDF", isolated=True),
    Format(name="docx", reader="formats.docx:read", label="a Word document", extensions=("docx",), isolated=True),
    Format(name="pptx", reader="formats.pptx:read", label="a presentation", extensions=("pptx",), isolated=True),
    Format(name="xlsx", reader="formats.xlsx:read", label="a workbook", extensions=("xlsx", "xlsm"), isolated=True),
    Format(
        name="odf",
        reader="formats.odf:read",
        label="an OpenDocument file",
        extensions=("odt", "ods", "odp", "ott"),
        isolated=True,
    ),
    Format(name="epub", reader="formats.epub:read", label="an EPUB", extensions=("epub",), isolated=True),
    Format(name="rtf", reader="formats.rtf:read", label="RTF", extensions=("rtf",), isolated=True),
    Format(name="eml", reader="formats.eml:read", label="an e-mail", extensions=("eml", "mht", "mhtml"), isolated=True),
    Format(
        name="wikitext",
        reader="formats.wikitext:read",
        label="wikitext",
        extensions=("wiki", "wikitext", "mediawiki"),
        isolated=True,
    ),
    # Containers whose name says nothing reliable: the reader looks inside.
    Format(name="zip", reader="formats.container:read_zip", label="a zip archive", isolated=True),
    Format(
        name="ole",
        reader="formats.container:read_ole",
        label="an OLE file",
        extensions=("doc", "xls", "ppt", "msg"),
        isolated=True,
    ),
    Format(name="csv", reader="tables.delimited:rows", label="CSV", extensions=("csv", "tsv", "tab"), table=True),
    Format(name="json", reader="tables.json:rows", label="JSON", extensions=("json",), table=True),
    Format(name="jsonl", reader="tables.jsonl:rows", label="JSON Lines", extensions=("jsonl", "ndjson"), table=True),
    Format(name="parquet", reader="tables.parquet:rows", label="Parquet", extensions=("parquet",), table=True),
)

BY_NAME = {known.name: known for known in FORMATS}
_BY_EXTENSION = {extension: known for known in FORMATS for extension in known.extensions}


def for_extension(extension: str) -> Format | None:
    """The format of files so named (lower case, no dot), None when it is not known."""
    return _BY_EXTENSION.get(extension)
