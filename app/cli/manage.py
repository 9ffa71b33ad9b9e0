"""`interlingua delete`, `export` and `import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...retrieval.errors import InputError
from ...retrieval.transfer import export_lines, import_lines
from .console import Collection, Embedder, Json, Store, err, index, out, print_json, visible


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("delete")(delete)
    app.command("export")(export)
    app.command("import")(import_)
    app.command("list")(list_)


def list_(store: Store = None, collection: Collection = None, embedder: Embedder = None, as_json: Json = False) -> None:
    """List the ids of all documents, sorted."""
    with index(store, collection, embedder) as opened:
        ids = sorted(opened.documents())
    if as_json:
        print_json(ids)
        return
    for document_id in ids:
        sys.stdout.write(visible(document_id) + "\n")


def delete(
    ids: Annotated[list[str], typer.Argument(metavar="DOCUMENT_ID…", help="Ids as `interlingua list` prints them.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Delete documents from the index (not from where they came from: the next ingest brings those back)."""
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Delete {len(ids)} document(s)?", abort=True, err=True)
    with index(store, collection, embedder) as opened:
        removed = {document_id: opened.delete(document_id) for document_id in ids}
    if as_json:
        print_json({"chunks": removed})
    for document_id, count in removed.items():
        if count == 0:
            err.print(visible(f"No document has the id {document_id}. List them: interlingua list"))
        elif not as_json:
            out.print(visible(f"Deleted {document_id} ({count} chunks)"), soft_wrap=True)
    if not all(removed.values()):
        raise typer.Exit(1)


def export(
    file: Annotated[str, typer.Argument(help="Where to write; - is standard output.")] = "-",
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
) -> None:
    """Write every chunk with its vector and metadata as JSON lines."""
    with index(store, collection, embedder) as opened:
        lines = export_lines(opened.store, opened.manifest)
        if file == "-":
            for line in lines:
                sys.stdout.write(line + "\n")
            return
        target = Path(file)
        if not target.parent.is_dir():
            raise InputError(f"There is no folder {target.parent} to write to.")
        partial = target.with_name(target.name + ".partial")
        with partial.open("w", encoding="utf-8") as stream:
            for line in lines:
                stream.write(line + "\n")
        partial.replace(target)  # a killed export never leaves half a file under the final name
        err.print(f"Exported {opened.store.count():,} chunks to {visible(file)}")


def import_(
    file: Annotated[str, typer.Argument(help="An export; - is standard input.")],
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
) -> None:
    """Read an export into an index of the same model. Running it again changes nothing."""
    if file != "-" and not Path(file).is_file():
        raise InputError(f"There is no file {file}.")
    with index(store, collection, embedder, create=True) as opened:
        stream = sys.stdin if file == "-" else Path(file).open(encoding="utf-8")  # noqa: SIM115 - closed below
        written = 0
        with stream, err.status("Importing…") as live:
            try:
                for written in import_lines(stream, opened.store, opened.manifest):
                    live.update(f"Importing… {written:,} chunks")
            except UnicodeDecodeError as error:
                raise InputError(f"{file} is not an export: {error}") from error
    err.print(f"Imported {written:,} chunks")
