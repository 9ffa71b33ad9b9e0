"""`interlingua sync`: the sources of interlingua.toml into the index, once or again and again."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any

import typer

from ...connectors.sync import state as states
from ...connectors.sync.engine import forget as forget_source
from ...connectors.sync.plan import SyncReport
from ...retrieval.errors import ConfigurationError, InterlinguaError
from ..index import Index
from ..settings import CONFIG_FILE, load
from ..sources import Configured, configured, seconds
from .console import Collection, Embedder, Json, Store, err, fail, index, out, print_json, print_json_line, visible
from .ingest import OPTIMIZE_FROM, print_report, progress_bar
from .turns import BUSY, Turns

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync)


def sync(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME…]", help="Tables [sources.NAME] of interlingua.toml.", show_default="all"),
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(metavar="EVERY", help="Go on, with so long from one run of a source to its next: 30s, 15m, 1d."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Delete even when suspiciously many documents are gone.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="List everything, also where a source can say what changed.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="First forget how far the source was read, what failed and what is gone.")
    ] = False,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Keep the index in step with the sources of interlingua.toml. Only what changed is read and embedded.

    A run that was stopped, killed or cut off is gone on with by the next one; until then it has deleted nothing.

    [dim]interlingua sync
    interlingua sync handbook --watch 15m[/dim]
    """
    settings = load(store=store, collection=collection, embedder=embedder)
    former = [name for name in names or () if forget and name not in settings.sources]
    if former:
        with index(store, collection, embedder, create=True) as one:
            _forget_former(one, former)
        names = [name for name in names or () if name not in former]
        if not names:
            return
    sources = configured(settings, names or ())
    if not sources:
        raise ConfigurationError(
            f'{CONFIG_FILE} has no sources. Write a table for each, such as [sources.docs] with kind = "files" and '
            'path = "docs/".'
        )
    every = None if watch is None else seconds(watch, "--watch")
    if every == 0:
        raise typer.BadParameter("it takes some seconds at least, such as 30s", param_hint="--watch")

    @contextmanager
    def opened() -> Iterator[Index]:
        with index(store, collection, embedder, create=True) as one:
            yield one

    with _stoppable() as stop:
        runs = _Runs(opened, stop, force=force, full=full, as_json=as_json)
        if forget:
            with opened() as one:
                for source in sources:
                    forget_source(one.store.records(), source.name)
        if every is not None:
            runs.watch(sources, every)
            code = 0 if stop.number == signal.SIGTERM else 130
        else:
            code = runs.once(sources)
    if code == 130:
        fail("Interrupted. What was written is kept; run the same command again to go on.")
    if code:
        raise typer.Exit(code)


def _forget_former(one: Index, names: list[str]) -> None:
    """Forget sources that have no table any more."""
    known = states.known_sources(one.store.records())
    for name in names:
        if name not in known:
            raise ConfigurationError(f"There is no source {name!r}, and nothing is remembered of one.")
    for name in names:
        forget_source(one.store.records(), name)
        err.print(visible(f"{name} is forgotten; its documents stay in the index."))


class _Stop(threading.Event):
    """Set by a signal, the `number` of which it keeps."""

    number = 0


@contextmanager
def _stoppable() -> Iterator[_Stop]:
    """The first signal stops in order, the second at once."""
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.number = number
        stop.set()

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Runs:
    """Runs of sources, one at a time, and what is said of them. `busy`: see `Turns`."""

    def __init__(
        self, opened: Callable[[], Any], stop: _Stop, *, force: bool, full: bool, as_json: bool, busy: float = BUSY
    ) -> None:
        self._opened = opened
        self._stop = stop
        self._force = force
        self._full = full
        self._as_json = as_json
        self._busy = busy

    def once(self, sources: list[Configured]) -> int:
        """Each source once; the exit code. One that fails does not keep the others from their turn."""
        results: list[dict[str, Any]] = []
        codes = {0}
        with self._opened() as one:
            for source in sources:
                if self._stop.is_set():
                    break
                try:
                    report = self._run(one, source, patient=False)
                except InterlinguaError as error:
                    results.append(_failed(source, error))
                    codes.add(1)
                    if not self._as_json:
                        fail(f"{source.name}: {error}")
                    continue
                results.append(report.to_dict())
                codes.add(_code(report))
                if not self._as_json:
                    _print(report)
            if any(result.get("chunks") for result in results) and one.store.count() >= OPTIMIZE_FROM:
                with err.status("Building quantized segments…"):
                    one.store.optimize()
        if self._as_json:
            print_json(results)
        return 130 if self._stop.is_set() else next(code for code in (1, 4, 3, 0) if code in codes)

    def watch(self, sources: list[Configured], every: float) -> None:
        """Each source again and again, until a signal comes.

        The index is opened for each run alone: in between, searches of other processes find the folder free.
        """
        turns = Turns({source.name: source.every or every for source in sources}, now=time.monotonic(), busy=self._busy)
        while not self._stop.is_set():
            for source in sources:
                if self._stop.is_set() or not turns.due(source.name, time.monotonic()):
                    continue
                began = time.monotonic()
                try:
                    with self._opened() as one:
                        report = self._run(one, source, patient=True)
                except InterlinguaError as error:
                    turns.ended(source.name, began=began, now=time.monotonic(), error=error)
                    self._tell(source, error)
                else:
                    turns.ended(source.name, began=began, now=time.monotonic())
                    self._tell(source, report)
            self._stop.wait(max(0.0, turns.next - time.monotonic()))

    def _run(self, one: Index, source: Configured, *, patient: bool) -> SyncReport:
        with progress_bar() as progress:
            return one.sync(
                source.connector, name=source.name, plan=source.plan, full=self._full, force=self._force,
                patient=patient, stop=self._stop, progress=progress,
            )  # fmt: skip

    def _tell(self, source: Configured, result: SyncReport | InterlinguaError) -> None:
        """A line as soon as a run is over."""
        if self._as_json:
            print_json_line(_failed(source, result) if isinstance(result, InterlinguaError) else result.to_dict())
        elif isinstance(result, InterlinguaError):
            fail(f"{source.name}: {result}")
        else:
            _print(result)


def _failed(source: Configured, error: InterlinguaError) -> dict[str, Any]:
    return {"name": source.name, "outcome": "failed", "error": str(error)}


def _code(report: SyncReport) -> int:
    return 4 if report.outcome == "refused" else 3 if report.report.skipped else 0


def _print(report: SyncReport) -> None:
    listed = "everything listed" if report.listing else "changes only"
    waiting = f", {report.pending:,} gone and waiting" if report.pending else ""
    remembered = f", {report.failures:,} failing (interlingua sources {report.name})" if report.failures else ""
    out.print(visible(f"{report.name}: {report.outcome}, {listed}{waiting}{remembered}"))
    print_report(report.report)
