"""Take the pictures of docs/ui.md: `python docs/ui_pictures.py [STORE]`, after `make demo`.

STORE is an index of the demo corpus, `.interlingua-demo` without it. Needs Chromium, the Noto fonts and Playwright.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent / "ui"
PORT = 8513
WIDE, NARROW = 1280, 390

PICTURES: dict[str, tuple[str, dict[str, object], int, str]] = {
    "search-ar": ("", {"q": "حق التعليم", "lang": ["ar", "de", "ja"]}, WIDE, "light"),
    "search-ja": ("", {"q": "教育を受ける権利", "ui": "ja"}, WIDE, "light"),
    "side-by-side-dark": (
        "",
        {"q": "Recht auf Bildung", "side": "true", "lang": ["ar", "hi", "ja"], "ui": "ar"},
        WIDE,
        "dark",
    ),
    "corpus": ("corpus", {"map": "true"}, WIDE, "light"),
    "documents": ("documents", {}, WIDE, "light"),
    "search-narrow-dark": ("", {"q": "חינוך", "ui": "he"}, NARROW, "dark"),
}
"""By name: page, what its address says, width, colours."""


def main() -> None:
    """Start the interface, and take each picture."""
    FOLDER.mkdir(exist_ok=True)
    store = sys.argv[1] if len(sys.argv) > 1 else ".interlingua-demo"
    command = [sys.executable, "-m", "interlingua.app.cli", "ui", "--no-browser", "--port", str(PORT)]
    process = subprocess.Popen([*command, "--store", store], stdout=subprocess.DEVNULL)
    try:
        with sync_playwright() as playwright:
            _until_it_listens()
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
            for name in PICTURES:
                _take(browser, name)
            browser.close()
    finally:
        process.terminate()
        process.wait(30)


def _until_it_listens() -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), 1):
            return
        time.sleep(0.1)
    raise SystemExit("The interface does not start: run interlingua ui to see why.")


def _take(browser: Browser, name: str) -> None:
    page_name, address, width, colours = PICTURES[name]
    page = browser.new_page(
        viewport={"width": width, "height": 860 if width == WIDE else 780},
        color_scheme="dark" if colours == "dark" else "light",
        locale="en-US",
    )
    page.goto(f"http://127.0.0.1:{PORT}/{page_name}?{urlencode(address, doseq=True)}")
    idle = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    page.wait_for_function(
        f"{idle} && document.querySelector('.il-card, [data-testid=stDataFrame], canvas')", timeout=90_000
    )
    page.wait_for_timeout(1500)  # fonts and charts
    if name == "corpus":
        page.get_by_role("heading", name="Map of the corpus").evaluate("heading => heading.scrollIntoView()")
        page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"{name}.png")
    page.close()


main()
