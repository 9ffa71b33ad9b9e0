"""`interlingua models`: which models are known, what each one needs, and whether one is used rightly."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

import typer
import typer.core
from rich.table import Table

from ...retrieval.catalogue import (
    EmbeddingModel,
    RerankerModel,
    embedding_model,
    embedding_models,
    reranker_model,
    reranker_models,
)
from ...retrieval.embedders import PURPOSE
from ...retrieval.embedders.onnx import bundled
from ...retrieval.errors import InputError
from .check import check
from .console import Json, out, print_json


class _ShowsByDefault(typer.core.TyperGroup):
    """`models` and `models NAME` mean `models show [NAME]`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(cls=_ShowsByDefault, help="Known models (`models`, `models NAME`), and checks of one.")
    group.command("show")(show)
    group.command("check")(check)
    app.add_typer(group, name="models")


def show(
    name: Annotated[str | None, typer.Argument(help="Show everything that is known of this one.")] = None,
    as_json: Json = False,
) -> None:
    """List the models that are known, with their dimensions, limits and licences.

    Any other model of sentence-transformers works by its hub id or folder, prompts read from its own configuration.

    [dim]interlingua models qwen3-embedding-0.6b
    interlingua ingest docs/ --embedder qwen3-embedding-0.6b[/dim]
    """
    if name is not None:
        _one(name, as_json)
        return
    if as_json:
        embedders = [dataclasses.asdict(model) for model in embedding_models()]
        print_json({"embedders": embedders, "rerankers": [dataclasses.asdict(model) for model in reranker_models()]})
        return
    out.print(_embedders())
    out.print()
    out.print(_rerankers())
    out.print("\n* not for commercial use. Prompts, hub id and more of one model: interlingua models NAME")
    out.print(f"bundled comes with the package, no download. {PURPOSE}")


def _one(name: str, as_json: bool) -> None:
    model = embedding_model(name) or reranker_model(name)
    if model is None:
        raise InputError(f"No known model is called {name!r}. List them: interlingua models")
    values = dataclasses.asdict(model)
    if as_json:
        print_json(values)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for key, value in values.items():
        table.add_row(key, _written(value))
    out.print(table)


def _written(value: Any) -> str:
    """A value as people read it; texts that reach a model in quotes, since a blank or a line break in them matters."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if isinstance(value, str) and (value != value.strip() or "\n" in value) else str(value)


def _table(*headings: str) -> Table:
    """Nothing is cut off, however narrow the terminal: what does not fit goes on below."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading == "tokens" else "left"
        table.add_column(heading, justify=justify, no_wrap=heading in ("embedder", "reranker"), overflow="fold")
    return table


def _embedders() -> Table:
    own = bundled().network()
    table = _table("embedder", "dimensions", "tokens", "licence")
    table.add_row(own.name, _listed(own.dimensions), f"{own.max_tokens:,}", "Apache-2.0")
    for model in embedding_models():
        table.add_row(_short(model), _dimensions(model), f"{model.max_tokens:,}", _licence(model))
    return table


def _rerankers() -> Table:
    table = _table("reranker", "kind", "tokens", "licence")
    for model in reranker_models():
        table.add_row(_short(model), model.kind, f"{model.max_tokens:,}", _licence(model))
    return table


def _short(model: EmbeddingModel | RerankerModel) -> str:
    """A name that fits into a table and can be typed; the hub id is among the details."""
    return model.aliases[0] if model.aliases else model.name


def _listed(dimensions: tuple[int, ...]) -> str:
    return ", ".join(map(str, sorted(dimensions, reverse=True)))


def _dimensions(model: EmbeddingModel) -> str:
    if model.dimensions:
        return _listed(model.dimensions)
    return f"{model.dim} to {model.smallest}" if model.smallest else str(model.dim)


def _licence(model: EmbeddingModel | RerankerModel) -> str:
    return model.licence if model.commercial else f"{model.licence} *"
