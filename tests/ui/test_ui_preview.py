"""The passages that an address asks for, in the page before Streamlit has drawn anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import streamlit as st

pytest.importorskip("playwright", reason="needs Playwright, which make test installs")
from interlingua.app.access.keys import new
from interlingua.ui.preview import without_waiting

PAGE = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
QUERY = "Recht auf Bildung"
AT = f"/?q={quote(QUERY)}"
Tab = Callable[..., Any]
Serve = Callable[..., str]


@pytest.fixture(scope="module")
def url(serve: Serve, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    store = tmp_path_factory.mktemp("store") / "index"
    shutil.copytree(corpus, store)
    return serve(store=store)


def fetched(url: str, **options: Any) -> str:
    answer = httpx.get(url, trust_env=False, timeout=60, **options)
    assert answer.status_code == 200
    assert '<div id="root">' in answer.text
    return answer.text


def places(page: Any, within: str) -> list[list[int]]:
    """Where the first passages are, in pixels."""
    boxes = [card.bounding_box() for card in page.locator(f"{within} .il-card").all()[:3]]
    return [[round(box[side]) for side in ("x", "y", "width", "height")] for box in boxes]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_it_shows_the_passages_that_the_page_shows_and_where(width: int, language: str, url: str, tab: Tab) -> None:
    address = f"{url}{AT}&ui={language}"
    before, after = tab(address, preview=True, width=width), tab(address, width=width)
    after.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    foot = ".il-card .il-foot"
    shown = before.locator(f"#il-preview {foot}").all_text_contents()
    assert len(shown) == 10
    assert shown == after.locator(f"#root {foot}").all_text_contents()
    theirs = places(after, "#root")
    for ours, own in zip(places(before, "#il-preview"), theirs, strict=True):
        assert max(abs(a - b) for a, b in zip(ours, own, strict=True)) <= 2
    assert before.locator("#root .il-card").count() == after.locator("#il-preview").count() == 0


def test_each_passage_has_its_direction_and_the_chosen_languages_are_kept(url: str, tab: Tab) -> None:
    page = tab(f"{url}{AT}&lang=ar&lang=de&lang=xx", preview=True)
    passages = page.locator("#il-preview .il-passage")
    assert {passage.get_attribute("lang") for passage in passages.all()} == {"ar", "de"}
    for language, direction in (("ar", "rtl"), ("de", "ltr")):
        one = page.locator(f"#il-preview .il-passage[lang={language}]").first
        assert one.evaluate("node => getComputedStyle(node).direction") == direction


@pytest.mark.parametrize(("scheme", "colour"), [("light", "rgb(251, 250, 247)"), ("dark", "rgb(18, 23, 30)")])
def test_it_has_the_colours_of_the_page(scheme: str, colour: str, url: str, tab: Tab) -> None:
    colours = []
    for preview in (True, False):
        page = tab(f"{url}{AT}", preview=preview, color_scheme=scheme)
        shown = page.locator("#il-preview" if preview else ".stApp")
        assert shown.evaluate("node => getComputedStyle(node).backgroundColor") == colour
        badge = page.locator("#il-preview .il-badge" if preview else "#root .il-badge").first
        colours.append(badge.evaluate("node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"))
    assert colours[0] == colours[1]


def test_a_question_is_shown_as_it_was_typed(url: str, tab: Tab) -> None:
    query = '</div><script>alert(1)</script><img src=x onerror="alert(2)"> education'
    page = tab(f"{url}/?q={quote(query)}", preview=True)
    assert page.locator(".il-preview-box").inner_text() == query
    assert (page.locator("#il-preview script").count(), page.locator("#il-preview img").count()) == (1, 0)


LATE = """html => {
  const preview = html.slice(html.indexOf('<div id="il-preview"'), html.lastIndexOf('</body>'));
  document.body.append(document.createRange().createContextualFragment(preview));
}"""
"""What the parser does when the passages come late."""


def test_passages_that_come_late_do_not_cover_what_is_there(url: str, tab: Tab) -> None:
    page, preview = tab(f"{url}{AT}"), fetched(f"{url}{AT}")
    page.locator("#root .il-card").nth(9).wait_for()
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 500")
    page.evaluate(LATE, preview)
    assert page.locator("#il-preview").count() == 0
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 500
    page.get_by_role("link", name="Documents").click()
    page.get_by_role("region", name="Files to add").wait_for()
    page.evaluate(LATE, preview)
    assert page.locator("#il-preview").count() == 0


def test_who_goes_on_before_streamlit_has_drawn_is_not_held_up(url: str, tab: Tab) -> None:
    page = tab(f"{url}{AT}", preview=True)
    assert page.locator("#il-preview").count() == 1
    page.evaluate("history.pushState(null, '', '/documents'); document.body.append(document.createElement('p'))")
    page.locator("#il-preview").wait_for(state="detached")


def test_keys_scroll_it(url: str, tab: Tab) -> None:
    page = tab(f"{url}{AT}", preview=True)
    page.keyboard.press("PageDown")
    page.wait_for_function("document.querySelector('#il-preview').scrollTop > 100")


def test_the_language_of_the_browser_is_that_of_the_words(url: str) -> None:
    for german in ("de-AT,en;q=0.5", "de;q=0.9"):
        assert "Treffer: 10" in fetched(f"{url}{AT}", headers={"accept-language": german})
    assert "Results: 10" in fetched(f"{url}{AT}&ui=en", headers={"accept-language": "de-AT,en;q=0.5"})


@pytest.mark.parametrize("more", ["&side=true", "&group=true", "&like=1:x", "&source=files", "&embed=true"])
def test_what_is_laid_out_in_another_way_is_left_to_streamlit(more: str, url: str) -> None:
    assert "il-card" in fetched(f"{url}{AT}")
    assert fetched(f"{url}{AT}{more}") == fetched(url) == fetched(f"{url}/?q=%20")


@pytest.mark.parametrize("host", ["rebound.example:8501", "a{b.example", "a`b.example", "[::1", "x.example:99999", ""])
def test_a_site_that_gives_itself_an_address_of_this_machine_learns_nothing(host: str, url: str) -> None:
    """DNS rebinding: its pages would be of the same origin, and could read what they fetch."""
    assert fetched(f"{url}{AT}", headers={"host": host}) == fetched(url)


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501"])
def test_this_machine_has_several_names(host: str, url: str) -> None:
    assert "il-card" in fetched(f"{url}{AT}", headers={"host": host})


@pytest.mark.parametrize(("what", "searches"), [("document", True), ("image", False), ("iframe", False)])
def test_what_another_site_embeds_searches_nothing(what: str, searches: bool, url: str) -> None:
    assert ("il-card" in fetched(f"{url}{AT}", headers={"sec-fetch-dest": what})) == searches


def test_who_must_sign_in_sees_no_passages_before(
    serve: Serve, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    shutil.copytree(corpus, folder / "index")
    (folder / "keys.toml").write_text(new("somebody", ["read"], None, "")[1], encoding="utf-8")
    url = serve(store=folder / "index", keys=folder / "keys.toml")
    assert fetched(f"{url}{AT}") == fetched(url)


OPEN_TO_OTHERS: dict[str, Any] = {"host": "0.0.0.0"}
WITH_PROVIDER: dict[str, Any] = {
    "secrets": """
[auth]
redirect_uri = "{url}/oauth2callback"
cookie_secret = "secret"
client_id = "id"
client_secret = "secret"
server_metadata_url = "http://127.0.0.1:9/"
"""
}


@pytest.mark.parametrize("options", [OPEN_TO_OTHERS, WITH_PROVIDER], ids=["open to others", "with a provider"])
def test_what_the_page_does_not_show_to_everybody_is_not_shown_before(
    options: dict[str, Any], serve: Serve, corpus: Path, tmp_path: Path
) -> None:
    shutil.copytree(corpus, tmp_path / "index")
    url = serve(store=tmp_path / "index", **options)
    assert fetched(f"{url}{AT}") == fetched(url)


def test_what_is_wrong_with_the_index_is_left_for_the_page_to_say(serve: Serve, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    url = serve(store=tmp_path / "index")
    assert fetched(f"{url}{AT}") == fetched(url)
    tab(f"{url}{AT}").get_by_role("alert").wait_for()


def test_streamlits_code_does_not_wait_for_the_passages() -> None:
    ours = without_waiting(PAGE)
    (script,) = re.findall(r'<script type="module"[^>]*></script>', ours)
    assert " async " in script
    assert ours.index('<div id="root"></div>') < ours.index(script) < ours.index("</body>")
    assert script.replace(" async", "") in PAGE


@pytest.mark.parametrize("page", [PAGE.replace('id="root"', 'id="app"'), PAGE.replace('type="module"', "defer")])
def test_a_page_of_another_streamlit_is_left_as_it_is(page: str) -> None:
    assert without_waiting(page) == page
