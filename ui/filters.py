"""The filters of a search whose choices have to be looked up: sources, and values of the metadata."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Set
from functools import partial
from typing import Any

import streamlit as st

from . import words
from .address import bound
from .backend import Backend
from .markup import printable
from .session import known

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_INT64 = 2**63
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?")
_EQUAL = frozenset((bool, int, str))
"""Types of which a filter asks for single values; it refuses that of floats."""


def sources(backend: Backend) -> list[str]:
    """Where the passages are to come from; only for those who may know the sources, and where there are several."""
    have = known(backend).sources
    if len(have) < 2:
        return []
    chosen: list[str] = st.multiselect(
        words.say("corpus.sources"),
        list(have),
        format_func=lambda source: f"{printable(source)} ({words.number(have[source])})",
        placeholder=words.say("search.every_source"),
        **bound("source", have, several=True),
    )
    return chosen


def metadata(backend: Backend) -> dict[str, Any]:
    """A filter on one key of the metadata: any value, some of them or, where they are dates, a range."""
    have = known(backend).keys
    keys = [key for key, types in have.items() if types & _EQUAL]
    if (given := st.query_params.get("meta")) and given not in keys and given != "language":
        keys.append(given)  # a rare one, which was not seen; or none, and a search says so
    choice = bound("meta", keys, several=False)
    key = st.selectbox(
        words.say("search.metadata_key"),
        keys,
        index=None,
        format_func=printable,
        placeholder=words.say("search.any_metadata"),
        **{**choice, "on_change": partial(_change_key, choice["on_change"])},
    )
    if not key:
        return {}
    counts = backend.seen.facets(key)
    days = [day for value in counts if (day := _day(value))]
    if days and len(days) == len(counts):
        return {key: _range(min(days), max(days)) or {"exists": True}}
    meant = {value: same for value in counts if (same := _meant(value, have.get(key, _EQUAL)))}
    if not meant:
        return {key: {"exists": True}}
    chosen = st.multiselect(
        words.say("search.metadata_values"),
        list(meant),
        format_func=lambda value: f"{printable(value)} ({words.number(counts[value])})",
        **bound("values", meant, several=True),
    )
    return {key: [same for value in chosen for same in meant[value]] or {"exists": True}}


def _change_key(write: Callable[[str], None], name: str) -> None:
    """What was chosen of one key says nothing of another."""
    write(name)
    for stale in ("values", "from", "to"):
        st.session_state.pop(stale, None)
        st.query_params.pop(stale, None)


def _range(first: dt.date, last: dt.date) -> dict[str, str]:
    """The days asked for, between these. No bound where they end: there may be more values than facets tell."""
    begin = _day_input(words.say("search.from"), "from", first, last, otherwise=first)
    end = _day_input(words.say("search.to"), "to", first, last, otherwise=last)
    bounds = {}
    if begin > first:
        bounds["gte"] = str(begin)
    if end < last:
        bounds["lt"] = str(end + dt.timedelta(days=1))
    return bounds


def _day_input(label: str, name: str, first: dt.date, last: dt.date, *, otherwise: dt.date) -> dt.date:
    """A day between these, of which the address knows. Streamlit's own `bind` lets nobody take it out again."""
    given = st.session_state.get(name) or _day(st.query_params.get(name, ""))
    day = given if given is not None and first <= given <= last else otherwise
    if st.session_state.get(name) != day:
        st.session_state[name] = day
    return st.date_input(label, min_value=first, max_value=last, key=name, on_change=_write_day, args=(name, otherwise))


def _write_day(name: str, otherwise: dt.date) -> None:
    if (day := st.session_state[name]) != otherwise:
        st.query_params[name] = str(day)
    else:
        st.query_params.pop(name, None)


def _day(value: str) -> dt.date | None:
    """The day of a date or time, in UTC as stores compare it; None for another text, and for 20240101: a number."""
    if not _DATE.fullmatch(value):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
        return (moment if moment.tzinfo is None else moment.astimezone(dt.UTC)).date()
    except (ValueError, OverflowError):
        return None


def _meant(value: str, types: Set[type]) -> list[str | int]:
    """The values that facets show as this text, of these types; empty for a float, of which no filter can ask."""
    meant: list[str | int] = []
    if bool in types and value in ("true", "false"):
        meant.append(value == "true")
    if int in types and _INTEGER.fullmatch(value) and -_INT64 <= int(value) < _INT64:
        meant.append(int(value))
    if str in types or not (meant or float in types):
        meant.append(value)
    return meant
