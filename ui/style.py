"""The look that Streamlit's theme does not cover, and the mirrored interface."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from . import words

DARK = """
[data-testid="stSliderThumbValue"] p { color: #7db8e8; }
.il-badge { color: #bfe0fb; background: #1d3a52; border-color: #2f5677; }
.il-passage mark, .il-context mark { background: #665312; }
.il-near mark { background: none; }
.il-error { background: #3a1d18; border-color: #6f372c; color: #f5c6bc; }
.il-info { background: #182c3d; border-color: #2d4f6b; color: #c4def2; }
"""
"""What is other in the dark."""
_MIRRORED = """
.stApp, [data-testid="stSidebar"], [data-testid="stDialog"], [data-baseweb="popover"], [role="listbox"] {
  direction: rtl; text-align: right;
}
[data-testid="stMain"] :is([data-testid="stMarkdownContainer"], [data-testid="stCaptionContainer"]), label {
  text-align: right;
}
[data-testid="stSidebar"][data-collapsed="true"] { display: none; } /* Streamlit moves it away to the left */
[data-testid="stCheckbox"] label > div:first-of-type { direction: ltr; } /* the knob of a switch */
"""


def apply() -> None:
    """Put the style sheet into the page."""
    st.html(f"<style>{sheet(dark=st.context.theme.type == 'dark')}</style>")


def sheet(*, dark: bool) -> str:
    """The style sheet, for the language of the interface."""
    return _sheet() + (DARK if dark else "") + (_MIRRORED if words.chosen() in words.MIRRORED else "")


@cache
def _sheet() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
