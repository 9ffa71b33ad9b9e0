"""A page in a real browser, on a Streamlit server of its own; skipped where there is no Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import interlingua
import pytest
from listening import free_port

TESTS = Path(__file__).parent.parent
DOCS = Path(interlingua.__file__).parent / "examples" / "demo" / "docs"
TAGS = ("ar", "de", "en", "hi", "ja", "ru", "th", "he")
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
REQUIRED = bool(os.environ.get("INTERLINGUA_TEST_BROWSER"))
PATIENCE = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser is skipped without one, unless it is required, as in `.ci/run`."""
    if CHROMIUM is None and not REQUIRED:
        skip = pytest.mark.skip(reason="needs Chromium: apt-get install chromium fonts-noto-core fonts-noto-cjk")
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(skip)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Of one module, since Playwright's event loop runs in this thread for as long: `asyncio.run` fails meanwhile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Universal Declaration of Human Rights in eight languages, ingested once."""
    folder = tmp_path_factory.mktemp("corpus")
    for path in (path for tag in TAGS for path in sorted((DOCS / tag).glob("udhr.*"))):
        (folder / "docs").mkdir(exist_ok=True)
        shutil.copy(path, folder / "docs" / f"{path.parent.name}{path.suffix}")
    with interlingua.open(folder / "index", embedder="bundled") as index:
        index.ingest(folder / "docs")
    return folder / "index"


Serve = Callable[..., str]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start the interface with some settings, and Streamlit's secrets with {url} for its own address; its address."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*, host: str = "127.0.0.1", secrets: str = "", **settings: object) -> str:
        folder = tmp_path_factory.mktemp("ui")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        if secrets:
            (folder / ".streamlit").mkdir()
            (folder / ".streamlit" / "secrets.toml").write_text(secrets.format(url=url))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")}
        environment |= {f"INTERLINGUA_{name.upper()}": str(value) for name, value in settings.items()}
        environment["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(TESTS)])
        command = [sys.executable, "-m", "interlingua.app.cli", "ui", "--no-browser"]
        command += ["--port", str(port), "--host", host]
        with (folder / "log").open("wb") as log:
            started.append(subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                if httpx.get(f"{url}/_stcore/health", trust_env=False).status_code == 200:
                    return url
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError((folder / "log").read_text())

    yield start
    for process in started:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture
def tab(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page in a browser of its own, or what comes before it; an exception that no script catches is an error."""
    contexts = []
    errors: list[str] = []

    def open_(url: str, *, locale: str = "en-US", width: int = 1280, preview: bool = False, **options: Any) -> Any:
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if preview:  # and no more: Streamlit hears nothing from its server
            page.route_web_socket("**", lambda _: None)
        page.goto(url)
        if not preview:
            page.locator("#il-preview").wait_for(state="detached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []
