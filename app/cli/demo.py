"""`interlingua demo`: the five-minute tour."""

from __future__ import annotations

import shutil
import time
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ...connectors.report import Report
from ...retrieval.embedders import PURPOSE
from ...retrieval.errors import ManifestError
from ..demo import TOP, Outcome, Tally, by_language, connector, run
from ..index import Index
from ..index import open as open_index
from .console import Embedder, Json, err, out, print_json
from .ingest import print_report, progress_bar

SHOWN = ("d04", "d05", "d27", "d02", "d12", "d22", "d11", "d16")
"""Ids of the queries whose passages are shown."""
_GROUPS = {
    "Latin": ("Latn",),
    "Cyrillic": ("Cyrl",),
    "Arabic": ("Arab",),
    "Indic": ("Beng", "Deva", "Taml", "Telu"),
    "East Asian": ("Hang", "Hani", "Hira", "Kana"),
}
_REST = "other scripts"
_STORE = ".interlingua-demo"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    store: Annotated[str, typer.Option("--store", "-s", help="Where the demo index is kept.")] = _STORE,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Ingest 331 documents in 49 languages and search them across languages; offline, no server."""
    with _open(store, embedder) as index:
        with progress_bar() as progress:
            report = index.ingest(connector(), progress=progress)
        started = time.perf_counter()
        outcomes = list(run(index))
        seconds = time.perf_counter() - started
        model = index.embedder.model
    if as_json:
        print_json(_as_dict(report, outcomes))
        return
    print_report(report)
    out.print()
    out.print(results_table(outcomes))
    out.print()
    tallies = by_language(outcomes)
    out.print(languages_table(tallies))
    for line in (*_summary(outcomes), *_languages_summary(tallies)):
        out.print(line)
    searches = sum(1 + (o.own is not None) + (o.other is not None) for o in outcomes)
    err.print(f"{searches} searches in {seconds:.2f} s", style="dim")
    if model == "bundled":
        out.print(f"\n{PURPOSE}", style="dim")
    out.print(
        Text.assemble(
            "\nNext: ",
            ("interlingua search -s " + store + " 'your question'", "bold"),
            "   then your own documents: ",
            ("interlingua ingest PATH", "bold"),
        )
    )


def _open(store: str, embedder: str | None) -> Index:
    """The demo index; one of an older model is made anew, since it holds nothing but the demo corpus."""
    try:
        return open_index(store, embedder=embedder)
    except ManifestError:
        if store != _STORE:
            raise
        shutil.rmtree(store)
        return open_index(store, embedder=embedder)


def results_table(outcomes: list[Outcome]) -> Table:
    """The first passages of a few queries, in many scripts."""
    table = Table(
        title="One query, every language: the best passages (✓ answers the query)", title_justify="left", expand=True
    )
    table.add_column("query", ratio=2)
    table.add_column("lang", no_wrap=True, width=7)
    table.add_column("score", no_wrap=True, justify="right", width=5)
    table.add_column("passage", ratio=3, no_wrap=True, overflow="ellipsis")
    chosen = {outcome.query.id: outcome for outcome in outcomes}
    for name in SHOWN:
        outcome = chosen[name]
        for rank, hit in enumerate(outcome.hits[:3]):
            mark = "[green]✓[/green] " if hit.chunk.document_id in outcome.query.relevant else "  "
            table.add_row(
                Text(f"{outcome.query.text} ({outcome.query.language})") if rank == 0 else "",
                hit.chunk.language,
                f"{hit.score:.2f}",
                Text.from_markup(mark).append(" ".join(hit.chunk.text.split())[:200]),
            )
        table.add_section()
    return table


def languages_table(tallies: list[Tally]) -> Table:
    """A line per group of scripts: how many of its languages find the right document, and which do not."""
    table = Table(title="Languages whose queries find the right document", title_justify="left")
    table.add_column("group", no_wrap=True)
    table.add_column("found", no_wrap=True, justify="right")
    table.add_column("languages (and, where it was not found: in their own, in other languages)")
    for name, members in _grouped(tallies).items():
        missed = [
            f"{tally.language} {tally.own}/{tally.own_of}, {tally.other}/{tally.other_of}"
            for tally in members
            if not tally.finds
        ]
        text = Text(" ".join(tally.language for tally in members if tally.finds))
        if missed:
            text.append(f"   not: {'; '.join(missed)}", style="red")
        table.add_row(name, f"{len(members) - len(missed)} of {len(members)}", text)
    return table


def _grouped(tallies: list[Tally]) -> dict[str, list[Tally]]:
    group_of = {script: name for name, scripts in _GROUPS.items() for script in scripts}
    groups: dict[str, list[Tally]] = {name: [] for name in (*_GROUPS, _REST)}
    for tally in tallies:
        groups[group_of.get(tally.script, _REST)].append(tally)
    return {name: sorted(members, key=lambda tally: tally.language) for name, members in groups.items()}


def _languages_summary(tallies: list[Tally]) -> list[str]:
    return [
        f"{sum(tally.finds for tally in tallies)} of {len(tallies)} languages find the right document, with at least "
        f"half of their queries: first in their own language, and among the first {TOP} in the others."
    ]


def _summary(outcomes: list[Outcome]) -> list[str]:
    counts = _counts(outcomes)
    return [
        f"Of {counts['queries']} queries, {counts['answerable']} have an answer in the corpus. A relevant document is:",
        f"  {counts['anywhere_found']:>3} of {counts['answerable']}  in the top {TOP}, searching all languages at once",
        f"  {counts['own_found']:>3} of {counts['own']}  the first, searching the query's own language",
        f"  {counts['other_found']:>3} of {counts['other']}  in the top {TOP}, searching the other languages only",
    ]


def _counts(outcomes: list[Outcome]) -> dict[str, int]:
    answerable = [outcome for outcome in outcomes if outcome.query.relevant]
    return {
        "queries": len(outcomes),
        "answerable": len(answerable),
        "anywhere_found": sum(_any_relevant(outcome) for outcome in answerable),
        "own": sum(outcome.own is not None for outcome in outcomes),
        "own_found": sum(outcome.own is True for outcome in outcomes),
        "other": sum(outcome.other is not None for outcome in outcomes),
        "other_found": sum(outcome.other is True for outcome in outcomes),
    }


def _any_relevant(outcome: Outcome) -> bool:
    return any(hit.chunk.document_id in outcome.query.relevant for hit in outcome.hits)


def _as_dict(report: Report, outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "ingest": report.to_dict(),
        "counts": _counts(outcomes) | {"languages_found": sum(tally.finds for tally in by_language(outcomes))},
        "languages": {
            tally.language: {
                "own": [tally.own, tally.own_of],
                "other": [tally.other, tally.other_of],
                "found": tally.finds,
            }
            for tally in by_language(outcomes)
        },
        "queries": [
            {
                "id": o.query.id,
                "language": o.query.language,
                "query": o.query.text,
                "own_language": o.own,
                "other_languages": o.other,
                "hits": [
                    {
                        "document_id": hit.chunk.document_id,
                        "language": hit.chunk.language,
                        "score": round(hit.score, 4),
                        "relevant": hit.chunk.document_id in o.query.relevant,
                        "text": hit.chunk.text,
                    }
                    for hit in o.hits
                ],
            }
            for o in outcomes
        ],
    }
