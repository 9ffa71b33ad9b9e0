"""`interlingua search`: a query in any language."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from ...retrieval.errors import FilterError
from ...retrieval.highlights import highlight
from ...retrieval.retriever import CANDIDATES
from ...retrieval.types import Hit
from ..index import Index
from ..presenting import hit_to_dict
from .console import Collection, Embedder, Filters, Json, Languages, Rerank, Store, err, index, out, print_json, visible

_CONDITION = re.compile(r"(?P<key>[^=<>!]+)(?P<op>!=|>=|<=|=|>|<)(?P<value>.*)", re.DOTALL)
_OPERATORS = {">=": "gte", ">": "gt", "<=": "lte", "<": "lt"}
_SNIPPET = 320


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search")(search)


def search(
    query: Annotated[str, typer.Argument(help="The question, as you would type it, in any language.")],
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many passages.")] = 5,
    language: Languages = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only from this source, such as files:/srv/docs; repeatable."),
    ] = None,
    filter: Filters = None,
    per_document: Annotated[int | None, typer.Option(help="At most so many passages of one document.")] = None,
    min_score: Annotated[float | None, typer.Option(help="Drop passages below this cosine.")] = None,
    reader: Annotated[
        list[str] | None,
        typer.Option(help="Of versions of a document show the one in this language; repeatable, best first."),
    ] = None,
    rerank: Rerank = False,
    candidates: Annotated[int, typer.Option(help="Passages that the reranker reads.")] = CANDIDATES,
    rerank_budget: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Past this the order of the search is kept.")
    ] = None,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Find passages in every language. The query is embedded as typed: no translation.

    [dim]interlingua search 'right to education'
    interlingua search 'الحق في التعليم' --language de --language ja --per-document 1[/dim]
    """
    with index(store, collection, embedder) as opened:
        _check_sources(source or (), opened)
        hits = opened.search(
            query,
            limit=limit,
            languages=language,
            sources=source,
            filter=parse_filters(filter or []),
            per_document=per_document,
            score_threshold=min_score,
            rerank=rerank,
            candidates=candidates,
            rerank_budget=rerank_budget,
            reader=reader,
        )
        empty = not hits and opened.store.count() == 0
    if as_json:
        print_json([hit_to_dict(hit, query) for hit in hits])
    elif hits:
        for rank, hit in enumerate(hits, start=1):
            print_hit(rank, hit, query)
    else:
        err.print("The index is empty. Fill it: interlingua ingest PATH" if empty else "Nothing found.")


def _check_sources(asked: Sequence[str], opened: Index) -> None:
    have = opened.store.facets("source") if asked else {}
    if lacking := [source for source in asked if source not in have]:
        raise FilterError(f"The index has nothing from {', '.join(lacking)}. It has: {', '.join(sorted(have))}.")


def parse_filters(conditions: list[str]) -> dict[str, Any]:
    """`["topic=health", "year>=2020"]` as the metadata filter language; a JSON object is taken as it is."""
    whole: dict[str, Any] = {}
    equal: dict[str, list[Any]] = {}
    other: dict[str, dict[str, Any]] = {}
    for text in conditions:
        if text.lstrip().startswith("{"):
            whole |= _json_filter(text)
            continue
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise FilterError(f"Cannot read the filter {text!r}. Write KEY=VALUE, KEY!=VALUE or KEY>=VALUE.")
        key, op, value = match["key"].strip(), match["op"], _value(match["value"].strip())
        if op == "=":
            equal.setdefault(key, []).append(value)
        elif op == "!=":
            other.setdefault(key, {}).setdefault("not", []).append(value)
        else:
            other.setdefault(key, {})[_OPERATORS[op]] = value
    if both := sorted((equal.keys() & other.keys()) | (whole.keys() & (equal.keys() | other.keys()))):
        raise FilterError(f"The filter on {both[0]!r} is given in two forms. Use one of them.")
    return whole | equal | other


def _json_filter(text: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise FilterError(f"Cannot read the filter {text!r} as JSON: {error}") from error
    return value


def _value(text: str) -> str | int | float | bool:
    """`2020` is a number, `true` a boolean, `"2020"` and everything else a text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (str, int, float, bool)) else text


def print_hit(rank: int, hit: Hit, query: str) -> None:
    """Rank, score, language and place on one line, the passage below it with the query's words marked."""
    chunk = hit.chunk
    name = visible(f"{chunk.title} · {chunk.document_id}" if chunk.title else chunk.document_id)
    out.print(
        Text.assemble((f"{rank:>2}  ", "bold"), (f"{hit.score:.3f}  ", "cyan"), (f"{chunk.language:<8}", "green"), name)
    )
    out.print(_snippet(chunk.text, query))


def _snippet(passage: str, query: str) -> Text:
    spans = highlight(query, passage)
    middle = spans[len(spans) // 2][0] if spans else 0
    start = max(0, min(middle - _SNIPPET // 2, len(passage) - _SNIPPET))
    piece = Text("    " + ("…" if start else ""))
    shown = Text(passage[start : start + _SNIPPET].replace("\n", " "))
    for first, last in spans:
        if first >= start and last <= start + _SNIPPET:
            shown.stylize("bold yellow", first - start, last - start)
    piece.append_text(shown)
    return piece.append("…" if start + _SNIPPET < len(passage) else "")
