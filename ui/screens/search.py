"""Search: one box, passages in every language, and the address of the page says what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ...retrieval.highlights import Span, highlight
from ...retrieval.types import Hit
from .. import filters, words
from ..address import bound
from ..backend import Backend
from ..markup import name
from ..parts import badge, empty_index, in_context, notice, passage, titled

PAGE = 10
MOST = 100
OF_A_DOCUMENT = 2
COLUMNS = 4
"""Languages that fit side by side."""
_IN_COLUMN = 3
"""Passages of a language side by side."""
_OPTIONS = ("lang", "source", "meta", "group", "versions", "rerank", "stages", "side")
"""Names of the options. Where none is set they are drawn last: it takes as long as a search, which comes first."""
_CLOSEST, _PAINTED = "search.closest-sentences", "search.painted-once"
_PAINT, _FIRST_PAINT = 0.3, 1.0
"""Seconds for the passages to reach the browser before sentences are embedded, which may take all cores; in a new tab
it also loads the code of each kind of widget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the widgets say, all of which the URL says too."""

    query: str
    languages: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    filter: dict[str, Any] = field(default_factory=dict)
    by_document: bool = False
    one_version: bool = False
    side_by_side: bool = False
    rerank: bool = False
    stages: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A passage on the page, and where it stands, to be drawn again."""

    hit: Hit
    place: DeltaGenerator


def show(backend: Backend) -> Callable[[], None] | None:
    """The page; what is left to do when all of it is there."""
    have = backend.seen.languages()
    if not have:
        empty_index()
        return None
    query = _box()
    options = st.container(horizontal=True, vertical_alignment="bottom")
    chosen = any(st.session_state.get(name) or st.query_params.get(name) for name in _OPTIONS)
    asked = _asked(backend, have, query, options) if chosen else Asked(query=query)
    drawn: Sequence[Card] = ()
    if like := st.query_params.get("like"):
        _similar(backend, like)
    elif not asked.query:
        notice("info", words.say("search.start"))
    elif asked.side_by_side:
        drawn = _side_by_side(backend, asked, have)
    else:
        drawn = _list(backend, asked)
    if not chosen:
        _asked(backend, have, query, options)
    return partial(_mark_sentences, backend, asked, drawn)


def _box() -> str:
    query = st.text_input(
        words.say("search.box"),
        placeholder=words.say("search.placeholder"),
        label_visibility="collapsed",
        key="q",
        bind="query-params",
        on_change=_begin_anew,
        icon=":material/search:",
    )
    return query.strip()


def _asked(backend: Backend, have: Mapping[str, int], query: str, place: DeltaGenerator) -> Asked:
    """Draw the options, and say what is set."""
    with place:
        languages = st.multiselect(
            words.say("search.language_filter"),
            list(have),
            format_func=lambda tag: f"{words.language(tag)} ({words.number(have[tag])})",
            placeholder=words.say("search.every_language"),
            label_visibility="collapsed",
            width=360,
            **bound("lang", have, several=True),
        )
        more = st.popover(words.say("search.filters"), icon=":material/tune:")
        with more:
            by_document = st.toggle(words.say("search.by_document"), key="group", bind="query-params")
            one_version = st.toggle(words.say("search.one_version"), key="versions", bind="query-params")
            rerank = st.toggle(words.say("search.rerank"), key="rerank", bind="query-params")
            stages = st.toggle(words.say("search.stages"), key="stages", bind="query-params")
            sources, metadata = filters.sources(backend), filters.metadata(backend)
        side_by_side = st.toggle(words.say("search.side_by_side"), key="side", bind="query-params")
    return Asked(
        query=query,
        languages=languages,
        sources=sources,
        filter=metadata,
        by_document=by_document,
        one_version=one_version,
        side_by_side=side_by_side,
        rerank=rerank,
        stages=stages,
    )


def _list(backend: Backend, asked: Asked) -> Sequence[Card]:
    """The best passages of all languages; more of them on demand."""
    limit = _limit()
    hits = found(backend, asked, limit=limit, per_document=None if asked.by_document else OF_A_DOCUMENT)
    if not hits:
        notice("info", words.say("search.nothing"), words.say("search.nothing_remedy"))
        return ()
    st.caption(words.say("search.results", count=len(hits)))
    drawn = _grouped(backend, hits, asked) if asked.by_document else [_card(backend, hit, asked) for hit in hits]
    if len(hits) >= limit and limit < MOST:
        st.button(words.say("common.more"), icon=":material/expand_more:", on_click=_show, args=(limit + PAGE,))
    return drawn


def _limit() -> int:
    """How many passages the URL asks for, from PAGE to MOST."""
    given = st.query_params.get("limit", "")
    return min(max(int(given), PAGE), MOST) if given.isascii() and given.isdecimal() and len(given) < 10 else PAGE


def _show(limit: int) -> None:
    st.query_params["limit"] = str(limit)


def found(backend: Backend, asked: Asked, *, limit: int, per_document: int | None) -> list[Hit]:
    """The best passages, at most `per_document` of one."""
    return backend.seen.search(
        asked.query,
        limit=limit,
        languages=asked.languages or None,
        sources=asked.sources or None,
        filter=asked.filter or None,
        per_document=per_document,
        rerank=asked.rerank,
        reader=words.chosen() if asked.one_version and not asked.side_by_side else None,
    )


def _grouped(backend: Backend, hits: Sequence[Hit], asked: Asked) -> list[Card]:
    """The hits of a document together, documents in the order of their best passage."""
    drawn: list[Card] = []
    rank = {id: n for n, id in enumerate(dict.fromkeys(hit.chunk.document_id for hit in hits))}
    ordered = sorted(hits, key=lambda hit: rank[hit.chunk.document_id])
    for document_id, group in groupby(ordered, key=lambda hit: hit.chunk.document_id):
        own = list(group)
        st.html(
            f'<div class="il-title" role="heading" aria-level="3">{name(titled(own[0].chunk.title, document_id))}</div>'
        )
        st.caption(words.say("search.passage_count", count=len(own)))
        drawn += [_card(backend, hit, asked) for hit in own]
    return drawn


def _side_by_side(backend: Backend, asked: Asked, have: Mapping[str, int]) -> Sequence[Card]:
    """The same query in several languages, each in its column: those chosen, or those that answer it best."""
    if asked.languages:
        tags = asked.languages[:COLUMNS]
    else:
        best = found(backend, asked, limit=MOST, per_document=1)
        tags = list(dict.fromkeys(hit.chunk.language for hit in best))[:COLUMNS]
    if not tags:
        notice("info", words.say("search.nothing"), words.say("search.nothing_remedy"))
        return ()
    drawn: list[Card] = []
    for column, tag in zip(st.columns(len(tags)), tags, strict=True):
        with column:
            st.html(f'<div role="heading" aria-level="3">{badge(tag)}</div>')
            drawn += [_card(backend, hit, asked) for hit in _in_column(backend, asked, tag)]
    return drawn


def _in_column(backend: Backend, asked: Asked, tag: str) -> list[Hit]:
    """The best passages tagged so and no other way: a search in `sr` also finds `sr-Latn`, which has its own column."""
    for limit in (_IN_COLUMN, MOST):
        hits = found(backend, replace(asked, languages=[tag]), limit=limit, per_document=1)
        own = [hit for hit in hits if hit.chunk.language == tag]
        if len(own) >= _IN_COLUMN or len(hits) < limit:
            break
    return own[:_IN_COLUMN]


def _similar(backend: Backend, like: str) -> None:
    """The passages nearest to one that is stored, which the URL names as ORDINAL:DOCUMENT."""
    ordinal, _, document_id = like.partition(":")
    st.button(words.say("search.like_end"), icon=":material/arrow_back:", on_click=_end_similar)
    document = backend.seen.document(document_id)
    chosen = [chunk for chunk in document.passages if str(chunk.ordinal) == ordinal] if document is not None else []
    hits = backend.seen.similar(document_id, int(ordinal), limit=PAGE) if chosen else None
    if hits is None:
        notice("info", words.say("search.vanished"))
        return
    st.subheader(words.say("search.like"))
    with st.container(border=True):
        st.html(passage(Hit(chunk=chosen[0], score=1.0), None))
    for hit in hits:
        _card(backend, hit)


def _begin_anew() -> None:
    st.query_params.pop("limit", None)
    _end_similar()


def _end_similar() -> None:
    st.query_params.pop("like", None)


def _card(backend: Backend, hit: Hit, asked: Asked | None = None) -> Card:
    """A passage that was found, and what can be done with it."""
    chunk = hit.chunk
    with st.container(border=True):
        card = Card(hit=hit, place=st.empty())
        _draw(card, asked, None if asked is None else _sentences(asked.query).get(chunk.id))
        with st.container(horizontal=True, gap="small"):
            if st.button(
                words.say("search.context"), key=f"context-{chunk.id}", icon=":material/article:", type="tertiary"
            ):
                in_context(backend, chunk.document_id, (chunk.start, chunk.end))
            st.button(
                words.say("search.similar"),
                key=f"like-{chunk.id}",
                icon=":material/hub:",
                type="tertiary",
                on_click=_begin_similar,
                args=(f"{chunk.ordinal}:{chunk.document_id}",),
            )
    return card


def _draw(card: Card, asked: Asked | None, sentence: Span | None) -> None:
    query, stages = (None, False) if asked is None else (asked.query, asked.stages)
    card.place.html(passage(card.hit, query, sentence=sentence, stages=stages))


def _mark_sentences(backend: Backend, asked: Asked, drawn: Sequence[Card]) -> None:
    """Mark what comes closest to the query where none of its words occur; after the rest, since it takes longer."""
    have = _sentences(asked.query)
    new = [card for card in drawn if card.hit.chunk.id not in have]
    new = [card for card in new if not highlight(asked.query, card.hit.chunk.text)]
    if not new:
        return
    time.sleep(_PAINT if _PAINTED in st.session_state else _FIRST_PAINT)
    st.session_state[_PAINTED] = True
    found = backend.sentences(asked.query, [card.hit.chunk.text for card in new])
    for card, sentence in zip(new, found, strict=True):
        have[card.hit.chunk.id] = sentence
        _draw(card, asked, sentence)


def _sentences(query: str) -> dict[str, Span | None]:
    """The closest sentence per passage id that is known for a query; of one query, the last."""
    of, have = st.session_state.get(_CLOSEST, (None, {}))
    if of != query:
        have = {}
        st.session_state[_CLOSEST] = (query, have)
    return cast("dict[str, Span | None]", have)


def _begin_similar(like: str) -> None:
    st.query_params["like"] = like
