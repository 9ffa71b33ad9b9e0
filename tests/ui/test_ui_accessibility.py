"""What axe finds wrong for people who hear the interface, or see it with little contrast."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="needs Playwright, which make test installs")
from playwright.sync_api import expect

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe, which make test installs")

PAGES = {
    "search": ("?q=Recht+auf+Bildung", ".il-card"),
    "search-mirrored": ("?q=Recht+auf+Bildung&ui=ar", ".il-card"),
    "ask": ("ask", "[data-testid=stChatInput]"),
    "documents": ("documents", "[data-testid=stDataFrame]"),
    "corpus": ("corpus", "[data-testid=stSlider]"),
    "settings": ("settings", "[data-testid=stDataFrame]"),
}


@pytest.fixture(scope="module")
def url(serve: Callable[..., str], corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    store = tmp_path_factory.mktemp("store") / "index"
    shutil.copytree(corpus, store)
    return serve(store=store)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_serious_stands_in_anybodys_way(name: str, scheme: str, url: str, tab: Callable[..., Any]) -> None:
    path, shown = PAGES[name]
    page = tab(f"{url}/{path}", color_scheme=scheme)
    expect(page.locator(shown).first).to_be_visible(timeout=60_000)
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (rule["id"], node["html"][:200])
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert serious == []
