"""`interlingua sources`: the state of what sync keeps in step."""

from __future__ import annotations

import datetime as dt
import time
from typing import Annotated, Any

import typer
from rich.table import Table

from ...connectors.sync import state as states
from ...connectors.sync.status import SourceStatus, status
from ...retrieval.errors import ConfigurationError
from ...retrieval.protocols import Records
from ..settings import CONFIG_FILE, load
from ..wiring import store_for
from .console import Collection, Json, Store, err, out, print_json, visible


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sources")(sources)


def sources(
    name: Annotated[
        str | None, typer.Argument(help="One source: its last runs, and its failures with their reasons.")
    ] = None,
    store: Store = None,
    collection: Collection = None,
    as_json: Json = False,
) -> None:
    """Show the sources of interlingua.toml: state, last run, lag, documents, failures.

    What is shown was remembered by sync: no source is asked, and it can be looked at while sync runs.

    [dim]interlingua sources
    interlingua sources handbook[/dim]
    """
    settings = load(store=store, collection=collection)
    opened = store_for(settings)
    try:
        records = opened.records()
        known = states.known_sources(records)
        names = [*settings.sources, *(one for one in known if one not in settings.sources)]
        if name is not None and name not in names:
            raise ConfigurationError(f"There is no source {name!r}. There are: {', '.join(names) or 'none'}.")
        found = _all(records, names if name is None else [name])
    finally:
        opened.close()
    kinds = {one: str(table.get("kind", "?")) for one, table in settings.sources.items()}
    if as_json:
        rows = [{"kind": kinds.get(one.name), **one.to_dict(), "state": _state(one)} for one in found]
        print_json(rows if name is None else rows[0])
    elif name is not None:
        _print_one(found[0], kinds.get(name))
    elif found:
        _print_all(found, kinds)
    else:
        err.print(f"{CONFIG_FILE} has no table [sources.NAME], and nothing is remembered of any source.")


def _all(records: Records, names: list[str]) -> list[SourceStatus]:
    now = time.time()
    return [status(records, one, now=now) for one in names]


def _state(one: SourceStatus) -> str:
    last = one.last
    if last is None:
        return "never run" if not one.listing else "listing"
    return {"done": "in step", "stopped": "stopped", "failed": "failing", "refused": "deletions refused"}[last.outcome]


def _print_all(found: list[SourceStatus], kinds: dict[str, str]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "kind", "state", "last run", "lag"):
        table.add_column(heading)
    for heading in ("documents", "failures"):
        table.add_column(heading, justify="right")
    for one in found:
        last = one.last
        table.add_row(
            visible(one.name), visible(kinds.get(one.name, "not configured")), _state(one),
            "-" if last is None else _moment(last.began), "-" if one.lag is None else ago(one.lag),
            f"{one.documents:,}", f"{len(one.failures):,}",
        )  # fmt: skip
    out.print(table)
    for one in found:
        if one.last is not None and one.last.error:
            err.print(visible(f"{one.name}: {one.last.error}"))


def _print_one(one: SourceStatus, kind: str | None) -> None:
    rows: list[tuple[str, Any]] = [
        ("source", one.name), ("kind", kind or "not configured"), ("reads", one.source or "-"), ("state", _state(one)),
        ("lag", "-" if one.lag is None else ago(one.lag)), ("documents", f"{one.documents:,}"),
        ("gone and waiting", f"{one.pending:,}"),
    ]  # fmt: skip
    table = Table(show_header=False, box=None, pad_edge=False)
    for label, value in rows:
        table.add_row(label, visible(value))
    out.print(table)
    for run in one.runs:
        done = ", ".join(f"{count:,} {label.replace('_', ' ')}" for label, count in run.counts.items() if count)
        said = f": {run.error}" if run.error else f": {done}" if done else ""
        out.print(visible(f"{_moment(run.began)}  {run.outcome} in {run.seconds:.1f} s{said}"))
    for failure in one.failures:
        times = f"once, {_moment(failure.last)}"
        if failure.attempts > 1:
            times = f"{failure.attempts} times since {_moment(failure.first)}, last {_moment(failure.last)}"
        out.print(visible(f"failed {failure.id}: {failure.reason} ({times})"))


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")


def ago(seconds: float) -> str:
    """59 -> '59 s', 7200 -> '2 h'."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
