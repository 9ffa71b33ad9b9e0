"""`interlingua migrate`: move an index to another model, and back."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ...retrieval.comparison import TOP, LanguageComparison
from ...retrieval.errors import ConfigurationError
from ...retrieval.manifest import Manifest
from .. import migration
from ..migration import SAMPLE, MigrationReport, Progress
from ..settings import OF_THE_EMBEDDER, Settings, load
from ..wiring import target_for
from .console import Collection, Embedder, Json, Store, err, out, print_json, query_lines, visible
from .ingest import OPTIMIZE_FROM

_QUIET_SECONDS = 10.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(
    to: Annotated[
        str | None, typer.Option("--to", metavar="MODEL", help="Model to move to: a name, a hub id or a folder.")
    ] = None,
    dimensions: Annotated[int | None, typer.Option(help="Length of its vectors, where it allows a choice.")] = None,
    quantization: Annotated[str | None, typer.Option(help="int8, binary or none.", show_default="as it is")] = None,
    url: Annotated[
        str | None, typer.Option(help="Server that runs the model; its key is INTERLINGUA_TARGET_KEY.")
    ] = None,
    dialect: Annotated[str | None, typer.Option(help="Of that server: tei, openai, zeroentropy; or asked.")] = None,
    task: Annotated[
        str | None, typer.Option(help="What queries are for, where the model takes an instruction.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="That the model runs on, such as cuda:1 or cuda:0,cuda:1.")] = None,
    revision: Annotated[str | None, typer.Option(help="Commit or branch of a hub model.")] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code that a hub model of that revision brings along.")
    ] = False,
    switch: Annotated[bool, typer.Option(help="Put the new vectors in force; without, build and compare only.")] = True,
    sample: Annotated[int, typer.Option(help="Stored passages to compare the models on; 0 for none.")] = SAMPLE,
    queries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Queries of your own to compare on, one per line.")
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Put the model before the last switch in force.")
    ] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Delete kept and unfinished vectors.")] = False,
    force: Annotated[bool, typer.Option(help="Roll back even if documents have changed since the switch.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Move the index to another model, from the stored text; the sources are not read again.

    The new vectors are built beside the old ones, which stay in force meanwhile. A killed run goes on where it was.
    Both are compared, then the new ones are put in force in one step. The old ones are kept for --rollback until the
    next migration or --discard. Passages are not cut anew.

    [dim]interlingua migrate --to qwen3-embedding-0.6b --no-switch
    interlingua migrate --to qwen3-embedding-0.6b
    interlingua migrate --rollback[/dim]
    """
    target = {
        "to": to, "dimensions": dimensions, "task": task, "url": url, "dialect": dialect, "device": device,
        "revision": revision, "trust_remote_code": trust_remote_code or None,
    }  # fmt: skip
    given = {name for name, value in {**target, "quantization": quantization}.items() if value is not None}
    _check_usage(given, rollback=rollback, discard=discard, force=force)
    settings = load(store=store, collection=collection, embedder=embedder)
    if rollback:
        before, after = migration.rollback(settings, force=force)
        if as_json:
            print_json({"before": dataclasses.asdict(before), "after": dataclasses.asdict(after)})
        else:
            out.print(f"In force again: {_name(after)}. Kept: {_name(before)}.")
        _note_settings(settings, after)
        return
    if discard:
        if not yes and sys.stdin.isatty():
            typer.confirm("Delete the vectors that are not in force? There is no rollback then.", abort=True, err=True)
        found = migration.discard(settings)
        if as_json:
            print_json({"discarded": [dataclasses.asdict(made) for made in found]})
        else:
            out.print(f"Deleted: {', '.join(map(_name, found))}." if found else "Nothing was kept or unfinished.")
        return
    with migration.opened(settings) as (opened, made_with):
        new_model = target_for(settings, made_with, **{k: v for k, v in target.items() if v is not None})  # type: ignore[arg-type]  # each value is of its option's type
        wanted = migration.target_manifest(made_with, new_model, quantization)
        with _progress_line() as progress:
            new, report = migration.build(
                opened,
                new_model,
                wanted,
                source=migration.source_for(settings, opened, made_with) if sample or queries else None,
                sampled=sample,
                queries=query_lines(queries),
                optimize=opened.count() >= OPTIMIZE_FROM,
                progress=progress,
            )
        try:
            if not as_json:
                print_comparison(report)
            if switch and (yes or not sys.stdin.isatty() or typer.confirm(f"Switch to {_name(wanted)}?", err=True)):
                report = migration.switch(opened, new, new_model, report)
        finally:
            new.close()
    if as_json:
        print_json(report.to_dict())
    else:
        print_report(report)
    if report.switched:
        _note_settings(settings, report.after)
        if url is not None:
            err.print(f"Note: from now on set INTERLINGUA_EMBEDDER_URL={visible(url)} for whatever opens this index.")


def _check_usage(given: set[str], *, rollback: bool, discard: bool, force: bool) -> None:
    if rollback + discard + bool(given) > 1:
        raise ConfigurationError("--rollback, --discard and a model to move to exclude one another. Give one of them.")
    if not (rollback or discard or given):
        raise ConfigurationError("Name the model: interlingua migrate --to MODEL. List models: interlingua models")
    if force and not rollback:
        raise ConfigurationError("--force belongs to --rollback. Leave it out.")


@contextmanager
def _progress_line() -> Iterator[Callable[[Progress], None]]:
    """A live line on a terminal; elsewhere a plain line every ten seconds."""
    started = last = time.monotonic()
    with err.status("Reading…") as live:

        def show(progress: Progress) -> None:
            nonlocal last
            line = _line(progress, time.monotonic() - started)
            if err.is_terminal:
                live.update(line)
            elif time.monotonic() - last >= _QUIET_SECONDS:
                last = time.monotonic()
                err.print(line)

        yield show


def _line(progress: Progress, seconds: float) -> str:
    step = progress.step
    if progress.stage != "embedding":
        return f"{progress.stage.capitalize()}…"
    rate = step.embedded / seconds if seconds else 0.0
    return f"{step.chunks:,} of {step.total:,} chunks, {step.embedded:,} embedded ({rate:,.0f}/s)"


def print_comparison(report: MigrationReport) -> None:
    """What the two models find, a line per language, most queries first."""
    for note in report.notes:
        err.print(visible(f"Note: {note}"))
    if not report.comparison:
        return
    before, after = report.before, report.after
    names = [_name(before), _name(after)] if before.model == after.model else [before.model, after.model]
    table = Table(title=f"Before: {names[0]}. After: {names[1]}.", title_justify="left", box=None, pad_edge=False)
    table.add_column("language", no_wrap=True)
    for heading in ("queries", f"same of {TOP}", "first: before", "after", f"in {TOP}: before", "after"):
        table.add_column(heading, justify="right")
    for line in report.comparison:
        table.add_row(line.language, f"{line.queries:,}", *_cells(line))
    out.print(table)
    out.print(
        "first: how many queries, each a sentence of a stored passage, find that passage first; "
        f"in {TOP}: among the first {TOP}.",
        style="dim",
    )


def _cells(line: LanguageComparison) -> list[str]:
    counts = (line.before_first, line.after_first, line.before_top, line.after_top)
    overlap = "-" if line.overlap is None else f"{line.overlap * TOP:.1f}"
    return [overlap, *("-" if count is None else f"{count:,}" for count in counts)]


def print_report(report: MigrationReport) -> None:
    """What a migration did, for people."""
    out.print(
        f"{report.chunks:,} chunks: {report.embedded:,} embedded, {report.copied:,} copied, {report.present:,} there "
        f"already, in {report.seconds:.1f} s"
    )
    if report.switched:
        out.print(
            f"In force: {_name(report.after)}. Kept: {_name(report.before)}. "
            "Back: interlingua migrate --rollback. Free its space: interlingua migrate --discard"
        )
    else:
        out.print(
            f"Still in force: {_name(report.before)}. To switch, run the same command again without --no-switch: "
            "nothing is embedded twice."
        )


def _note_settings(settings: Settings, after: Manifest) -> None:
    """Settings that still name the other model keep the index from being opened."""
    named = sorted(settings.model_fields_set & OF_THE_EMBEDDER)
    if named:
        err.print(
            f"Note: the index is now of {_name(after)}; your settings name a model too ({', '.join(named)}). Change "
            "or remove them if they mean another: without them an index is opened with the model that made it."
        )


def _name(made: Manifest) -> str:
    return visible(f"{made.model} ({made.dim} dimensions, {made.quantization})")
