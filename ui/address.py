"""What was chosen, in the page's address, so that it can be shared.

Streamlit's own `bind` does this for texts, toggles and dates. Of a choice it would write what is shown, such as
"Japanese (14)", which another interface language does not have.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import streamlit as st


def bound(name: str, options: Collection[str], *, several: bool) -> dict[str, Any]:
    """Arguments of a choice among `options` under this name of the URL, which fills it where it was not touched."""
    if name not in st.session_state:
        given = [value for value in st.query_params.get_all(name) if value in options]
        if given:
            st.session_state[name] = given if several else given[0]
    elif several:
        kept = [value for value in st.session_state[name] if value in options]
        if kept != st.session_state[name]:  # the index no longer has some; else, what is being chosen now is let be
            st.session_state[name] = kept
    elif st.session_state[name] not in options:
        st.session_state[name] = None
    return {"key": name, "on_change": _write, "args": (name,)}


def _write(name: str) -> None:
    if st.session_state[name]:
        st.query_params[name] = st.session_state[name]
    else:
        st.query_params.pop(name, None)
