"""Each service of ours from docker-compose.yml, run: its command line, its environment, its health check, its stop."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import interlingua
import pytest
from interlingua import Document
from running import Running, free_port
from stack import SECRETS, command_line, environment, resolved
from support import SENTENCES

pytest.importorskip("fastapi", reason="fastapi is not installed: make test installs it")
KEY = {"Authorization": f"Bearer {SECRETS['INTERLINGUA_SERVER_KEY']}"}
DOCUMENTS = {"documents": [{"id": f"udhr/{tag}", "text": text} for tag, text in SENTENCES.items()]}

Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start services by their name and profile."""
    started: list[Running] = []

    def start_(name: str, *profiles: str, hosts: Mapping[str, str] | None = None) -> Running:
        service = Running(resolved(profiles)[name], tmp_path, hosts)
        started.append(service)
        return service

    yield start_
    for service in started:
        service.kill()


@pytest.fixture
def filled(tmp_path: Path) -> None:
    """An index where the services look for theirs."""
    with interlingua.open(tmp_path / "store") as index:
        index.ingest([Document(id=document["id"], text=document["text"]) for document in DOCUMENTS["documents"]])


def test_the_api_serves_with_its_key_is_healthy_and_stops_in_order(start: Start, tmp_path: Path) -> None:
    api = start("api", "cpu")
    assert not api.healthy()
    api.until_healthy()
    with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as client:
        query = {"query": SENTENCES["ja"], "limit": 1}
        assert client.post("/search", json=query).status_code == 401
        client.headers.update(KEY)
        assert client.post("/documents", json=DOCUMENTS).json()["report"]["added"] == len(SENTENCES)
        assert client.post("/search", json=query).json()["hits"][0]["document_id"] == "udhr/ja"
        assert client.get("/ready").status_code == 200
    assert (tmp_path / "state").is_dir()
    assert api.stop() == 0
    assert not api.healthy()


@pytest.mark.usefixtures("filled")
def test_the_web_interface_is_served_and_healthy(start: Start) -> None:
    pytest.importorskip("streamlit", reason="needs the extra: pip install 'interlingua[ui]'")
    api = start("api", "cpu")
    api.until_healthy()
    page = start("ui", "cpu", hosts={"api:8000": f"127.0.0.1:{api.port}"})
    assert not page.healthy()
    page.until_healthy()
    assert "streamlit" in httpx.get(page.url, trust_env=False).text.lower()
    assert page.stop() == 0


@pytest.mark.usefixtures("filled")
def test_the_tools_for_language_models_ask_for_a_key_and_are_healthy(start: Start) -> None:
    pytest.importorskip("mcp", reason="needs the extra: pip install 'interlingua[mcp]'")
    tools = start("mcp", "mcp")
    assert not tools.healthy()
    tools.until_healthy()
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": SENTENCES["ar"], "limit": 1}},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    with httpx.Client(base_url=tools.url, headers=accept, timeout=60, trust_env=False) as client:
        assert client.post("/mcp", json=call).status_code == 401
        assert SENTENCES["ar"] in client.post("/mcp", json=call, headers=KEY).text
    tools.stop()


def test_the_api_on_served_models_asks_them_and_nobody_else(start: Start, model_servers: dict[str, str]) -> None:
    api = start("api-gpu", "gpu", hosts=model_servers)
    api.until_healthy()
    with httpx.Client(base_url=api.url, headers=KEY, timeout=60, trust_env=False) as client:
        assert client.post("/documents", json=DOCUMENTS).json()["report"]["added"] == len(SENTENCES)
        query = {"query": SENTENCES["hi"], "limit": 3, "rerank": True}
        assert set(client.post("/search", json=query).json()["hits"][0]["scores"]) >= {"dense", "rerank"}
        models = client.get("/models").json()
    assert models["embedder"]["name"] == "Qwen/Qwen3-Embedding-0.6B"
    assert models["reranker"]["name"] == "BAAI/bge-reranker-v2-m3"
    assert api.stop() == 0


@pytest.mark.parametrize("name", ["qdrant", "embedder"])
def test_the_health_checks_in_bash_tell_an_answer_from_a_refusal_and_from_none(name: str) -> None:
    service = resolved(["gpu"])[name]
    command = service["healthcheck"]["test"][1:]
    port, path = {"qdrant": ("6333", "/readyz"), "embedder": ("8080", "/health")}[name]

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(self.server.status if self.path == path else 404)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed."""

    def check(at: int) -> int:
        words = [word.replace(f"127.0.0.1/{port}", f"127.0.0.1/{at}") for word in command]
        return subprocess.run(words, capture_output=True, timeout=10, check=False).returncode

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for status, healthy in ((200, True), (503, False), (404, False)):
            server.status = status  # type: ignore[attr-defined]
            assert (check(server.server_address[1]) == 0) is healthy
        server.shutdown()
    assert check(free_port()) != 0


def test_the_image_alone_serves_nobody_without_a_key(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "interlingua.app.cli", *command_line({})[1:]]
    there = {n: v.replace("/data", str(tmp_path)) for n, v in environment({}).items()}
    done = subprocess.run(command, env=there, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "INTERLINGUA_SERVER_KEY" in done.stderr
