"""What each page does, run by Streamlit's own test driver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import Act, ChatServer, breaks_off, refuses, says
from interlingua import Document, Index
from interlingua.connectors.documents import DocumentsConnector
from support import SENTENCES

testing = pytest.importorskip("streamlit.testing.v1", reason="needs the extra: pip install 'interlingua[ui]'")
pytest.importorskip("babel", reason="needs the extra: pip install 'interlingua[ui]'")

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

Open = Callable[..., Any]


def script(name: str) -> None:
    """One page, as the frame shows it."""
    from interlingua.ui.shell import _run

    _run(name)


@pytest.fixture
def fill(open_index: Callable[..., Index], sentences: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    """An index with a sentence in each language, in the working directory."""
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    with open_index(".interlingua") as index:
        index.ingest(sentences)


@pytest.fixture
def page(open_index: object) -> Iterator[Open]:
    """Open a page as `interlingua ui` does; the index that all sessions share is closed at the end."""
    from interlingua.ui.session import SHARED
    from streamlit import config

    def open_(name: str, **address: str | list[str]) -> Any:
        test = testing.AppTest.from_function(script, default_timeout=60, args=(name,))
        for key, value in address.items():
            test.query_params[key] = value
        return test.run()

    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield open_
    config.set_option("server.address", before)
    SHARED.close()


def html(test: Any) -> str:
    """All HTML of a page."""
    assert not test.exception
    return "\n".join(element.proto.body for element in test.get("html"))


def press(test: Any, label: str) -> Any:
    """Press the first button of that label."""
    return next(button for button in test.button if button.label == label).click().run()


@pytest.mark.parametrize("name", ["search", "ask", "corpus"])
def test_an_empty_index_says_what_to_do(name: str, page: Open) -> None:
    assert "interlingua ingest PATH" in html(page(name))


@pytest.mark.parametrize("tag", ["de", "ja", "ar", "hi", "th", "ru"])
@pytest.mark.usefixtures("fill")
def test_a_search_shows_passages_in_their_own_direction(tag: str, page: Open) -> None:
    test = page("search")
    test.text_input(key="q").set_value(SENTENCES[tag]).run()
    side = "rtl" if tag == "ar" else "ltr"
    assert f'dir="{side}" lang="{tag}"><mark>' in html(test)


@pytest.mark.usefixtures("fill")
def test_the_address_fills_the_widgets_and_the_widgets_the_address(page: Open) -> None:
    test = page("search", q="Menschen", lang=["de", "xx"])
    assert test.text_input(key="q").value == "Menschen"
    assert test.multiselect(key="lang").value == ["de"]
    test.multiselect(key="lang").set_value(["de", "ar"]).run()
    assert test.query_params["lang"] == ["de", "ar"]


@pytest.mark.usefixtures("fill")
def test_only_the_chosen_languages_are_shown(page: Open) -> None:
    shown = html(page("search", q=SENTENCES["ru"], lang=["de", "ar"]))
    assert 'lang="de"' in shown
    assert 'lang="ru"' not in shown


@pytest.mark.usefixtures("open_index")
def test_metadata_narrow_a_search(open_index: Open, monkeypatch: pytest.MonkeyPatch, page: Open) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    documents = [
        Document(id=str(year), text=f"report {year}", metadata={"day": f"{year}-05-01"}) for year in (2020, 2024)
    ]
    with open_index(".interlingua") as index:
        index.ingest([*documents, Document(id="law", text="report on law", metadata={"topic": "law"})])
    topic = html(page("search", q="report", meta="topic", values=["law"]))
    assert "report</mark> on law" in topic
    assert "2020" not in topic
    day = page("search", q="report", meta="day")
    assert [str(field.value) for field in day.date_input] == ["2020-05-01", "2024-05-01"]
    day.date_input(key="from").set_value("2023-01-01").run()
    assert "2024" in html(day)
    assert ">2020" not in html(day)


@pytest.mark.usefixtures("open_index")
def test_one_version_of_a_document_is_shown_in_the_language_of_the_interface(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, page: Open
) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    with open_index(".interlingua") as index:
        group = {"translation_group": "udhr"}
        index.ingest([Document(id=tag, text=SENTENCES[tag], metadata=group) for tag in ("de", "ja", "ru")])
    test = page("search", q=SENTENCES["ru"], ui="ja")
    assert all(f'lang="{tag}"' in html(test) for tag in ("de", "ja", "ru"))
    test.toggle(key="versions").set_value(True).run()
    for shown in (html(test), html(page("search", q=SENTENCES["ru"], ui="ja", versions="true"))):
        assert [f'lang="{tag}"' in shown for tag in ("de", "ja", "ru")] == [False, True, False]
    beside = html(test.toggle(key="side").set_value(True).run())
    assert all(f'lang="{tag}"' in beside for tag in ("de", "ja", "ru"))


@pytest.mark.usefixtures("fill")
def test_an_unknown_metadata_key_is_an_error_that_names_the_keys(page: Open) -> None:
    shown = html(page("search", q="rights", meta="nonsense"))
    assert 'role="alert"' in shown
    assert "No document of this index has the metadata key &#x27;nonsense&#x27;" in shown


@pytest.mark.usefixtures("open_index")
def test_a_source_narrows_a_search(open_index: Open, monkeypatch: pytest.MonkeyPatch, page: Open) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    with open_index(".interlingua") as index:
        for source in ("wiki", "shop"):
            index.ingest(DocumentsConnector(items=[Document(id=source, text=f"about {source}")], source=source))
    test = page("search", q="about", source=["shop"])
    assert [widget.label for widget in test.multiselect] == ["Only these languages", "Sources"]
    assert "shop</bdi>" in html(test)
    assert "wiki</bdi>" not in html(test)


@pytest.mark.usefixtures("fill")
def test_a_language_that_the_index_does_not_have_is_left_out(page: Open) -> None:
    assert "il-card" in html(page("search", q="rights", lang=["xx"]))


@pytest.mark.usefixtures("open_index")
def test_nothing_found_says_what_to_try(open_index: Open, monkeypatch: pytest.MonkeyPatch, page: Open) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    documents = [Document(id=tag, text=SENTENCES[tag], metadata={"topic": tag}) for tag in ("de", "ja")]
    with open_index(".interlingua") as index:
        index.ingest(documents)
    shown = html(page("search", q="rights", lang=["de"], meta="topic", values=["ja"]))
    assert "il-card" not in shown
    assert "Use other words, or take a filter away." in shown


@pytest.mark.usefixtures("open_index")
def test_the_closest_sentence_is_marked_where_no_word_of_the_query_occurs(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, page: Open
) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "bundled")
    text = "Das Wetter war schön. Jeder Mensch hat das Recht auf Bildung. Abends gab es Suppe mit Brot."
    with open_index(".interlingua") as index:
        index.ingest([Document(id="de", text=text), Document(id="en", text="The weather. The right to education.")])
    shown = html(page("search", q="right to education"))
    assert "il-near" in shown
    assert "<mark>Jeder Mensch hat das Recht auf Bildung.</mark>" in shown
    assert "The <mark>right</mark> <mark>to</mark> <mark>education</mark>." in shown


@pytest.mark.usefixtures("open_index")
def test_passages_of_a_document_stand_together(open_index: Open, monkeypatch: pytest.MonkeyPatch, page: Open) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    monkeypatch.setenv("INTERLINGUA_CHUNK_TOKENS", "16")
    text = "\n\n".join(f"The right to education, article {n}, holds for all of them everywhere." for n in range(6))
    with open_index(".interlingua") as index:
        index.ingest([Document(id="one", title="One", text=text), Document(id="two", title="Two", text=text)])
    shown = html(page("search", q="right to education", group="true"))
    headings = [part.split("<")[0] for part in shown.split('aria-level="3"><bdi dir="auto">')[1:]]
    assert sorted(headings) == ["One", "Two"]


@pytest.mark.usefixtures("fill")
def test_how_many_passages_are_shown_is_in_the_address(page: Open) -> None:
    def shown(test: Any) -> int:
        return html(test).count('class="il-card"')

    first = page("search", q="rights")
    assert shown(first) == 10
    more = press(first, "Show more")
    assert more.query_params["limit"] == "20"
    assert shown(more) == len(SENTENCES)
    assert shown(page("search", q="rights", limit="20")) == len(SENTENCES)
    assert {shown(page("search", q="rights", limit=wrong)) for wrong in ("", "-5", "x", "²", "9" * 5000)} == {10}
    more.text_input(key="q").set_value("dignity").run()
    assert "limit" not in more.query_params
    assert shown(more) == 10


@pytest.mark.usefixtures("fill")
def test_each_passage_has_its_score_and_those_of_each_stage_on_demand(page: Open) -> None:
    shown = html(page("search", q="rights"))
    assert shown.count("Score 0.") == shown.count('class="il-card"') > 1
    assert "(dense 0." not in shown
    assert "(dense 0." in html(page("search", q="rights", stages="true"))


@pytest.mark.usefixtures("fill")
def test_a_question_without_a_chat_model_shows_passages_and_how_to_configure_one(page: Open) -> None:
    test = page("ask")
    test.chat_input[0].set_value(SENTENCES["en"]).run()
    assert "INTERLINGUA_CHAT_URL" in html(test)
    assert SENTENCES["en"] in html(test)


@pytest.mark.usefixtures("fill")
def test_an_answer_has_citations_that_open_and_its_text_is_no_markup(
    page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ChatServer([says("All human beings are born free and equal <b>in dignity</b> [1].")]).start()
    monkeypatch.setenv("INTERLINGUA_CHAT_URL", chat.url)
    monkeypatch.setenv("INTERLINGUA_CHAT_MODEL", "tiny")
    test = page("ask")
    test.chat_input[0].set_value("Are all human beings born free and equal?").run()
    chat.stop()
    shown = html(test)
    assert "equal &lt; b&gt;in dignity&lt; /b&gt; [1]" in shown
    assert "<strong>[1]</strong>" in shown
    assert "<b>" not in shown
    press(test, "Begin anew")
    assert "[1]" not in html(test)


@pytest.mark.usefixtures("fill")
@pytest.mark.parametrize("act", [refuses(400, "the model is asleep"), breaks_off("All human ")])
def test_a_question_whose_answer_failed_stays_and_can_be_asked_again(
    act: Act, page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = "Everyone has the right to rest [1]."
    chat = ChatServer([act, says(second), says("All human beings are [1].")]).start()
    monkeypatch.setenv("INTERLINGUA_CHAT_URL", chat.url)
    monkeypatch.setenv("INTERLINGUA_CHAT_MODEL", "tiny")
    test = page("ask")
    test.chat_input[0].set_value("Are all human beings born free and equal?").run()
    assert "That did not work" in html(test)
    test.chat_input[0].set_value("Who has the right to rest?").run()
    assert "born free and equal?" in html(test)
    assert second in html(test)
    assert "That did not work" in html(test)
    press(test, "Try again")
    chat.stop()
    assert html(test).count("born free and equal?") == html(test).count("Who has the right to rest?") == 1
    assert second in html(test)
    assert "human beings are [1]" in html(test)
    assert "That did not work" not in html(test)


def test_a_question_asked_again_by_two_presses_is_there_once() -> None:
    from interlingua.ui.screens.ask import Turn, _ask_again

    first, second = Turn(question="first", begun=True), Turn(question="second", begun=True)
    turns = [first, second]
    for _ in range(2):
        _ask_again(turns, first)
    assert turns[0] is second
    assert [(turn.question, turn.begun) for turn in turns] == [("second", True), ("first", False)]


@pytest.mark.usefixtures("fill")
def test_documents_are_listed_with_the_time_that_they_were_stored(page: Open) -> None:
    listed = page("documents").dataframe[0].value
    assert set(listed["Document"]) == {f"udhr/{tag}" for tag in SENTENCES}
    today = dt.datetime.now(dt.UTC)
    assert {when.partition(",")[0] for when in listed["Updated"]} <= {
        f"{day.month}/{day.day}/{day:%y}" for day in (today, today - dt.timedelta(days=1))
    }


@pytest.mark.usefixtures("fill")
def test_the_corpus_is_counted_by_language_and_script(page: Open) -> None:
    test = page("corpus")
    assert [metric.value for metric in test.metric] == [str(len(SENTENCES))] * 2
    assert set(test.dataframe[0].value["Passages"]) == {1}


@pytest.mark.usefixtures("fill")
def test_settings_say_where_they_came_from_and_keep_secrets(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLINGUA_CHAT_KEY", "swordfish-swordfish")
    test = page("settings")
    table = test.dataframe[0].value.set_index("Setting")
    assert table.loc["embedder", "From"] == "INTERLINGUA_EMBEDDER"
    assert "swordfish" not in table.to_string()
    assert "ngrams" in html(test)


@pytest.mark.parametrize("name", ["search", "ask", "documents", "corpus", "settings"])
@pytest.mark.usefixtures("fill")
def test_every_page_is_there_in_every_language(name: str, page: Open) -> None:
    from interlingua.ui import words

    for language in words.LANGUAGES:
        assert not page(name, ui=language).exception


def test_a_store_that_cannot_be_opened_gives_a_message_and_a_way_to_try_again(
    page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("INTERLINGUA_STORE", str(tmp_path / "file"))
    test = page("search")
    assert 'role="alert"' in html(test)
    (tmp_path / "file").unlink()
    assert "interlingua ingest PATH" in html(press(test, "Try again"))
