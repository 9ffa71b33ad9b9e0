"""Ask: answers in the language of the question, as they are written, with the passages that they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from ...app.answers import Answer, Citation, Passages, Text
from ...retrieval.errors import InterlinguaError
from ...retrieval.text.language import detect
from .. import words
from ..backend import Backend
from ..markup import block, link, name, safe
from ..parts import badge, empty_index, in_context, notice, passage, titled, trouble

_TURNS = "turns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question and its answer."""

    question: str
    answer: Answer


def show(backend: Backend) -> None:
    """The page."""
    if not backend.seen.languages():
        empty_index()
        return
    turns: list[Turn] = st.session_state.setdefault(_TURNS, [])
    if not turns:
        notice("info", words.say("ask.start"))
    for number, turn in enumerate(turns):
        _question(turn.question)
        with st.chat_message("assistant"):
            _answer(turn.answer)
            _sources(backend, turn.answer, number)
    question = st.chat_input(words.say("ask.box"))
    if question and question.strip():
        _question(question)
        with st.chat_message("assistant"):
            if (answer := _written(backend, question)) is not None:
                turns.append(Turn(question=question, answer=answer))
                st.rerun()
    if turns:
        st.button(words.say("ask.clear"), icon=":material/restart_alt:", on_click=turns.clear, type="tertiary")


def _question(question: str) -> None:
    with st.chat_message("user"):
        st.html(block(question, detect(question).tag, kind="il-passage"))


def _written(backend: Backend, question: str) -> Answer | None:
    """The answer, shown as it comes; None when it failed, which is shown too."""
    place = st.empty()
    text, answer = "", None
    try:
        for event in _events(backend, question):
            if isinstance(event, Passages) and event.hits:
                place.caption(words.say("ask.reading", count=len(event.hits)))
            elif isinstance(event, Text):
                text += event.text
                place.html(block(text, "und", kind="il-passage il-answer"))
            elif isinstance(event, Answer):
                answer = event
    except InterlinguaError as error:
        trouble(error)
    return answer


def _events(backend: Backend, question: str) -> Iterator[Passages | Text | Answer]:
    return backend.stream_answer(question)


def _answer(answer: Answer) -> None:
    if answer.reason == "no_model":
        notice(
            "info",
            words.say("ask.no_model"),
            words.say("ask.no_model_remedy", setting="INTERLINGUA_CHAT_URL", model="INTERLINGUA_CHAT_MODEL"),
        )
    elif answer.text:
        st.html(block(answer.text, answer.language, kind="il-passage il-answer"))
    else:
        notice("info", words.say("ask.nothing"))
    if answer.language_ok is False:
        st.caption(words.say("ask.other_language"))


def _sources(backend: Backend, answer: Answer, number: int) -> None:
    """What the answer cites, each to be opened where it stands; or else what was found."""
    for citation in answer.citations:
        with st.container(border=True):
            st.html(_cited(citation))
            if st.button(
                words.say("search.context"),
                key=f"cited-{number}-{citation.number}",
                icon=":material/article:",
                type="tertiary",
            ):
                in_context(backend, citation.document_id, (citation.start, citation.end))
    if not answer.hits:
        return
    with st.expander(words.say("ask.passages"), expanded=not answer.citations):
        for hit in answer.hits:
            st.html(passage(hit, None))


def _cited(citation: Citation) -> str:
    title = link(citation.url, titled(citation.title, citation.document_id))
    return (
        f'<article class="il-card"><div class="il-head"><strong>[{citation.number}]</strong>{badge(citation.language)}'
        f'<span class="il-title">{title}</span></div>{block(citation.quote, citation.language)}'
        f'<div class="il-foot"><span>{name(citation.document_id)}</span>'
        f"<span>{safe(words.say('search.place', start=citation.start, end=citation.end))}</span></div></article>"
    )
