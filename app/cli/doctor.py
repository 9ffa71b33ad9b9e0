"""`interlingua doctor`: is everything as it should be?"""

from __future__ import annotations

import dataclasses

import typer
from rich.text import Text

from ..doctor import examine
from ..settings import Settings
from .console import Collection, Embedder, Json, Store, out, print_json

_MARKS = {"ok": ("ok      ", "green"), "note": ("note    ", "yellow"), "problem": ("problem ", "bold red")}
_WIDTH = 2 + max(len(f"setting {name}") for name in Settings.model_fields)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    store: Store = None, collection: Collection = None, embedder: Embedder = None, as_json: Json = False
) -> None:
    """Check settings (and where each came from), packages, model, store and disk."""
    findings = []
    for finding in examine(store=store, collection=collection, embedder=embedder):
        findings.append(finding)
        if not as_json:
            out.print(Text.assemble(_MARKS[finding.level], (f"{finding.subject:<{_WIDTH}}", "bold"), finding.message))
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    if any(finding.level == "problem" for finding in findings):
        raise typer.Exit(5)
