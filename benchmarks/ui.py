"""The web interface in Chromium: from its start to the first result, a link opened, a search as its user waits for it.

The first passages come with the page, and are drawn again by Streamlit's code, with what can be done with them: both
are measured.
Beside the start of the interface that of a Streamlit script with one element is measured, which no interface made with
it can be faster than on the same machine.

python -m benchmarks ui     # needs Chromium, and Playwright, which make test installs
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import interlingua

from .corpus import DEMO, queries

SEARCHES = 60
STARTS, LINKS = 5, 10
_OURS = ["-m", "interlingua.app.cli", "ui", "--no-browser", "--store", "index"]
_EMPTY = """import streamlit; streamlit.html('<div class="il-card">A result.</div>')"""


def run(*, searches: int = SEARCHES) -> dict[str, Any]:
    """Milliseconds in the browser, on the demo corpus."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        with interlingua.open(Path(folder) / "index", embedder="bundled") as index:
            report = index.ingest(DEMO / "docs")
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        (Path(folder) / "empty.py").write_text(_EMPTY)
        empty = ["-m", "streamlit", "run", "empty.py", "--server.headless=true", "--server.fileWatcherType=none"]
        first, least = [], []
        for _ in range(STARTS):
            first.append(_first(browser, Path(folder), _OURS))
            least.append(_first(browser, Path(folder), empty))
        with _serving(Path(folder), _OURS) as (url, _):
            times = _searches(browser, url, searches)
            links = [_opened(browser, url, query) for query in queries()[:LINKS]]
        shown, ended = zip(*times, strict=True)
        browser.close()
    return {
        "documents": report.documents,
        "chunks": report.chunks,
        "start_to_server_ready_ms": round(statistics.median(ready for ready, _, _ in first)),
        "start_to_first_result_ms": round(statistics.median(shown for _, shown, _ in first)),
        "start_to_first_result_max_ms": round(max(shown for _, shown, _ in first)),
        "start_to_result_of_streamlit_ms": round(statistics.median(own for _, _, own in first)),
        "empty_page_to_server_ready_ms": round(statistics.median(ready for ready, _, _ in least)),
        "empty_page_shown_ms": round(statistics.median(own for _, _, own in least)),
        "link_to_result_ms": round(statistics.median(shown for shown, _ in links)),
        "link_to_result_of_streamlit_ms": round(statistics.median(own for _, own in links)),
        "searches": len(times),
        "search_p50_ms": round(statistics.median(shown)),
        "search_p90_ms": round(statistics.quantiles(shown, n=10)[-1]),
        "search_max_ms": round(max(shown)),
        "sentences_marked_p50_ms": round(statistics.median(ended)),
        "sentences_marked_p90_ms": round(statistics.quantiles(ended, n=10)[-1]),
    }


@contextlib.contextmanager
def _serving(folder: Path, arguments: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Python with these arguments in a process of its own, listening; its address, and when it was started.

    It keeps what it compiles, as Python does unless it is told otherwise; an installed package is compiled already.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    port_option = "--port" if "ui" in arguments else "--server.port"
    command = [sys.executable, *arguments, f"{port_option}={port}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}", started
    finally:
        process.terminate()
        process.wait(60)


def _first(browser: Any, folder: Path, arguments: Sequence[str]) -> tuple[float, float, float]:
    """From the start of the process until it listens, and until a browser shows a result, and the one of Streamlit."""
    with _serving(folder, arguments) as (url, started):
        ready = (time.perf_counter() - started) * 1000
        shown, own = _opened(browser, url, queries()[0])
    return ready, ready + shown, ready + own


def _opened(browser: Any, url: str, query: str) -> tuple[float, float]:
    """From when a new tab is asked for until it shows a result, and until it shows the one of Streamlit."""
    started = time.perf_counter()
    page = browser.new_page(locale="en-US")
    page.goto(f"{url}/?q={quote(query)}", wait_until="commit")
    times = []
    for one in (".il-card", "#root .il-card"):
        # Looked at in every frame. A locator's `wait_for` looks every half a second, once a third of one is over.
        page.wait_for_function(f"document.querySelector('{one}')?.getClientRects().length", timeout=60_000)
        times.append((time.perf_counter() - started) * 1000)
    page.close()
    return times[0], times[1]


def _searches(browser: Any, url: str, count: int) -> list[tuple[float, float]]:
    """From Enter until the last passage is shown, and until all is marked, in a tab that has searched before."""
    page = browser.new_page(locale="en-US")
    page.goto(url)
    box = page.get_by_label("Search in any language")
    box.wait_for(timeout=60_000)
    times = []
    for number, query in enumerate(queries()[: count + 5]):
        box.fill(query)
        page.evaluate(_WATCH, query)
        box.press("Enter")
        shown, ended = page.evaluate("window.shown")
        times.append((float(shown), float(ended)))
        if page.locator(".il-card").count() == 0:
            raise RuntimeError(f"search {number} shows nothing")
    page.close()
    return times[5:]  # the first ones load code


_WATCH = """query => {
  const app = document.querySelector('[data-testid=stApp]');
  const box = document.querySelector('input[aria-label="Search in any language"]');
  window.shown = new Promise(done => {
    let pressed = null, ran = false, cards = 0, last = null;
    box.addEventListener('keydown', () => { pressed ??= performance.now() }, { once: true });
    new MutationObserver((_, observer) => {
      const own = document.querySelectorAll(`.il-card[data-query=${JSON.stringify(query)}]`).length;
      if (own > cards) {
        cards = own;
        requestAnimationFrame(() => requestAnimationFrame(() => { last = performance.now() - pressed }));
      }
      const running = app.dataset.testScriptState === 'running';
      ran ||= running && pressed !== null;
      if (ran && !running) {
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => done([last, performance.now() - pressed])));
      }
    }).observe(document.body, { attributes: true, childList: true, subtree: true });
  });
}"""
"""Starts a clock at the next key; the milliseconds, each to the second frame after it, until the last passage of the
query is shown, and until Streamlit's script has run to its end, with the closest sentences marked."""
