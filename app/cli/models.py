"""`interlingua models`: which models are known, and what each one needs."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer
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
from ...retrieval.errors import InputError
from .console import Json, out, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("models")(models)


def models(
    name: Annotated[str | None, typer.Argument(help="Show everything that is known of this one.")] = None,
    as_json: Json = False,
) -> None:
    """List the models that are known, with their dimensions, limits and licences.

    Any other model of sentence-transformers works by its hub id or folder, prompts read from its own configuration.

    [dim]interlingua models qwen3-embedding-0.6b
    interlingua ingest docs/ --embedder Qwen/Qwen3-Embedding-0.6B[/dim]
    """
    if name is not None:
        _one(name, as_json)
        return
    if as_json:
        embedders = [dataclasses.asdict(model) for model in embedding_models()]
        print_json({"embedders": embedders, "rerankers": [dataclasses.asdict(model) for model in reranker_models()]})
        return
    out.print(_embedders())
    out.print(_rerankers())
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


def _embedders() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("embedder", "dimensions", "tokens", "prompts", "licence"):
        table.add_column(heading, justify="right" if heading == "tokens" else "left", no_wrap=heading == "embedder")
    table.add_row("bundled", "384, 256, 128, 64", "256", "none", "Apache-2.0")
    for model in embedding_models():
        table.add_row(model.name, _dimensions(model), f"{model.max_tokens:,}", _prompts(model), _licence(model))
    return table


def _rerankers() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("\nreranker", "\nkind", "\ntokens", "\nlicence"):
        table.add_column(heading, justify="right" if "tokens" in heading else "left", no_wrap="reranker" in heading)
    for model in reranker_models():
        table.add_row(model.name, model.kind, f"{model.max_tokens:,}", _licence(model))
    return table


def _dimensions(model: EmbeddingModel) -> str:
    if model.dimensions:
        return ", ".join(map(str, sorted(model.dimensions, reverse=True)))
    return f"{model.dim} to {model.smallest}" if model.smallest else str(model.dim)


def _prompts(model: EmbeddingModel) -> str:
    parts = {
        "query": bool(model.query_prompt),
        "passage": bool(model.passage_prompt),
        "task": bool(model.instruction),
        "suffix": bool(model.suffix),
    }
    return ", ".join(part for part, there in parts.items() if there) or "none"


def _licence(model: EmbeddingModel | RerankerModel) -> str:
    return model.licence if model.commercial else f"{model.licence} (not for commercial use)"
