"""`interlingua models check`: is a model used as it was trained, and are a server and a copy of it the same?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ...retrieval.catalogue import embedding_model
from ...retrieval.embedders import load as load_embedder
from ...retrieval.errors import ConfigurationError
from ...retrieval.protocols import Embedder
from ..settings import Settings, load, plain, shown
from ..wiring import embedder_for, store_for
from .console import Embedder as EmbedderOption
from .console import Json, out, print_json

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}


def check(
    name: Annotated[str | None, typer.Argument(help="Model; without one, what the settings or the index name.")] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="WHAT", help="Compare with this: URL of a server, or a model that runs in this process."),
    ] = None,
    embedder: EmbedderOption = None,
    embedder_url: Annotated[str | None, typer.Option(metavar="URL", help="Server that runs the model.")] = None,
    dimensions: Annotated[
        int | None, typer.Option(help="Length of a vector, where the model allows a choice.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Embed a handful of texts and check what comes back: shape, norm, order, prompts, padding, what ends a text.

    With --against, two of one model are compared, and if they differ, why. Ends with 5 when something is wrong.

    [dim]interlingua models check qwen3-embedding-0.6b
    interlingua models check qwen3-embedding-0.6b --against http://localhost:8080[/dim]
    """
    if name is not None and embedder not in (None, name):
        raise ConfigurationError(
            f"Two models are named, {name} and {embedder}. Name one; the other goes with --against."
        )
    from ...retrieval.probe import compare, probe

    settings = load(embedder=name or embedder, embedder_url=embedder_url, dimensions=dimensions)
    models = [embedder_for(settings, store_for(settings))]
    labels = [shown(settings.embedder_url) if settings.embedder_url else models[0].model]
    if against is not None:
        models.append(_other(settings, models[0], against))
        labels.append(shown(against))
    checked = [{"name": label, **_described(model)} for label, model in zip(labels, models, strict=True)]
    findings = [probe(model) for model in models]
    comparison = compare(*models) if against is not None else None
    if as_json:
        for entry, found in zip(checked, findings, strict=True):
            entry["findings"] = [dataclasses.asdict(finding) for finding in found]
        print_json({"models": checked, "comparison": None if comparison is None else dataclasses.asdict(comparison)})
    else:
        for entry, found in zip(checked, findings, strict=True):
            _print_findings(entry, found)
        if comparison is not None:
            _print_comparison(labels, comparison)
    failed = any(finding.outcome == "failed" for found in findings for finding in found)
    if failed or (comparison is not None and not comparison.agree):
        raise typer.Exit(5)


def _other(settings: Settings, first: Embedder, against: str) -> Embedder:
    """What to compare with: of the same name and dimension behind a URL, else in this process."""
    if "://" not in against:
        return load_embedder(
            against,
            dimensions=settings.dimensions,
            task=settings.task,
            device=settings.device,
            revision=settings.revision,
            trust_remote_code=settings.trust_remote_code,
        )
    entry = embedding_model(first.model)
    cut = first.dim if entry is not None and first.dim < entry.dim else None
    return load_embedder(
        "bundled" if Path(first.model).is_dir() else first.model,  # that is, whatever the server says it serves
        url=against,
        dialect=settings.embedder_dialect,
        key=plain(settings.embedder_key),
        dimensions=settings.dimensions or cut,
        task=settings.task,
    )


def _described(model: Embedder) -> dict[str, Any]:
    return {"model": model.model, "dim": model.dim, "fingerprint": model.fingerprint}


def _print_findings(entry: dict[str, Any], findings: list[Any]) -> None:
    out.print(Text(f"{entry['name']}: {entry['model']}, {entry['dim']} dimensions", style="bold"))
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        table.add_row(Text(finding.outcome, style=_STYLES[finding.outcome]), finding.check, finding.message)
    out.print(table)
    out.print()


def _print_comparison(labels: list[str], comparison: Any) -> None:
    from ...retrieval.probe import TEXTS

    out.print(Text(f"{labels[0]} and {labels[1]}", style="bold"))
    if comparison.queries:
        table = Table(box=None, pad_edge=False)
        for heading in ("query", "passage"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("cosine of", overflow="fold")
        for query, passage, text in zip(comparison.queries, comparison.passages, TEXTS, strict=True):
            table.add_row(f"{query:.6f}", f"{passage:.6f}", text)
        out.print(table)
        out.print(f"largest difference (1 - cosine): {comparison.difference:.1e}")
    style = "green" if comparison.agree else "bold red"
    out.print(Text(f"{'agree' if comparison.agree else 'differ'}: {comparison.diagnosis}", style=style))
