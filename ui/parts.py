"""What several pages show: notices, language badges, passages, a passage within its document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import streamlit as st

from ..retrieval.errors import InterlinguaError
from ..retrieval.highlights import Span, highlight
from ..retrieval.types import Chunk, Hit
from . import words
from .backend import Backend
from .markup import block, link, name, safe

_FOUND = "il-context il-found"


def notice(kind: Literal["error", "info"], *lines: str) -> None:
    """A message with what to do about it. Not `st.error`, which would read Markdown out of a document's name."""
    first, *rest = map(safe, lines)
    role = "alert" if kind == "error" else "status"
    body = "".join(f'<span dir="auto">{line}</span>' for line in rest)
    st.html(f'<div class="il-notice il-{kind}" role="{role}"><strong>{first}</strong>{body}</div>')


def trouble(error: InterlinguaError) -> None:
    """A failure, and a button that tries again: a press runs the page anew."""
    notice("error", words.say("common.trouble"), str(error))
    st.button(words.say("common.again"), icon=":material/refresh:")


def empty_index() -> None:
    """What to do about an index without documents."""
    remedy = words.say("common.empty_index_remedy", command="interlingua ingest PATH")
    notice("info", words.say("common.empty_index"), remedy)


def badge(tag: str) -> str:
    """The language of a passage, as HTML."""
    return f'<span class="il-badge" title="{safe(tag)}">{name(words.language(tag))}</span>'


def titled(title: str | None, document_id: str) -> str:
    """What to call a document: its title, or the name of its file where the id looks like a path, or its id."""
    last = document_id.rpartition("/")[2]
    return title or (last if "." in last else document_id)


def passage(hit: Hit, query: str | None, *, sentence: Span | None = None, stages: bool = False) -> str:
    """A passage that was found, as HTML: where it is from, its text in its own direction, and what answers the query.

    That is its words, or else `sentence`, in code points of the passage. `stages`: with the score of each stage too.
    """
    chunk = hit.chunk
    words_found = highlight(query, chunk.text) if query else ()
    found = words_found or ([] if sentence is None else [sentence])
    kind = "il-passage" if words_found else "il-passage il-near"
    title = link(chunk.url, titled(chunk.title, chunk.document_id))
    place = words.say("search.place", start=chunk.start, end=chunk.end)
    score = f'<span class="il-score">{safe(_score(hit, stages=stages))}</span>' if query else ""
    return (
        f'<article class="il-card" data-query="{safe(query or "")}"><div class="il-head">{badge(chunk.language)}'
        f'<span class="il-title">{title}</span>{score}</div>{block(chunk.text, chunk.language, spans=found, kind=kind)}'
        f'<div class="il-foot"><span>{name(chunk.document_id)}</span><span>{safe(place)}</span></div></article>'
    )


def _score(hit: Hit, *, stages: bool) -> str:
    each = " · ".join(f"{stage} {score:.3f}" for stage, score in hit.scores.items()) if stages else ""
    return words.say("search.score", score=f"{hit.score:.3f}") + (f" ({each})" if each else "")


def in_context(backend: Backend, document_id: str, span: Span | None = None) -> None:
    """Open a document in a dialog, with the passage or the sentence at `span` (code points of its text) marked."""

    @st.dialog(words.say("search.context"), width="large", icon=":material/article:")
    def show() -> None:
        try:
            document = backend.seen.document(document_id)
        except InterlinguaError as error:  # a press runs the dialog alone, outside what the page catches
            trouble(error)
            return
        if document is None:
            notice("info", words.say("search.vanished"))
            return
        st.html(
            f'<div class="il-head">{"".join(map(badge, document.languages))}'
            f'<span class="il-title">{link(document.url, titled(document.title, document.id))}</span></div>'
            f'<div class="il-foot">{name(document.id)}</div>'
        )
        before, after = _around(list(_in_order(document.passages, span)))
        if before:
            title = safe(words.say("search.before", count=len(before)))
            st.html(f"<details><summary>{title}</summary>{''.join(before)}</details>")
        st.html("".join(after))

    show()


def _around(passages: list[str]) -> tuple[list[str], list[str]]:
    """What lies more than a passage before the one that is marked, to be folded away; and the rest."""
    marked = next((number for number, passage in enumerate(passages) if _FOUND in passage), 0)
    begin = max(0, marked - 1)
    return passages[:begin], passages[begin:]


def _in_order(passages: Sequence[Chunk], span: Span | None) -> Iterable[str]:
    """The text of a document, as HTML: sentences that two passages share stand once."""
    done = 0
    for chunk in passages:
        begin = max(chunk.start, done)
        if begin >= chunk.end:
            continue
        text, done = chunk.text[begin - chunk.start :], chunk.end
        start, end = (0, 0) if span is None else (max(span[0], begin) - begin, min(span[1], chunk.end) - begin)
        spans, kind = ([(start, end)], _FOUND) if start < end else ([], "il-context")
        yield block(text, chunk.language, spans=spans, kind=kind)
