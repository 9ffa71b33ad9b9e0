"""The frame around the pages: look, language, sign-in, navigation."""

from __future__ import annotations

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
            partial(_run, name),
            title=words.say(f"page.{name}"),
            icon=icon,
            url_path=name,
            default=name == "search",
        )
        for name, icon in PAGES.items()
    ]
    st.logo(str(LOGO), size="large")
    page = st.navigation(pages)
    with st.sidebar:
        words.choose()
        if session.signed_in():
            st.button(words.say("login.leave"), icon=":material/logout:", on_click=session.sign_out, type="tertiary")
    page.run()


def _run(page: str) -> None:
    """A page, or what keeps it from being shown. Loaded on its first use: tables and charts take half a second."""
    try:
        import_module(f".screens.{page}", __package__).show(session.backend())
    except InterlinguaError as error:
        trouble(error)
