"""Corpus: what is in the index, at a glance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from ...app.access.values import Counts, Sample
from ...app.exploring import projected, scripts, translations
from .. import words
from ..backend import Backend
from ..markup import block, name, printable
from ..parts import badge, empty_index, notice, titled

UNSURE = 50
EXCERPT = 160
"""Characters of a passage that a point of the map shows."""
COLOURS = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#d4a514", "#76b7b2", "#ff9da7", "#9c755f", "#1b9e77",
    "#7570b3", "#e7298a",
)  # fmt: skip
"""Of the most frequent languages; more could not be told apart."""
OTHERS, GREY = "…", "#b5b5b5"


def show(backend: Backend) -> None:
    """The page."""
    overview = backend.seen.overview()
    if not overview.passages:
        empty_index()
        return
    left, right, _ = st.columns([1, 1, 2])
    left.metric(words.say("common.document_count"), words.number(overview.documents))
    right.metric(words.say("common.passages"), words.number(overview.passages))
    _languages(overview.languages)
    with st.expander(words.say("corpus.scripts")):
        _bars(scripts({tag: counts.passages for tag, counts in overview.languages.items()}))
    if overview.sources:
        with st.expander(words.say("corpus.sources")):
            _bars(overview.sources)
    _map(backend)
    with st.expander(words.say("corpus.unsure")):
        _unsure(backend)


def _languages(languages: Mapping[str, Counts]) -> None:
    st.subheader(words.say("corpus.languages"))
    documents, passages = words.say("common.document_count"), words.say("common.passages")
    label = words.say("documents.language")
    frame = pd.DataFrame(
        [(words.language(tag), counts.documents, counts.passages) for tag, counts in languages.items()],
        columns=[label, documents, passages],
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            passages: st.column_config.ProgressColumn(format="%d", max_value=int(frame[passages].max()), min_value=0)
        },
    )


def _bars(counts: Mapping[str, int]) -> None:
    frame = pd.DataFrame([(printable(label), count) for label, count in counts.items()], columns=["label", "count"])
    chart = (
        alt.Chart(frame)
        .mark_bar(cornerRadius=3)
        .encode(
            x=alt.X("count:Q", title=words.say("common.passages")),
            y=alt.Y("label:N", sort=None, title=None),
            tooltip=["label:N", "count:Q"],
        )
    )
    st.altair_chart(chart)


@st.cache_data(max_entries=4, show_spinner=False)
def _places(_sample: Sample, digest: str) -> NDArray[np.float32]:
    """Where the passages of a sample lie, shape (passages, 2); `digest`, of their vectors, tells samples apart."""
    return projected(_sample.vectors)


def _points(sample: Sample) -> pd.DataFrame:
    """The passages of a sample, each with its place."""
    places = _places(sample, hashlib.blake2b(sample.vectors.tobytes()).hexdigest())
    return pd.DataFrame(
        {
            "x": places[:, 0],
            "y": places[:, 1],
            "tag": [chunk.language for chunk in sample.chunks],
            "title": [printable(titled(chunk.title, chunk.document_id)) for chunk in sample.chunks],
            "text": [printable(chunk.text[:EXCERPT]) for chunk in sample.chunks],
        }
    )


def _map(backend: Backend) -> None:
    st.subheader(words.say("corpus.map"))
    st.caption(words.say("corpus.map_help"))
    size = st.select_slider(words.say("corpus.sample"), [250, 500, 1000, 2000], value=500)
    if not st.toggle(words.say("corpus.draw"), key="map", bind="query-params"):
        return
    with st.spinner(words.say("corpus.drawing", count=size)):
        sample = backend.seen.sample(size)
        points = _points(sample)
    common = points["tag"].value_counts().index[: len(COLOURS)]
    label = words.say("documents.language")
    names = [words.language(tag) for tag in common]
    points[label] = [words.language(tag) if tag in set(common) else OTHERS for tag in points["tag"]]
    colours = alt.Scale(domain=[*names, OTHERS], range=[*COLOURS[: len(names)], GREY])
    chart = (
        alt.Chart(points)
        .mark_circle(size=46, opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=None),
            y=alt.Y("y:Q", axis=None),
            color=alt.Color(f"{label}:N", scale=colours, sort=None),
            tooltip=[f"{label}:N", "title:N", "text:N"],
        )
        .properties(height=560)
        .interactive()
    )
    st.altair_chart(chart)
    _translations(sample)


def _translations(sample: Sample) -> None:
    st.subheader(words.say("corpus.translations"))
    st.caption(words.say("corpus.translations_help"))
    pairs = translations(sample)
    if not pairs:
        notice("info", words.say("corpus.translations_none"))
    for pair in pairs[:10]:
        with st.container(border=True):
            for column, chunk in zip(st.columns(2), (pair.first, pair.second), strict=True):
                title = name(titled(chunk.title, chunk.document_id))
                head = f'<div class="il-head">{badge(chunk.language)}<span class="il-title">{title}</span></div>'
                column.html(head + block(chunk.text[:400], chunk.language))
            st.caption(f"{words.say('corpus.similarity')} {pair.score:.2f}")


def _unsure(backend: Backend) -> None:
    chunks = backend.seen.unsure(UNSURE)
    if not chunks:
        st.caption(words.say("corpus.unsure_none"))
    for chunk in chunks:
        title = name(titled(chunk.title, chunk.document_id))
        head = f'<div class="il-head">{badge(chunk.language)}<span class="il-title">{title}</span></div>'
        st.html(f'<div class="il-card">{head}{block(chunk.text[:EXCERPT], chunk.language)}</div>')
