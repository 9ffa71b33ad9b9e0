"""The search page, run by Streamlit's own test driver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import interlingua
import pytest
from interlingua import Document, Index
from support import SENTENCES

testing = pytest.importorskip("streamlit.testing.v1", reason="needs the extra: pip install 'interlingua[ui]'")
PAGE = Path(interlingua.__file__).parent / "ui" / "app.py"

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")


@pytest.fixture
def fill(open_index: Callable[..., Index], sentences: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    with open_index(".interlingua") as index:
        index.ingest(sentences)


@pytest.fixture(autouse=True)
def _close_the_shared_index() -> object:
    import streamlit as st

    yield
    st.cache_resource.clear()


@pytest.mark.parametrize("tag", ["de", "ja", "ar", "hi", "th", "ru"])
@pytest.mark.usefixtures("fill")
def test_a_search_shows_passages_as_they_are(tag: str) -> None:
    page = testing.AppTest.from_file(str(PAGE), default_timeout=60).run()
    page.text_input[0].set_value(SENTENCES[tag]).run()
    assert not page.exception
    assert SENTENCES[tag] in [text.value for text in page.text]
    page.multiselect[0].set_value(["de"]).run()
    assert SENTENCES["de"] in [text.value for text in page.text]
    assert tag == "de" or SENTENCES[tag] not in [text.value for text in page.text]


@pytest.mark.usefixtures("open_index")
def test_an_empty_index_says_what_to_do() -> None:
    page = testing.AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert "interlingua ingest PATH" in page.info[0].value
