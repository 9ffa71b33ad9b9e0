"""`interlingua plan`: how short vectors may become on the user's own texts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ...retrieval.compression import GIVEN, Measured, Option
from ...retrieval.compression.measuring import ENOUGH
from ...retrieval.compression.plot import svg
from ...retrieval.errors import InputError
from ...retrieval.types import Skip
from ..planning import DOCUMENTS, plan_index, plan_sources
from ..settings import load
from .console import Collection, Embedder, Json, Store, err, human_bytes, index, out, print_json, query_lines, visible

_COLUMNS = 6


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH…]", help="Files or folders to measure on, not yet ingested.")
    ] = None,
    dimensions: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Lengths of vector to try.", show_default="those of the model")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Queries of your own, one per line, instead of sentences.")
    ] = None,
    target: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Recall@10 that every language is to keep at least.")
    ] = 0.95,
    chunks: Annotated[int, typer.Option(min=1, help="Size of the index to reckon memory and disk for.")] = 1_000_000,
    documents: Annotated[int, typer.Option(min=1, help="Documents to read of each PATH.")] = DOCUMENTS,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw what was measured.")] = None,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Measure what shorter vectors and smaller codes cost on your own texts, per language, and recommend one.

    A sentence of each of up to 50 passages per language is searched with every dimension and quantization: recall@10
    is the share of the 10 best passages of the full vectors that are still found (the passage itself apart).
    Measured on the index or, with PATH, on some 1,500 passages embedded for this alone; nothing is stored. In an index
    larger than what was measured passages lie closer together, and more is lost.

    [dim]interlingua plan contracts/ --embedder qwen3-embedding-0.6b --chunks 5000000
    interlingua plan --target 0.98 --plot plan.svg[/dim]
    """
    sizes = _sizes(dimensions)
    asked = query_lines(queries)
    if plot is not None and not plot.absolute().parent.is_dir():
        raise InputError(f"There is no folder {plot.parent} to write to.")
    as_it_is: tuple[int, str] | None = None
    options: dict[str, Any] = {"dimensions": sizes, "queries": asked, "target": target, "for_chunks": chunks}
    if paths:
        for path in paths:
            if not Path(path).exists():
                raise InputError(f"There is no file or folder {path}.")
        settings = load(store=store, collection=collection, embedder=embedder)
        with err.status("Reading and measuring…"):
            measured = plan_sources(paths, settings, documents=documents, skipped=_skipped, **options)
    else:
        with index(store, collection, embedder) as opened, err.status("Measuring…"):
            measured = plan_index(opened, **options)
            as_it_is = (opened.manifest.dim, opened.manifest.quantization)
    if plot is not None:
        plot.write_text(svg(measured), encoding="utf-8")
    if as_json:
        print_json(dataclasses.asdict(measured))
        return
    print_measured(measured)
    best = (measured.recommended.dimensions, measured.recommended.quantization)
    if as_it_is == best:
        out.print("That is what the index has.")
    elif as_it_is is not None:
        out.print("Take the index there: interlingua migrate --dimensions {} --quantization {}".format(*best))


def print_measured(measured: Measured) -> None:
    """Every option, then recall by language of those worth having, then the recommended one."""
    asked = "queries of yours" if GIVEN in measured.queries else "queries"
    languages = "" if GIVEN in measured.queries else f" in {len(measured.queries)} languages"
    out.print(
        f"{measured.model}, {measured.dim} dimensions: {measured.passages:,} passages, "
        f"{sum(measured.queries.values()):,} {asked}{languages}"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("dimensions", "quantization", "bytes", "recall@10", "worst language", "memory", "disk"):
        table.add_column(heading, justify="left" if heading == "quantization" else "right")
    for option in measured.options:
        table.add_row(
            f"{option.dimensions:,}", option.quantization, f"{option.vector_bytes:,}", f"{option.recall:.3f}",
            f"{option.worst:.3f}", human_bytes(option.ram), human_bytes(option.disk),
            style="bold" if option == measured.recommended else "",
        )  # fmt: skip
    out.print(table)
    out.print(f"memory, disk: vectors and texts of {measured.for_chunks:,} chunks, indexes apart.", style="dim")
    if GIVEN not in measured.queries:
        out.print()
        out.print(_by_language(measured))
    chosen = measured.recommended
    saved = measured.options[0].vector_bytes / chosen.vector_bytes
    out.print()
    out.print(
        f"Recommended: --dimensions {chosen.dimensions} --quantization {chosen.quantization}: {chosen.vector_bytes:,} "
        f"bytes a vector, {saved:.0f} times fewer, recall@10 {chosen.recall:.3f}, at least {chosen.worst:.3f} in each "
        f"language with {ENOUGH} queries or more (target {measured.target:g})."
    )


def _by_language(measured: Measured) -> Table:
    """The options that no smaller one beats, as columns."""
    worth = sorted(_worth_having(measured.options), key=lambda option: -option.vector_bytes)[:_COLUMNS]
    table = Table(box=None, pad_edge=False)
    table.add_column("language", no_wrap=True)
    table.add_column("queries", justify="right")
    for option in worth:
        table.add_column(f"{option.dimensions} {option.quantization}", justify="right")
    for language, count in measured.queries.items():
        table.add_row(language, f"{count:,}", *(f"{option.by_language[language]:.3f}" for option in worth))
    return table


def _worth_having(options: tuple[Option, ...]) -> list[Option]:
    return [
        option
        for option in options
        if option.quantization != "none"
        and not any(other.vector_bytes <= option.vector_bytes and other.worst > option.worst for other in options)
    ]


def _skipped(skip: Skip) -> None:
    err.print(visible(f"  skipped {skip.id}: {skip.reason}"))


def _sizes(text: str | None) -> list[int]:
    if text is None:
        return []
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list such as 512,256,128", param_hint="--dimensions") from None
