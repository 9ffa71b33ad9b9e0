"""What all commands share: the two consoles, the common options, and how values are printed."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from ...retrieval.errors import InputError

if TYPE_CHECKING:
    from ..index import Index

out = Console(soft_wrap=not sys.stdout.isatty(), highlight=False, markup=False, emoji=False)
"""Results; wraps only on a terminal, so that pipes get whole lines."""
err = Console(stderr=True, soft_wrap=not sys.stderr.isatty(), highlight=False, markup=False, emoji=False)
"""Progress, notes and errors."""

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        "-s",
        metavar="WHERE",
        help="Folder of the index, or URL of a Qdrant server.",
        show_default=".interlingua",
    ),
]
Collection = Annotated[str | None, typer.Option(help="Collection on a Qdrant server.", show_default="interlingua")]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder", "-e", metavar="MODEL", help="Model name, folder or package.module:Class.", show_default="bundled"
    ),
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", "-l", help="Only passages in this language (de, zh-Hant, German); repeatable."),
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter", "-f", metavar="KEY=VALUE", help="Metadata: topic=health, year>=2020, status!=draft; repeatable."
    ),
]
Rerank = Annotated[bool, typer.Option("--rerank", help="Order the best candidates anew with the reranker.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def index(
    store: str | None, collection: str | None, embedder: str | None, *, create: bool = False, **options: Any
) -> Index:
    """Open the index that the options, the environment and interlingua.toml describe."""
    from ..index import open as open_index  # half a second, which the start of the interface would wait for

    return open_index(store, create=create, collection=collection, embedder=embedder, **options)


def visible(text: str) -> str:
    """`text` on one line, with control characters shown as escapes: a file name may hold terminal commands."""
    return "".join(repr(c)[1:-1] if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text)


def query_lines(path: Path | None) -> list[str]:
    """The queries of a file, one per line; none without a file. Raises InputError."""
    if path is None:
        return []
    try:
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(f"The queries in {path} cannot be read: {error}") from error
    if not found:
        raise InputError(f"There are no queries in {path}. Write one per line.")
    return found


def print_json(value: Any) -> None:
    """One JSON document on standard output, as UTF-8, keys in the order given."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_json_line(value: Any) -> None:
    """One JSON document as one line, handed on at once: somebody may be reading along."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def fail(message: str) -> None:
    """An error on standard error."""
    err.print(Text.assemble(("Error: ", "bold red"), visible(message)))


def human_bytes(count: int) -> str:
    """1536 -> '1.5 KiB'."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
