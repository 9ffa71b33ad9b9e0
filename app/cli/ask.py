"""`interlingua ask`: an answer with sources, as the model writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text as Line

from ...retrieval.types import Hit
from ..answers import HOW_TO, Answer, Passages, Text, answerer_for, open_chat
from ..answers.answerer import LIMIT
from ..answers.values import Event
from ..presenting import answer_to_dict, hit_to_dict
from .console import Collection, Embedder, Filters, Json, Languages, Rerank, Store, err, index, out, print_json, visible
from .search import parse_filters, print_hit

NO_MODEL = 6
"""Exit code where no chat model is configured."""
_WHY = {
    "nothing_found": "The search found no passage.",
    "low_score": "No passage comes near the question; the setting answer_score says how near.",
    "not_in_passages": "The model says that the passages do not answer the question.",
    "uncited": "The model cited no passage, so its answer is not shown. A larger model may follow the rules better.",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ask")(ask)


def ask(
    question: Annotated[str, typer.Argument(help="The question, as you would type it, in any language.")],
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many passages the model reads at most.")] = LIMIT,
    language: Languages = None,
    filter: Filters = None,
    rerank: Rerank = False,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    chat_url: Annotated[str | None, typer.Option(metavar="URL", help="Server with OpenAI's API.")] = None,
    chat_model: Annotated[str | None, typer.Option(metavar="MODEL", help="The chat model's name there.")] = None,
    as_json: Json = False,
) -> None:
    """Answer a question from the documents, in the language of the question, with numbered sources.

    The chat model is yours: the settings chat_url, chat_model and chat_key. Without one, the passages are shown, how to
    configure one is said, and the exit code is 6.

    [dim]interlingua ask 'Who may vote?' --chat-url http://localhost:11434 --chat-model qwen3:8b
    interlingua ask 'من يحق له التصويت؟' --filter topic=law --json[/dim]
    """
    asked: dict[str, Any] = {"languages": language, "filter": parse_filters(filter or []), "rerank": rerank}
    with index(store, collection, embedder, chat_url=chat_url, chat_model=chat_model) as opened:
        chat = open_chat(opened.settings)
        if chat is None:
            _show_passages(opened.search(question, limit=limit, **asked), question, as_json=as_json)
            err.print(HOW_TO)
            raise typer.Exit(NO_MODEL)
        events = answerer_for(opened, chat).stream(question, limit=limit, **asked)
        answer = _last(events) if as_json else _print_events(events)
        if not answer.hits and opened.store.count() == 0:
            err.print("The index is empty. Fill it: interlingua ingest PATH")
    if as_json:
        print_json(answer_to_dict(answer, question))
    else:
        _print_sources(answer)
        _print_notes(answer)


def _show_passages(hits: Sequence[Hit], question: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"answer": None, "hits": [hit_to_dict(hit, question) for hit in hits]})
        return
    for rank, hit in enumerate(hits, start=1):
        print_hit(rank, hit, question)
    err.print()


def _last(events: Iterator[Event]) -> Answer:
    *_, answer = events
    assert isinstance(answer, Answer)
    return answer


def _print_events(events: Iterator[Event]) -> Answer:
    """The text as it comes; the answer."""
    for event in events:
        if isinstance(event, Passages) and event.hits and sys.stderr.isatty():
            err.print(f"{len(event.hits)} passages found; the model reads them …", style="dim")
        elif isinstance(event, Text):
            sys.stdout.write(event.text)
            sys.stdout.flush()
        elif isinstance(event, Answer):
            sys.stdout.write("\n")
            return event
    raise AssertionError("a stream ends with an Answer")


def _print_sources(answer: Answer) -> None:
    if answer.citations:
        out.print()
    for citation in answer.citations:
        name = f"{citation.title} · {citation.document_id}" if citation.title else citation.document_id
        place = f"  {citation.start}-{citation.end}"
        out.print(
            Line.assemble(
                (f"[{citation.number}]  ", "bold"),
                (f"{citation.language:<8}", "green"),
                visible(name),
                (place, "dim"),
                *([f"  {visible(citation.url)}"] if citation.url and not citation.url.startswith("file:") else []),
            )
        )


def _print_notes(answer: Answer) -> None:
    """What else is to be known of an answer, on standard error."""
    notes = [] if answer.reason is None else [_WHY[answer.reason]]
    if answer.language_ok is False and not answer.abstained:
        notes.append(f"The answer is in {answer.language}, which is not the language of the question.")
    if answer.left_out:
        notes.append(f"Passages that were found and did not fit into chat_context: {answer.left_out}.")
    if answer.removed:
        notes.append(f"Citations of passages that do not exist and were removed: {answer.removed}.")
    for note in notes:
        err.print(note, style="dim")
