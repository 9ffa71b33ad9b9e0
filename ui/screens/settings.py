"""Models and settings: what is loaded, where each setting came from, and what smaller vectors would cost."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from ...retrieval.compression import Measured
from .. import words
from ..backend import Backend
from ..markup import printable, safe
from ..parts import notice

_PLAN = "plan"


def show(backend: Backend) -> None:
    """The page."""
    contents = backend.contents()
    none = words.say("settings.none")
    rows = {
        "settings.health": words.say("settings.healthy"),
        "settings.store": contents.place,
        "settings.model": contents.model,
        "settings.dimensions": words.number(contents.dim),
        "settings.quantization": contents.quantization,
        "settings.size": None if contents.bytes is None else _size(contents.bytes),
        "settings.reranker": none if contents.reranker == "" else contents.reranker,
        "settings.chat": none if contents.chat == "" else contents.chat,
        "common.document_count": words.number(contents.documents),
        "common.passages": words.number(contents.passages),
        "common.languages": words.number(len(contents.languages)),
    }
    st.subheader(words.say("settings.index"))
    lines = (
        f'<tr><th scope="row">{safe(words.say(key))}</th><td><bdi>{safe(value)}</bdi></td></tr>'
        for key, value in rows.items()
        if value
    )
    st.html(f'<table class="il-facts"><tbody>{"".join(lines)}</tbody></table>')
    st.subheader(words.say("settings.settings"))
    if contents.settings is None:
        notice("info", words.say("settings.elsewhere"))
        return
    columns = [words.say(f"settings.{name}") for name in ("setting", "value", "origin")]
    shown = [tuple(map(printable, row)) for row in contents.settings]
    st.dataframe(pd.DataFrame(shown, columns=columns), hide_index=True)
    _plan(backend)


def _plan(backend: Backend) -> None:
    """The chart of `interlingua plan`, once it is asked for."""
    st.subheader(words.say("settings.plan"))
    st.caption(words.say("settings.plan_help"))
    if st.button(words.say("settings.plan_start"), icon=":material/straighten:"):
        with st.spinner():
            st.session_state[_PLAN] = backend.plan()
    measured: Measured | None = st.session_state.get(_PLAN)
    if measured is None:
        return
    size, kept, codes = (words.say(f"settings.{name}") for name in ("plan_size", "plan_quality", "quantization"))
    dimensions = words.say("settings.dimensions")
    frame = pd.DataFrame(
        [(option.vector_bytes, option.recall, option.quantization, option.dimensions) for option in measured.options],
        columns=[size, kept, codes, dimensions],
    )
    chart = (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=alt.X(f"{size}:Q", scale=alt.Scale(type="log")),
            y=alt.Y(f"{kept}:Q", scale=alt.Scale(zero=False), axis=alt.Axis(format="%")),
            color=alt.Color(f"{codes}:N"),
            tooltip=[f"{dimensions}:Q", f"{codes}:N", f"{size}:Q", alt.Tooltip(f"{kept}:Q", format=".1%")],
        )
    )
    st.altair_chart(chart)


def _size(count: int) -> str:
    return f"{words.number(round(count / 1e6, 1))} MB"
