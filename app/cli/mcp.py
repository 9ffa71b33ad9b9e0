"""`interlingua mcp`: the index as tools of a language model."""

from __future__ import annotations

import importlib.util
import signal
import sys
from functools import cache
from typing import Annotated

import typer

from ...retrieval.errors import ConfigurationError, MissingExtraError
from ...retrieval.hosts import is_loopback
from .. import settings as settings_module
from ..access.keys import Keys
from ..access.view import View
from ..index import Index, from_settings
from ..settings import Settings, plain
from .console import Collection, Embedder, Store, err


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp")(mcp)


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP at /mcp instead of standard input.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on, with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port, with --http.")] = 8001,
    allow_ingest: Annotated[bool, typer.Option("--allow-ingest", help="Offer the tool that adds documents.")] = False,
    keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="The API keys: interlingua keys new makes them.")
    ] = None,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
) -> None:
    """Offer search, get_document and list_languages to a language model, by the Model Context Protocol.

    A client starts it on standard input and output: its configuration names the command `interlingua` with the
    arguments `mcp --store FOLDER`. Where keys are configured, INTERLINGUA_MCP_KEY is the one it acts with.

    [dim]interlingua mcp --store .interlingua
    interlingua mcp --http --keys keys.toml --host 0.0.0.0[/dim]
    """
    if importlib.util.find_spec("mcp") is None:
        raise MissingExtraError("mcp", "mcp")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # in order: the index is closed on the way out
    settings = settings_module.load(store=store, collection=collection, embedder=embedder, keys=keys)
    known = Keys.load(settings)
    if http:
        _check_host(host, known)
    with from_settings(settings, create=False) as index:
        if http:
            _http(index, known, host, port, allow_ingest)
        else:
            _stdio(index, known, settings, allow_ingest)


def _stdio(index: Index, keys: Keys, settings: Settings, ingest: bool) -> None:
    import anyio

    from ..mcp.serving import make, run_stdio

    key = keys.verify(plain(settings.mcp_key))
    if key is None or not key.allows("read"):
        raise ConfigurationError("Keys are configured: set INTERLINGUA_MCP_KEY to one with the scope read.")
    view = View(index, key)
    anyio.run(run_stdio, make(lambda request: view, ingest=ingest))


def _http(index: Index, keys: Keys, host: str, port: int, ingest: bool) -> None:
    import uvicorn

    from ..mcp.serving import HttpApp, key_of, make, standalone

    view = cache(lambda key: View(index, key))  # one for each key: it remembers what it has looked up
    app = HttpApp(make(lambda request: view(key_of(request)), ingest=ingest), keys)
    err.print(f"The tools are at http://{f'[{host}]' if ':' in host else host}:{port}/mcp. Stop with Ctrl-C.")
    uvicorn.run(standalone(app), host=host, port=port, log_level="warning")


def _check_host(host: str, keys: Keys) -> None:
    """Refuse to let others in where there are no keys. Raises ConfigurationError."""
    if keys.open_access and not is_loopback(host):
        raise ConfigurationError(
            f"Without keys the tools are for this machine alone, and {host} is more than that. "
            "Make keys: interlingua keys new NAME >> keys.toml, then add --keys keys.toml"
        )
