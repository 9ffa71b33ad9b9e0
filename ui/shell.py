"""The frame around the pages: look, language, sign-in, navigation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import streamlit as st

from ..retrieval.errors import InterlinguaError
from . import session, style, words
from .parts import trouble

ICON = Path(__file__).parent / "icon.svg"
LOGO = Path(__file__).parent / "logo.svg"

PAGES = {
    "search": ":material/search:",
    "ask": ":material/forum:",
    "documents": ":material/description:",
    "corpus": ":material/public:",
    "settings": ":material/tune:",
}
"""The modules in `screens`, which the URL names too, each with its icon."""


def main() -> None:
    """One run of the script: Streamlit runs it anew for every press and every change."""
    st.set_page_config(page_title="Interlingua", page_icon=str(ICON), layout="wide")
    style.apply()
    pages = [
        st.Page(
            partial(_run, name, _beside),
            title=words.say(f"page.{name}"),
            icon=icon,
            url_path=name,
            default=name == "search",
        )
        for name, icon in PAGES.items()
    ]
    st.logo(str(LOGO), size="large")
    st.navigation(pages).run()


def _beside() -> None:
    """The sidebar under the list of pages."""
    with st.sidebar:
        words.choose()
        if session.signed_in():
            st.button(words.say("login.leave"), icon=":material/logout:", on_click=session.sign_out, type="tertiary")


def _run(page: str, beside: Callable[[], None] | None = None) -> None:
    """A page, or what keeps it from being shown; then what is beside it, and then what the page has left for the end.

    A page is loaded on its first use: tables and charts take half a second.
    """
    rest: Callable[[], None] | None = None
    try:
        try:
            rest = import_module(f".screens.{page}", __package__).show(session.backend())
        finally:
            if beside is not None:
                beside()
        if rest is not None:
            rest()
    except InterlinguaError as error:
        trouble(error)
