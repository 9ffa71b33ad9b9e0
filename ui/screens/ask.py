"""Ask: answers in the language of the question, as they are written, with the passages that they rest on."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from ...app.answers import Answer, Citation, Passages, Text
from ...retrieval.errors import InterlinguaError
from ...retrieval.text.language import detect
from .. import words
from ..backend import Backend
from ..markup import block, link, name, safe
from ..parts import badge, empty_index, in_context, notice, passage, titled

# Hyphens, since a word after a dot is the name of a text.
_TURNS, _BOX = "ask.turns-so-far", "ask.what-is-typed"


@dataclass(slots=True, kw_only=True, eq=False)
class Turn:
    """A question and its answer, as far as that has come; `text` is what was shown of it.

    A run that was stopped may write into its turn for a moment longer: what is asked again is a turn of its own.
    """

    question: str
    text: str = ""
    answer: Answer | None = None
    error: str | None = None
    begun: bool = False


def show(backend: Backend) -> None:
    """The page."""
    if not backend.seen.languages():
        empty_index()
        return
    turns: list[Turn] = st.session_state.setdefault(_TURNS, [])
    # Kept by callbacks, before anything is drawn: a press ends the run of the one before it, wherever that is.
    st.chat_input(words.say("ask.box"), key=_BOX, on_submit=_ask, args=(turns,))
    if not turns:
        notice("info", words.say("ask.start"))
    for number, turn in enumerate(turns):
        _question(turn.question)
        with st.chat_message("assistant"):
            if turn.answer is not None:
                _answer(turn.answer)
                _sources(backend, turn.answer, number)
            elif turn.begun:
                _cut_short(turns, number)
            else:
                turn.begun = True
                _write(backend, turn)
                st.rerun()
    if turns:
        st.button(words.say("ask.clear"), icon=":material/restart_alt:", on_click=turns.clear, type="tertiary")


def _ask(turns: list[Turn]) -> None:
    if question := (st.session_state[_BOX] or "").strip():
        turns.append(Turn(question=question))


def _question(question: str) -> None:
    with st.chat_message("user"):
        st.html(block(question, detect(question).tag, kind="il-passage"))


def _write(backend: Backend, turn: Turn) -> None:
    """The answer, shown as it comes."""
    place = st.empty()
    try:
        for event in backend.stream_answer(turn.question):
            if isinstance(event, Passages) and event.hits:
                place.caption(words.say("ask.reading", count=len(event.hits)))
            elif isinstance(event, Text):
                turn.text += event.text
                place.html(_body(turn.text, "und"))
            elif isinstance(event, Answer):
                turn.answer = event
    except InterlinguaError as error:
        turn.error = str(error)


def _cut_short(turns: list[Turn], number: int) -> None:
    """What there is of an answer that failed or was interrupted, and a button that asks again."""
    turn = turns[number]
    if turn.text:
        st.html(_body(turn.text, "und"))
    if turn.error is None:
        notice("info", words.say("ask.interrupted"))
    else:
        notice("error", words.say("common.trouble"), turn.error)
    st.button(
        words.say("common.again"),
        key=f"again-{number}",
        icon=":material/refresh:",
        on_click=_ask_again,
        args=(turns, turn),
    )


def _ask_again(turns: list[Turn], turn: Turn) -> None:
    if turn in turns:  # not if it was pressed twice
        turns.remove(turn)
        turns.append(Turn(question=turn.question))


def _answer(answer: Answer) -> None:
    if answer.reason == "no_model":
        notice(
            "info",
            words.say("ask.no_model"),
            words.say("ask.no_model_remedy", setting="INTERLINGUA_CHAT_URL", model="INTERLINGUA_CHAT_MODEL"),
        )
    elif answer.text:
        st.html(_body(answer.text, answer.language))
    else:
        notice("info", words.say("ask.nothing"))
    if answer.language_ok is False:
        st.caption(words.say("ask.other_language"))


def _body(text: str, tag: str) -> str:
    return block(text, tag, kind="il-passage il-answer")


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
