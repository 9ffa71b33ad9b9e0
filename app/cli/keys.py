"""`interlingua keys`: API keys for the servers."""

from __future__ import annotations

from typing import Annotated

import typer

from ..access.keys import new
from .console import err
from .search import parse_filters


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(no_args_is_help=True, help="Make API keys for serve and mcp.")
    keys.command("new")(make)
    app.add_typer(keys, name="keys")


def make(
    name: Annotated[str, typer.Argument(help="Whose key it is, as logs show it.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write or admin; repeatable.", show_default="read")
    ] = None,
    filter: Annotated[
        list[str] | None,
        typer.Option("--filter", "-f", metavar="KEY=VALUE", help="What it sees: tenant=acme; repeatable."),
    ] = None,
    prefix: Annotated[str, typer.Option(help="The ids of what it writes begin with this.")] = "",
) -> None:
    """Make a key: the key itself is shown once, the lines for the file of keys go to standard output.

    [dim]interlingua keys new reader >> keys.toml
    interlingua keys new acme --scope read --scope write --filter tenant=acme --prefix acme/ >> keys.toml
    INTERLINGUA_KEYS=keys.toml interlingua serve[/dim]
    """
    key, lines = new(name, scope or ["read"], parse_filters(filter or []), prefix)
    err.print(f"The key of {name}, shown this once:\n{key}")
    typer.echo(lines)
