"""The search page: `make ui`, or `streamlit run ui/app.py`."""

from __future__ import annotations

import interlingua
import streamlit as st

PAGE = 10


@st.cache_resource
def index() -> interlingua.Index:
    """One index for all sessions: an embedded store can be open only once."""
    return interlingua.open()


def show(hit: interlingua.Hit) -> None:
    """One passage. Document text is shown as text, never as Markdown or HTML."""
    chunk = hit.chunk
    with st.container(border=True):
        st.caption(f"{hit.score:.3f} · {chunk.language} · place {chunk.start}–{chunk.end}")
        if chunk.title:
            st.text(chunk.title)
        st.text(chunk.text)
        st.text(chunk.document_id)


def main() -> None:
    """A query, a language filter, the passages found."""
    st.set_page_config(page_title="Interlingua", layout="wide")
    st.title("Interlingua")
    try:
        found = index().languages()
    except interlingua.InterlinguaError as error:
        st.error(str(error))
        st.button("Try again")
        return
    if not found:
        st.info("The index is empty. Fill it with: interlingua ingest PATH")
        return
    query = st.text_input("Search in any language", placeholder="right to education · 教育を受ける権利")
    chosen = st.multiselect("Languages", list(found), format_func=lambda tag: f"{tag} ({found[tag]:,})")
    if not query.strip():
        return
    try:
        hits = index().search(query, limit=PAGE, languages=chosen or None, per_document=2)
    except interlingua.InterlinguaError as error:
        st.error(str(error))
        return
    if not hits:
        st.info("Nothing found.")
    for hit in hits:
        show(hit)


main()
