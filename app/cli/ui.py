"""`interlingua ui`: the web interface."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from typing import Annotated

import typer

from ...retrieval.errors import MissingExtraError
from .. import settings as settings_module
from .console import Collection, Embedder, Store

PORT = 8501


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ui")(ui)


def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = PORT,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Show the index of a server (interlingua serve) instead of one of its own."),
    ] = None,
    keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="The API keys to sign in with: interlingua keys new makes them.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser on it.")] = True,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
) -> None:
    """Search, ask, add documents and look at the corpus in a browser.

    Listens to this machine alone, and asks for nothing then; with keys, or a provider that Streamlit's secrets.toml
    has in its section auth, people sign in.

    [dim]interlingua ui
    interlingua ui --url http://search.example:8000 --host 0.0.0.0[/dim]
    """
    if importlib.util.find_spec("streamlit") is None or importlib.util.find_spec("babel") is None:
        raise MissingExtraError("streamlit", "ui")
    options = {"ui_url": url, "keys": keys, "store": store, "collection": collection, "embedder": embedder}
    settings_module.check_interface(settings_module.load(**options))  # what is wrong is said here, and not on a page
    flags = {
        "server.address": host,
        "server.port": port,
        "server.headless": not browser,
        "server.fileWatcherType": "none",
    }
    os.environ.update(settings_module.variables(**options))
    sys.argv = ["interlingua ui", *(f"--{name}={str(value).lower()}" for name, value in flags.items())]
    # As a program, in this process: what is loaded need not be loaded again, which takes half a second.
    runpy.run_module("interlingua.ui", run_name="__main__", alter_sys=True)
