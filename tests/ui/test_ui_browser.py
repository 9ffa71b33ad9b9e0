"""The interface as people see it: in Chromium."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

pytest.importorskip("playwright", reason="needs Playwright, which make test installs")
from chat_server import ChatServer, says
from playwright.sync_api import Page, expect
from sites import site as running

expect.set_options(timeout=60_000)

Tab = Callable[..., Page]
Serve = Callable[..., str]

QUERIES = {
    "ar": "حق التعليم",
    "de": "Recht auf Bildung",
    "hi": "शिक्षा का अधिकार",
    "ja": "教育を受ける権利",
    "ru": "право на образование",
    "th": "สิทธิในการศึกษา",
}
HOSTILE = "<img src=x onerror=alert(1)>.txt"
CONTENTS = (
    "<script>alert(2)</script> **bold** [link](javascript:alert(3)) :red[colour] $x^2$ \u202egnihtemos\u202c "
    "The hostile file speaks of zeppelins and their hangars."
)


@pytest.fixture(scope="module")
def url(serve: Serve, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    store = tmp_path_factory.mktemp("store") / "index"
    shutil.copytree(corpus, store)
    return serve(store=store)


def search(page: Page, query: str) -> None:
    box = page.get_by_label("Search in any language")
    box.fill(query)
    box.press("Enter")
    expect(page.locator(f".il-card[data-query={json.dumps(query, ensure_ascii=False)}]").first).to_be_visible()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["q"] == [query]


def settled(page: Page) -> None:
    """Cards come one by one, and the sentences in them after that: wait until the page's run has ended."""
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    # The last to come is a passage with its sentence marked, in the place of the one without: each has its buttons,
    # which appear in any order.
    places = page.locator("[class*=st-key-context-]").count()
    expect(page.locator("[class*=st-key-context-] button:visible")).to_have_count(places)
    expect(page.locator(".il-card")).to_have_count(places)


@pytest.mark.parametrize("tag", QUERIES)
def test_a_search_in_every_script_finds_passages_of_many_languages(tag: str, url: str, tab: Tab) -> None:
    page = tab(url)
    search(page, QUERIES[tag])
    expect(page.locator(f".il-passage[lang={tag}]").first).to_be_visible()
    assert len({card.get_attribute("lang") for card in page.locator(".il-passage").all()}) >= 3


def test_arabic_runs_from_the_right_and_german_beside_it_from_the_left(url: str, tab: Tab) -> None:
    page = tab(f"{url}/?q={quote('Recht auf Bildung')}&lang=ar&lang=de")
    sides = {}
    for tag in ("ar", "de"):
        passage = page.locator(f".il-passage[lang={tag}]").first
        expect(passage).to_be_visible()
        settled(page)
        sides[tag] = passage.evaluate(
            """node => { const range = document.createRange(); range.selectNodeContents(node);
            const last = [...range.getClientRects()].at(-1), box = node.getBoundingClientRect();
            return [getComputedStyle(node).direction, box.right - last.right, last.left - box.left] }"""
        )
    direction, right, left = sides["ar"]
    assert direction == "rtl"
    assert right < 2 < left  # its last line, which is not full, touches the right edge
    direction, right, left = sides["de"]
    assert direction == "ltr"
    assert left < 2 < right


def test_a_language_filter_keeps_the_others_out(url: str, tab: Tab) -> None:
    page = tab(url)
    search(page, QUERIES["de"])
    page.get_by_label("Only these languages").click()
    # One in sight: the list drops a press that comes right after it was scrolled.
    page.get_by_role("option", name=re.compile("^Hebrew")).click()
    page.wait_for_url(re.compile(r"[?&]lang=he"))
    expect(page.locator(".il-passage:not([lang=he])")).to_have_count(0)
    expect(page.locator(".il-passage[lang=he]").first).to_be_visible()


def test_a_passage_is_shown_in_its_document(url: str, tab: Tab) -> None:
    page = tab(f"{url}/?q={quote(QUERIES['de'])}&lang=de")
    expect(page.locator(".il-card").first).to_be_visible()
    settled(page)
    found = page.locator(".il-passage").first.inner_text()
    page.get_by_role("button", name="Show in context").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("mark").first).to_be_visible()
    assert "".join(found.split())[:60] in "".join(dialog.locator("mark").first.inner_text().split())
    assert dialog.locator(".il-context").count() > 5
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_more_like_a_passage_are_passages_of_other_documents(url: str, tab: Tab) -> None:
    page = tab(f"{url}/?q={quote(QUERIES['de'])}&lang=de")
    page.get_by_role("button", name="More like this").first.click()
    expect(page.get_by_role("heading", name="More like this passage")).to_be_visible()
    expect(page.locator(".il-passage:not([lang=de])").first).to_be_visible()
    page.get_by_role("button", name="Back to the search").click()
    expect(page.get_by_role("heading", name="More like this passage")).to_be_hidden()
    expect(page.get_by_label("Search in any language")).to_have_value(QUERIES["de"])


def test_languages_stand_side_by_side(url: str, tab: Tab) -> None:
    page = tab(f"{url}/?q={quote(QUERIES['ru'])}&lang=ru&lang=th&side=true")
    first, second = (page.locator(f".il-passage[lang={tag}]").first for tag in ("ru", "th"))
    expect(second).to_be_visible()
    settled(page)
    one, other = first.bounding_box(), second.bounding_box()
    assert one is not None
    assert other is not None
    assert one["x"] + one["width"] <= other["x"]


def test_a_link_opens_the_same_results_in_another_browser(url: str, tab: Tab) -> None:
    page = tab(url)
    search(page, QUERIES["th"])
    titles = page.locator(".il-card").all_inner_texts()
    other = tab(page.url)
    expect(other.locator(".il-card")).to_have_count(len(titles))
    settled(other)
    assert other.locator(".il-card").all_inner_texts() == titles


def test_two_tabs_share_the_index(url: str, tab: Tab) -> None:
    one, other = tab(url), tab(url)
    search(one, QUERIES["ja"])
    search(other, QUERIES["ar"])
    expect(one.locator(".il-passage[lang=ja]").first).to_be_visible()


def test_uploads_are_found_by_a_search_in_another_language(url: str, tab: Tab, tmp_path: Path) -> None:
    _pdf(tmp_path / "train.pdf", "The train to Berlin leaves at nine o'clock. Tickets are sold at the station.")
    _docx(tmp_path / "doctor.docx", "Le médecin recommande de boire beaucoup d'eau pendant la maladie.")
    page = tab(f"{url}/documents")
    _upload(page, tmp_path / "train.pdf", tmp_path / "doctor.docx")
    expect(page.get_by_text("Added: 2")).to_be_visible()
    page.goto(url)
    search(page, "Wann fährt der Zug nach Berlin?")
    expect(page.locator(".il-card").first).to_contain_text("Tickets are sold")
    search(page, "Was empfiehlt der Arzt bei Krankheit?")
    expect(page.locator(".il-card").first).to_contain_text("Le médecin recommande")


def test_a_hostile_file_is_shown_as_text_and_runs_nothing(url: str, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / HOSTILE).write_text(CONTENTS)
    page = tab(f"{url}/documents")
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    _upload(page, tmp_path / HOSTILE)
    expect(page.get_by_text("Added: 1")).to_be_visible()
    page.goto(url)
    search(page, "zeppelins and their hangars")
    card = page.locator(".il-card", has_text="zeppelins").first
    expect(card).to_contain_text(HOSTILE)
    expect(card).to_contain_text("<script>alert(2)</script> **bold** [link](javascript:alert(3)) :red[colour] $x^2$")
    assert card.locator("img, script, a").count() == 0
    assert "\u202e" not in card.inner_text()
    page.get_by_role("button", name="Show in context").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("<script>")
    assert alerts == []


def test_the_closest_sentence_is_marked_in_other_languages(url: str, tab: Tab) -> None:
    page = tab(f"{url}/?q=right+to+education&lang=ja")
    passage = page.locator(".il-near[lang=ja]", has_text="第26条")
    mark = passage.locator("mark")
    expect(mark).to_contain_text("教育")
    assert len(mark.inner_text()) < len(passage.inner_text()) / 2


def test_a_document_is_deleted_once_that_is_confirmed(serve: Serve, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "unwanted.txt").write_text("Marmalade sandwiches are for bears from Peru.")
    page = tab(f"{serve(store=tmp_path / 'index')}/documents")
    _upload(page, tmp_path / "unwanted.txt")
    expect(page.get_by_text("Added: 1")).to_be_visible()
    settled(page)
    page.locator(".stDataFrameGlideDataEditor").last.click(position={"x": 18, "y": 35 + 17})  # its only row
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("uploads/unwanted.txt")
    dialog.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Deleted. Passages removed: 1")).to_be_visible()
    expect(page.get_by_text("The index is empty.")).to_be_visible()


def test_pages_are_added_by_their_addresses(serve: Serve, tab: Tab, tmp_path: Path) -> None:
    with running() as site:
        site.page("/fähre", "Die Fähre nach Föhr verkehrt sonntags nicht.")
        page = tab(f"{serve(store=tmp_path / 'index', web_hosts=json.dumps([site.host]))}/documents")
        page.get_by_role("textbox", name="Addresses of web pages").fill(f"{site.url}/f%C3%A4hre\nhttp://10.0.0.1/")
        page.get_by_role("button", name="Add to the index").click()
        expect(page.get_by_text("Added: 1 · replaced: 0 · unchanged: 0 · skipped: 1")).to_be_visible()
    page.goto(page.url.removesuffix("documents"))
    search(page, "When does the ferry run?")
    expect(page.locator(".il-card").first).to_contain_text("Die Fähre nach Föhr")


def test_a_skipped_file_says_why(url: str, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    page = tab(f"{url}/documents")
    _upload(page, tmp_path / "broken.pdf")
    expect(page.get_by_text("skipped: 1")).to_be_visible()


@pytest.mark.parametrize(("locale", "word", "direction"), [("de-DE", "Suche", "ltr"), ("ar-EG", "بحث", "rtl")])
def test_the_interface_speaks_the_language_of_the_browser(
    locale: str, word: str, direction: str, url: str, tab: Tab
) -> None:
    page = tab(f"{url}/?q={quote(QUERIES['de'])}", locale=locale)
    expect(page.get_by_role("link", name=word).first).to_be_visible()
    expect(page.locator(".stApp")).to_have_css("direction", direction)
    expect(page.locator("html")).to_have_attribute("lang", locale[:2])
    expect(page.get_by_test_id("stIconMaterial").first).to_have_css("font-family", re.compile("Material Symbols"))
    side = "right" if direction == "rtl" else "left"
    expect(page.get_by_test_id("stCaptionContainer").first).to_have_css("text-align", side)
    page.get_by_role("combobox").first.click()
    expect(page.get_by_role("option").first).to_have_css("direction", direction)


def test_another_language_is_chosen_and_the_page_says_so(url: str, tab: Tab) -> None:
    page = tab(f"{url}/?ui=he")
    expect(page.locator("html")).to_have_attribute("lang", "he")
    page.get_by_test_id("stSidebar").get_by_role("combobox").click()
    page.get_by_role("option", name="English").click()
    expect(page.get_by_role("link", name="Search").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".stApp")).to_have_css("direction", "ltr")


def test_an_answer_that_another_question_interrupts_is_kept_and_can_be_asked_for_again(
    serve: Serve, corpus: Path, tab: Tab, tmp_path: Path
) -> None:
    shutil.copytree(corpus, tmp_path / "index")
    # What a model writes is shown once it has cited a passage and written enough to tell its language.
    sentence = "Everyone has the right to an education that costs nothing [1]. "
    chat = ChatServer([says(sentence, *["And more. "] * 300, wait=0.1), says(sentence)]).start()
    page = tab(f"{serve(store=tmp_path / 'index', chat_url=chat.url, chat_model='tiny')}/ask")
    box, answers = page.get_by_test_id("stChatInputTextArea"), page.locator(".il-answer")
    box.fill("What is the right to education?")
    box.press("Enter")
    expect(answers).to_contain_text("And more")
    box.fill("What is the right to work?")
    box.press("Enter")
    expect(page.get_by_text("This answer was interrupted")).to_be_visible()
    expect(answers.first).to_contain_text("And more")
    expect(answers.last).not_to_contain_text("And more")
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    # By the keyboard: the page rolls to its end, away from under a mouse that is pressed and not yet let go.
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.get_by_text("This answer was interrupted")).to_be_hidden()
    expect(answers).to_have_text([sentence.strip()] * 2)
    expect(page.get_by_test_id("stChatMessage").nth(2)).to_contain_text("right to education")
    chat.stop()


def test_the_keyboard_is_enough_for_a_search(url: str, tab: Tab) -> None:
    page = tab(url)
    expect(page.get_by_label("Search in any language")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Search in any language":
            break
    page.keyboard.type("education")
    page.keyboard.press("Enter")
    expect(page.locator(".il-card").first).to_be_visible()


def test_a_dead_server_gives_a_message_and_a_way_to_try_again(serve: Serve, tab: Tab) -> None:
    page = tab(serve(ui_url="http://127.0.0.1:9"))
    expect(page.get_by_role("alert")).to_contain_text("127.0.0.1:9")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_an_index_that_another_process_holds_gives_a_message_until_it_is_free(
    serve: Serve, tab: Tab, corpus: Path, tmp_path: Path
) -> None:
    import interlingua

    shutil.copytree(corpus, tmp_path / "index")
    with interlingua.open(tmp_path / "index"):
        page = tab(serve(store=tmp_path / "index"))
        expect(page.get_by_role("alert")).to_contain_text("is in use by process")
    page.get_by_role("button", name="Try again").click()
    search(page, QUERIES["ar"])


def test_with_keys_nothing_is_shown_before_a_key_is_given(serve: Serve, tab: Tab, corpus: Path, tmp_path: Path) -> None:
    from interlingua.app.access.keys import new

    key, lines = new("reader", ["read"], None, "")
    (tmp_path / "keys.toml").write_text(lines)
    shutil.copytree(corpus, tmp_path / "index")
    page = tab(serve(store=tmp_path / "index", keys=tmp_path / "keys.toml", host="0.0.0.0"))
    field = page.get_by_label("API key")
    field.fill("il_wrong")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not known")
    field.fill(key)
    field.press("Enter")
    search(page, QUERIES["ru"])
    page.get_by_role("button", name="More filters").click()
    expect(page.get_by_label("Metadata")).to_be_visible()
    assert key not in page.url
    assert key not in page.content()
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_text("Your key may read")).to_be_visible()
    expect(page.get_by_text("Files to add")).to_be_hidden()


def test_the_first_visit_to_a_server_may_be_any_page(serve: Serve, tab: Tab, corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "index")
    page = tab(f"{serve(store=tmp_path / 'index')}/documents")
    expect(page.get_by_role("region", name="Files to add")).to_be_visible()
    expect(page.get_by_role("link", name="Search")).to_be_visible()


def test_it_does_not_open_itself_to_a_network_without_keys(serve: Serve, tab: Tab, corpus: Path) -> None:
    page = tab(serve(store=corpus, host="0.0.0.0"))
    expect(page.get_by_role("alert")).to_contain_text("open to everyone")
    expect(page.get_by_label("Search in any language")).to_be_hidden()


def _upload(page: Page, *paths: Path) -> None:
    page.locator("input[type=file]").set_input_files([str(path) for path in paths])
    for path in paths:
        expect(page.get_by_role("button", name=f"Remove {path.name}")).to_be_visible()
    page.get_by_role("button", name="Add to the index").click()


def _pdf(path: Path, text: str) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas: Any = Canvas(str(path))
    canvas.drawString(72, 720, text)
    canvas.save()


def _docx(path: Path, text: str) -> None:
    import docx

    document = docx.Document()
    document.add_paragraph(text)
    document.save(str(path))
