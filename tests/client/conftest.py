"""Servers for a client: in a thread (`served`, with its index at hand), and in a process of its own (`start`)."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import interlingua
import pytest

pytest.importorskip("fastapi", reason="fastapi is not installed: make test installs it")

import uvicorn
from client_samples import Serve, Served, Start
from interlingua.app.access.keys import Keys
from interlingua.app.index import from_settings
from interlingua.app.server.application import attach, create_app
from interlingua.app.server.service import Service
from interlingua.app.settings import load
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.rerankers import Reranker
from support import NgramEmbedder

sys.path.append(str(Path(__file__).parent.parent / "server"))  # servers in a process, and slow embedders

from server_process import Process


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start servers in threads; options are the settings."""
    monkeypatch.chdir(tmp_path)
    ends = []

    def serve_(*, embedder: Embedder | None = None, reranker: Reranker | None = None, **options: Any) -> Served:
        settings = load(store="index", **options)
        index = from_settings(settings, embedder=embedder or NgramEmbedder(), reranker=reranker)
        service = Service(index, Keys.load(settings))
        config = uvicorn.Config(attach(create_app(), service), port=0, lifespan="off", log_config=None, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        ends.append((server, thread, service))
        service.start()
        thread.start()
        until = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        return Served(f"http://127.0.0.1:{port}", index)

    yield serve_
    for server, thread, service in ends:
        service.drain()
        server.should_exit = True
        thread.join(30)
        service.stop()


@pytest.fixture
def served(serve: Serve) -> Served:
    """A server without keys."""
    return serve()


@pytest.fixture
def client(served: Served) -> Iterator[interlingua.Client]:
    """A client of it."""
    with served.client() as made:
        yield made


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers in processes of their own; options are the settings."""
    started: list[Process] = []

    def start_(**options: Any) -> Process:
        process = Process(tmp_path, options)
        started.append(process)
        return process

    yield start_
    for process in started:
        process.kill()
