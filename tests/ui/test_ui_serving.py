"""How the pages are served: Streamlit's own files, and what is done at the start."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import interlingua
import pytest
import streamlit as st
from interlingua import Document
from interlingua.app.settings import load
from interlingua.ui.model import MODEL, begin
from interlingua.ui.serving import MIDDLEWARE
from interlingua.ui.session import Shared
from listening import free_port
from processes import gone, model_processes
from starlette.applications import Starlette
from starlette.middleware import Middleware
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_assets_routes
from support import NgramEmbedder

STATIC = Path(st.__file__).parent / "static" / "static"


def answer(method: str, path: str, middleware: tuple[Middleware, ...]) -> httpx.Response:
    app = Starlette(routes=create_streamlit_static_assets_routes(None), middleware=list(middleware))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path)

    return asyncio.run(ask())


@pytest.mark.parametrize("suffix", ["js", "css", "woff2"])
def test_streamlits_own_files_are_the_same_as_from_streamlit(suffix: str) -> None:
    path = min(STATIC.rglob(f"*.{suffix}"))
    theirs = answer("GET", f"/static/{path.relative_to(STATIC).as_posix()}", ())
    ours = answer("GET", f"/static/{path.relative_to(STATIC).as_posix()}", MIDDLEWARE)
    assert theirs.status_code == ours.status_code == 200
    assert ours.content == theirs.content == path.read_bytes()
    assert ours.headers["cache-control"] == theirs.headers["cache-control"]
    assert (
        ours.headers["content-type"].split(";")[0].split("/")[1]
        == theirs.headers["content-type"].split(";")[0].split("/")[1]
    )
    assert "etag" in theirs.headers
    assert "etag" not in ours.headers  # it was the middleware that answered


def test_the_page_loads_the_code_of_a_passage_before_there_is_one() -> None:
    theirs, ours = answer("GET", "/", ()), answer("GET", "/", MIDDLEWARE)
    (module,) = re.findall(r'import\("\./static/(js/Html\.[^"]+)"\)', ours.text)
    assert (STATIC / module).is_file()
    without = re.sub('<script type="module" async>import.*?</script>', "", ours.text)
    assert sorted(re.findall("<[^>]+>", without.replace(" async", ""))) == sorted(re.findall("<[^>]+>", theirs.text))
    assert ours.headers["cache-control"] == theirs.headers["cache-control"] == "no-cache"
    assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_below_another_path_the_page_is_left_to_streamlit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", {"server.baseUrlPath": "docs"}.get)
    theirs, ours = answer("GET", "/", ()), answer("GET", "/", MIDDLEWARE)
    assert (ours.status_code, ours.text) == (theirs.status_code, theirs.text)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/"),
        ("GET", "/static/js/none.js"),
        ("GET", "/ask"),
        ("GET", "/static/%2e%2e/index.html"),
        ("HEAD", "/favicon.png"),
    ],
)
def test_everything_else_is_left_to_streamlit(method: str, path: str) -> None:
    theirs, ours = answer(method, path, ()), answer(method, path, MIDDLEWARE)
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
    assert dict(ours.headers) == dict(theirs.headers)


def test_streamlit_does_not_look_for_components_in_all_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.components.v2 import component_manager, manifest_scanner

    scans: list[object] = []
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", lambda: scans.append(1) or [])
    component_manager.BidiComponentManager().discover_and_register_components()
    assert scans == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_a_browser_and_ends_with_all_that_it_has_started(
    how: signal.Signals, corpus: Path, tmp_path: Path
) -> None:
    shutil.copytree(corpus, tmp_path / "index")
    opened = tmp_path / "opened"
    fake = tmp_path / "xdg-open"
    fake.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    fake.chmod(0o755)
    port = free_port()
    command = [sys.executable, "-m", "interlingua.app.cli", "ui", "--port", str(port), "--store", "index"]
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        until = time.monotonic() + 60
        while not (opened.exists() and opened.read_text()) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        assert opened.read_text().strip() == f"http://127.0.0.1:{port}/", log.read_text()
        assert httpx.get(opened.read_text().strip(), trust_env=False).status_code == 200
        (model,) = model_processes(process.pid)
    finally:
        process.send_signal(how)
        assert process.wait(60) == 0
    assert gone(model)
    assert "Error" not in log.read_text()
    assert "Traceback" not in log.read_text()
    assert "mail" not in log.read_text()  # Streamlit's own question to newcomers


def test_streamlit_run_serves_the_same_pages(tmp_path: Path) -> None:
    port = free_port()
    script = Path(interlingua.__file__).parent / "ui" / "app.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", "--server.headless=true"]
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 60
        answered = None
        while answered is None and time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                answered = httpx.get(f"http://127.0.0.1:{port}/_stcore/health", trust_env=False)
            time.sleep(0.05)
        assert answered is not None, log.read_text()
        assert answered.status_code == 200
        file = min(STATIC.rglob("*.js"))
        page = httpx.get(f"http://127.0.0.1:{port}/static/{file.relative_to(STATIC).as_posix()}", trust_env=False)
        assert page.content == file.read_bytes()
        assert "etag" not in page.headers
    finally:
        process.terminate()
        process.wait(60)


def test_the_process_of_the_bundled_model_ends_where_the_index_is_opened_with_another(
    open_index: Callable[..., interlingua.Index], sentences: list[Document]
) -> None:
    with open_index(".interlingua", embedder=NgramEmbedder()) as index:
        index.ingest(sentences)
    MODEL.close()
    before = model_processes(os.getpid())
    begin()
    (started,) = model_processes(os.getpid()) - before
    shared = Shared()
    index, _ = shared.get(load(embedder="support:NgramEmbedder"))
    assert gone(started)
    assert index.search("free and equal")
    shared.close()
