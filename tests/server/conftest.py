"""A server in this process (`client`), and one in a process of its own (`start`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="fastapi is not installed: make test installs it")

from interlingua.app.access.keys import Keys, new
from interlingua.app.index import from_settings
from interlingua.app.server.application import attach, create_app
from interlingua.app.server.service import Service
from interlingua.app.settings import load
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.rerankers import Reranker
from server_process import Process
from server_samples import KEYS, Make, Start
from starlette.testclient import TestClient
from support import NgramEmbedder


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """A file of keys, `keys.toml`; the keys by name."""
    made = {name: new(name, scopes, filter, prefix) for name, (scopes, filter, prefix) in KEYS.items()}
    (tmp_path / "keys.toml").write_text("\n".join(lines for _, lines in made.values()), encoding="utf-8")
    return {name: key for name, (key, _) in made.items()}


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Start servers in this process; options are the settings."""
    monkeypatch.chdir(tmp_path)
    services = []

    def make_(*, embedder: Embedder | None = None, reranker: Reranker | None = None, **options: Any) -> TestClient:
        settings = load(store="index", **options)
        index = from_settings(settings, embedder=embedder or NgramEmbedder(), reranker=reranker)
        service = Service(index, Keys.load(settings))
        services.append(service)
        service.start()
        app = attach(create_app(), service)
        return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)

    yield make_
    for service in services:
        service.stop()


@pytest.fixture
def client(make: Make) -> TestClient:
    """A server without keys."""
    return make()


@pytest.fixture
def tenants(make: Make, keys: dict[str, str]) -> Callable[[str], TestClient]:
    """A server with keys; gives a client for one of them."""
    shared = make(keys="keys.toml", rate=0)

    def for_key(name: str) -> TestClient:
        client = TestClient(shared.app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        client.headers["Authorization"] = f"Bearer {keys[name]}"
        return client

    return for_key


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers in processes of their own; options are those of the command line, in the environment."""
    started: list[Process] = []

    def start_(**options: Any) -> Process:
        process = Process(tmp_path, options)
        started.append(process)
        return process

    yield start_
    for process in started:
        process.kill()
