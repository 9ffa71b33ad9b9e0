"""`interlingua serve`: the HTTP API."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from ...retrieval.errors import MissingExtraError
from .. import settings as settings_module
from .console import Collection, Embedder, Store, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="8000")] = None,
    keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="The API keys: interlingua keys new makes them.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where jobs and uploads are kept.", show_default="beside the store"),
    ] = None,
    mcp: Annotated[
        bool | None, typer.Option("--mcp", help="Also offer tools to language models, at /mcp: see interlingua mcp.")
    ] = None,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the OpenAPI description instead.")] = False,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
) -> None:
    """Serve the index over HTTP: search, answers, documents, ingest jobs, embeddings.

    Without keys it answers this machine alone, and everyone on it. Stops in order on SIGTERM and Ctrl-C.

    [dim]interlingua serve
    interlingua serve --host 0.0.0.0 --keys keys.toml[/dim]
    """
    for package in ("fastapi", "uvicorn", "prometheus_client", "python_multipart"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package.replace("_", "-"), "server")
    if openapi:
        from ..server.application import create_app

        print_json(create_app().openapi())
        return
    from ..server.running import serve as run

    settings = settings_module.load(
        host=host, port=port, keys=keys, state=state, mcp=mcp, store=store, collection=collection, embedder=embedder
    )
    if settings.mcp and importlib.util.find_spec("mcp") is None:
        raise MissingExtraError("mcp", "mcp")
    run(settings)
