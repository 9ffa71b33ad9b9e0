"""`interlingua ingest`: documents into the index."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ...connectors.files.limits import Limits
from ...connectors.report import Report
from ...connectors.sources import Source
from ...retrieval.errors import InputError
from ..settings import load
from ..wiring import limits_for
from .console import Collection, Embedder, Json, Store, err, fail, index, out, print_json, visible

OPTIMIZE_FROM = 20_000
"""Chunks from which quantized segments are worth building; below, a scan of all vectors takes a few milliseconds."""
_QUIET_SECONDS = 10.0
_SHOWN_SKIPS = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ingest")(ingest)


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, URLs; - reads standard input.")],
    include: Annotated[
        list[str] | None, typer.Option(help="Only files that match this glob; repeatable. Nothing is deleted then.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave these out, in .gitignore syntax; repeatable.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=NAME", help="Column of a table: text=body, id=sku, title=…, language=…, url=…"),
    ] = None,
    delete: Annotated[bool, typer.Option(help="Delete what has vanished from the folder since the last time.")] = True,
    force: Annotated[bool, typer.Option(help="Delete even when suspiciously many documents have vanished.")] = False,
    chunk_tokens: Annotated[int | None, typer.Option(help="Longest chunk, in tokens.", show_default="256")] = None,
    chunk_overlap: Annotated[
        int | None, typer.Option(help="Whole sentences that neighbouring chunks share.", show_default="0")
    ] = None,
    quantization: Annotated[
        str | None, typer.Option(help="int8, binary or none; fixed when the index is created.", show_default="int8")
    ] = None,
    dimensions: Annotated[
        int | None,
        typer.Option(help="Length of a vector, where the model allows a choice; fixed when the index is created."),
    ] = None,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Ingest files, folders and URLs. Run it again at any time: only what changed is embedded again.

    Reads txt, md, html, pdf, docx, pptx, xlsx, odt, epub, rtf, eml, csv, tsv, json, jsonl and parquet (each row of a
    table is a document). Languages are detected; nothing is translated. A URL is one page, or a folder of a remote file
    system (s3://…, sftp://…); for whole sites, databases and repositories see [bold]interlingua sync[/bold].

    [dim]interlingua ingest docs/ --exclude 'drafts/'
    interlingua ingest catalogue.csv --column text=description --column id=sku[/dim]
    """
    for path in paths:
        if path != "-" and "://" not in path and not Path(path).exists():
            raise InputError(f"There is no file or folder {path}.")
    limits = limits_for(load())
    sources = [_source(path, include or (), exclude or (), _columns(column), limits) for path in paths]
    with index(
        store,
        collection,
        embedder,
        create=True,
        chunk_tokens=chunk_tokens,
        chunk_overlap=chunk_overlap,
        quantization=quantization,
        dimensions=dimensions,
    ) as opened:
        reports = []
        for source in sources:
            with progress_bar() as progress:
                reports.append(opened.ingest(source, delete=delete, force=force, progress=progress))
        if any(report.chunks for report in reports) and opened.store.count() >= OPTIMIZE_FROM:
            with err.status("Building quantized segments…"):
                opened.store.optimize()
    if as_json:
        print_json([report.to_dict() for report in reports])
    else:
        for report in reports:
            print_report(report)
    if any(report.refused_deletions for report in reports):
        raise typer.Exit(4)
    if any(report.skipped for report in reports):
        raise typer.Exit(3)


def _source(
    path: str,
    include: list[str] | tuple[()],
    exclude: list[str] | tuple[()],
    columns: dict[str, str],
    limits: Limits,
) -> Source:
    from ...connectors.files import FilesConnector, StdinConnector

    if path.startswith(("http://", "https://")):
        if include or exclude or columns:
            raise typer.BadParameter("a page takes no --include, --exclude or --column", param_hint="PATH")
        return path
    if "://" in path and not path.startswith("file://"):
        from ...connectors.remote import RemoteConnector

        return RemoteConnector(path, include=include, exclude=exclude, columns=columns, limits=limits)
    if path == "-":
        # Without a buffer: a thread that waits in a buffered read cannot be left behind at exit (Ctrl-C).
        return StdinConnector(io.FileIO(sys.stdin.fileno(), closefd=False), limits=limits)
    folder = Path(path.removeprefix("file://"))
    return FilesConnector(folder, include=include, exclude=exclude, columns=columns, limits=limits)


def _columns(pairs: list[str] | None) -> dict[str, str]:
    columns = {}
    for pair in pairs or ():
        field, equals, name = pair.partition("=")
        if not equals or not field or not name:
            raise typer.BadParameter(f"{pair!r} is not FIELD=NAME, such as text=description", param_hint="--column")
        columns[field] = name
    return columns


@contextmanager
def progress_bar() -> Iterator[Callable[[Report], None]]:
    """A live line on a terminal; elsewhere a plain line every ten seconds."""
    if not err.is_terminal:
        last = time.monotonic()

        def log(report: Report) -> None:
            nonlocal last
            if time.monotonic() - last >= _QUIET_SECONDS:
                last = time.monotonic()
                err.print(_line(report))

        yield log
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
    with bar:
        task = bar.add_task("Reading…", total=None)
        yield lambda report: bar.update(task, description=_line(report))


def _line(report: Report) -> str:
    rate = report.chunks / report.seconds if report.seconds else 0.0
    return (
        f"{report.documents:,} documents, {report.chunks:,} chunks ({rate:,.0f}/s), "
        f"{len(report.languages)} languages" + (f", {report.skipped:,} skipped" if report.skipped else "")
    )


def print_report(report: Report) -> None:
    """What an ingest did, for people."""
    counts = {name: getattr(report, name) for name in ("added", "updated", "unchanged", "deleted", "skipped")}
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    out.print(f"{visible(report.source)}: {listed} in {report.seconds:.1f} s")
    if report.chunks:
        top = sorted(report.languages.items(), key=lambda item: (-item[1], item[0]))
        names = ", ".join(f"{tag} {count:,}" for tag, count in top[:12]) + (", …" if len(top) > 12 else "")
        out.print(
            f"  {report.chunks:,} chunks written ({report.embedded:,} embedded, {report.reused:,} reused), "
            f"{len(top)} languages: {names}"
        )
    for skip in report.skips[:_SHOWN_SKIPS]:
        err.print(visible(f"  skipped {skip.id}: {skip.reason}"))
    if report.skipped > _SHOWN_SKIPS:
        err.print(f"  … and {report.skipped - _SHOWN_SKIPS:,} more skipped; --json lists them")
    for fix, count in sorted(report.needs_ocr.items()):
        documents = "1 document has" if count == 1 else f"{count:,} documents have"
        err.print(visible(f"  {documents} pages of unusable text, which a search will miss: {fix}"))
    if report.refused_deletions:
        fail(
            f"{report.refused_deletions:,} documents are no longer at {report.source}. That many at once looks like a "
            "fault of the source, so they were kept. If they are meant to go, run the same command with --force."
        )
