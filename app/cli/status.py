"""`interlingua status` and `interlingua languages`: what an index holds."""

from __future__ import annotations

import dataclasses

import typer
from rich.table import Table

from .console import Collection, Embedder, Json, Store, human_bytes, index, out, print_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("languages")(languages)


def status(
    store: Store = None, collection: Collection = None, embedder: Embedder = None, as_json: Json = False
) -> None:
    """Show documents, chunks, languages, model and size on disk."""
    with index(store, collection, embedder) as opened:
        found = opened.status()
    if as_json:
        print_json(dataclasses.asdict(found))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("store", found.store)
    table.add_row("model", f"{found.model}, {found.dim} dimensions, {found.quantization}")
    table.add_row("documents", f"{found.documents:,}")
    table.add_row("chunks", f"{found.chunks:,}")
    top = ", ".join(f"{tag} {count:,}" for tag, count in list(found.languages.items())[:10])
    table.add_row("languages", f"{len(found.languages)}" + (f": {top}" if top else ""))
    if found.bytes is not None:
        table.add_row("on disk", human_bytes(found.bytes))
    out.print(table)


def languages(
    store: Store = None, collection: Collection = None, embedder: Embedder = None, as_json: Json = False
) -> None:
    """List the languages of the index with their chunks, most first."""
    with index(store, collection, embedder) as opened:
        found = opened.languages()
    if as_json:
        print_json(found)
        return
    for tag, count in found.items():
        out.print(f"{tag:<10} {count:>10,}")
