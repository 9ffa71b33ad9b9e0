"""The interface over an index on a server, with the keys of that server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("playwright", reason="needs Playwright, which make test installs")
from interlingua.app.access.keys import new
from playwright.sync_api import Page, expect
from server_process import Process

expect.set_options(timeout=60_000)


@pytest.fixture
def server(corpus: Path, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A server with keys; its address, and the keys by name."""
    keys, lines = {}, []
    for name, scopes in (("reader", ["read"]), ("writer", ["read", "write"])):
        keys[name], table = new(name, scopes, None, "")
        lines.append(table)
    (tmp_path / "keys.toml").write_text("\n".join(lines))
    shutil.copytree(corpus, tmp_path / "index")
    process = Process(tmp_path, {"keys": "keys.toml", "embedder": "bundled"})
    _ = process.client
    yield process.url, keys
    process.kill()


def sign_in(page: Page, key: str) -> None:
    field = page.get_by_label("API key")
    field.fill(key)
    field.press("Enter")


def test_each_key_sees_and_may_do_what_is_its_own(
    server: tuple[str, dict[str, str]], serve: Callable[..., str], tab: Callable[..., Any], tmp_path: Path
) -> None:
    address, keys = server
    url = serve(ui_url=address)
    page = tab(f"{url}/?q=right+to+education&lang=de")
    sign_in(page, keys["reader"])
    expect(page.locator(".il-near[lang=de] mark").first).to_be_visible()
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_text("Your key may read")).to_be_visible()
    expect(page.locator("input[type=file]")).to_have_count(0)
    page.get_by_role("link", name="Corpus").click()
    expect(page.get_by_text("Languages", exact=True)).to_be_visible()

    page = tab(f"{url}/documents")
    sign_in(page, keys["writer"])
    expect(page.get_by_role("region", name="Files to add")).to_be_visible()
    expect(page.get_by_role("textbox", name="Addresses of web pages")).to_have_count(0)  # off on this server
    (tmp_path / "ferry.txt").write_text("Die Fähre nach Föhr verkehrt sonntags nicht.")
    page.locator("input[type=file]").set_input_files(str(tmp_path / "ferry.txt"))
    expect(page.get_by_role("button", name="Remove ferry.txt")).to_be_visible()
    page.get_by_role("button", name="Add to the index").click()
    expect(page.get_by_text("Added: 1")).to_be_visible()
    page.get_by_role("link", name="Search").click()
    box = page.get_by_label("Search in any language")
    box.fill("When does the ferry run?")
    box.press("Enter")
    expect(page.locator(".il-card").first).to_contain_text("Die Fähre nach Föhr")


def test_passages_come_with_the_page_where_the_interface_has_a_key(
    server: tuple[str, dict[str, str]], serve: Callable[..., str]
) -> None:
    address, keys = server
    for key, shown in ((keys["reader"], True), ("", False)):
        url = serve(ui_url=address, **({"server_key": key} if key else {}))
        page = httpx.get(f"{url}/?q=right+to+education&lang=de", trust_env=False, timeout=60).text
        assert ('class="il-passage il-near" dir="ltr" lang="de"' in page) == shown
