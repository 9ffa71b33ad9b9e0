"""The words of the interface in the language that its user chose, and the names of languages in it."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import streamlit as st
from babel import Locale
from babel.dates import format_datetime, get_timezone
from babel.numbers import format_decimal

from ...retrieval.text.codes import base_language, language_name, script_of
from ...retrieval.types import UNDETERMINED
from ..address import bound

LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "ar": "العربية",
    "he": "עברית",
    "hi": "हिन्दी",
    "ja": "日本語",
    "zh": "中文",
}
"""The languages that the interface speaks, each by its own name."""
FALLBACK = "en"
MIRRORED = {"ar", "he"}
_CHOSEN = "ui"  # the key of the widget, and the name in the URL
_TOLD = "words.told-the-browser"


_SPOKEN: ContextVar[str | None] = ContextVar("spoken", default=None)


def chosen() -> str:
    """The interface's language: chosen, or that of the browser, or English."""
    if spoken := _SPOKEN.get():
        return spoken
    return _known(st.session_state.get(_CHOSEN) or st.query_params.get(_CHOSEN), st.context.locale)


@contextmanager
def speaking(asked: str | None, locale: str | None) -> Iterator[None]:
    """Within it, the language of an address and a browser without a session of Streamlit."""
    token = _SPOKEN.set(_known(asked, locale))
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def _known(asked: str | None, locale: str | None) -> str:
    said = asked or base_language(locale or "")
    return said if said in LANGUAGES else FALLBACK


def choose() -> None:
    """The widget that changes it."""
    st.session_state.setdefault(_CHOSEN, chosen())
    st.selectbox(
        say("common.language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        **bound(_CHOSEN, LANGUAGES, several=False),
    )
    if chosen() != FALLBACK or _TOLD in st.session_state:
        st.session_state[_TOLD] = True
        # For what reads a page aloud or offers to translate it. Streamlit's says English, until it is told otherwise.
        st.html(f"<script>document.documentElement.lang = '{chosen()}'</script>", unsafe_allow_javascript=True)


def say(key: str, **values: str | float) -> str:
    """The text of a key such as `search.box`, with its `{names}` replaced. Raises KeyError for an unknown one."""
    shown = {name: number(value) if isinstance(value, (int, float)) else value for name, value in values.items()}
    return texts(chosen())[key].format_map(shown)


@cache
def texts(language: str) -> dict[str, str]:
    """All texts of one language by key."""
    tables = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{table}.{name}": text for table, entries in tables.items() for name, text in entries.items()}


def number(value: float) -> str:
    """A number as the interface's language writes it."""
    return str(format_decimal(value, locale=_locale(chosen())))


def moment(when: dt.datetime) -> str:
    """A date and time as the interface's language writes it, in the time zone of the browser, else in UTC."""
    try:
        zone = get_timezone(st.context.timezone or "UTC")
    except LookupError:  # one that Babel does not know, such as Etc/Unknown
        zone = get_timezone("UTC")
    return str(format_datetime(when, "short", tzinfo=zone, locale=_locale(chosen())))


def language(tag: str) -> str:
    """The name of a language (BCP-47) in the interface's language, with the script where that is not the usual one."""
    if tag == UNDETERMINED:
        return say("common.unknown_language")
    locale, base = _locale(chosen()), base_language(tag)
    name = locale.languages.get(base) or language_name(base)
    return name if tag == base else f"{name} ({locale.scripts.get(script_of(tag) or '', script_of(tag))})"


@cache
def _locale(language: str) -> Locale:
    return Locale.parse("zh_Hans" if language == "zh" else language)
