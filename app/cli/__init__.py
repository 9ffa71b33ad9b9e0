"""The command line: `interlingua --help`.

Exit codes: 0 done; 1 an error (its message says what to do); 2 wrong usage; 3 done, but some documents were skipped;
4 done, but deletions were refused by the guard; 5 doctor or models check found a problem; 6 ask has no chat model and
showed the passages alone; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
import typer.core

from ... import __version__
from ...retrieval.errors import InterlinguaError
from .console import fail

if TYPE_CHECKING:
    app: typer.Typer

COMMANDS = {
    "ingest": "ingest",
    "sync": "sync",
    "sources": "sources",
    "search": "search",
    "ask": "ask",
    "serve": "serve",
    "ui": "ui",
    "status": "status",
    "languages": "status",
    "delete": "manage",
    "export": "manage",
    "import": "manage",
    "list": "manage",
    "plan": "plan",
    "migrate": "migrate",
    "translations": "translations",
    "models": "models",
    "doctor": "doctor",
    "keys": "keys",
    "mcp": "mcp",
    "demo": "demo",
}
"""The module that adds each command. Only that of the command asked for is loaded: all take a second."""


class _Group(typer.core.TyperGroup):
    """Turns our errors, Ctrl-C and a closed pipe into a line on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except InterlinguaError as error:
            fail(str(error))
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            fail("Interrupted. What was written is kept; run the same command again to go on.")
            raise typer.Exit(130) from None
        except BrokenPipeError:  # `interlingua export - | head`: nobody reads on, which is no fault
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        return result


def command_line(command: str | None = None) -> typer.Typer:
    """The command line with all commands, or with this one and those that its module adds besides."""
    made = typer.Typer(
        name="interlingua",
        cls=_Group,
        help="One index for every language: ingest documents in many languages, search them in any.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit codes: 0 done, 1 error, 2 wrong usage, 3 some documents were skipped, 4 deletions were refused, "
        "5 doctor or models check found a problem, 6 ask has no chat model, 130 interrupted.",
    )
    made.callback()(_options)
    for name in dict.fromkeys(COMMANDS.values() if command is None else [COMMANDS[command]]):
        import_module(f".{name}", __name__).register(made)
    return made


@cache
def _whole() -> typer.Typer:
    return command_line()


def __dir__() -> list[str]:
    return [*globals(), "app"]


def __getattr__(name: str) -> Any:
    """`app`: the whole command line, as Typer's own tools want it."""
    if name == "app":
        return _whole()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Options that go before the command."""


def main() -> None:
    """Run the command line. Output is UTF-8 whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    first = sys.argv[1] if len(sys.argv) > 1 else None
    command_line(first if first in COMMANDS else None)()
