"""Starting, stopping, and being killed: a server in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import interlingua
import pytest
from interlingua.app.access.keys import Keys
from interlingua.app.server.running import check_host
from interlingua.app.settings import load
from interlingua.retrieval.errors import ConfigurationError
from server_process import until_over
from server_samples import Make, Start
from starlette.testclient import TestClient
from stuck_embedder import STUCK, StuckEmbedder
from support import SENTENCES

DOCUMENTS = [
    {"id": f"{tag}/{number}", "text": f"{text} {number}"} for number in range(100) for tag, text in SENTENCES.items()
]


def stored(store: Path) -> dict[str, object]:
    """Every passage but for the source, by id."""
    with interlingua.open(store, embedder="support:NgramEmbedder") as index:
        return {one.chunk.id: one.chunk for one in index.store.scan()}


def begin(client: httpx.Client) -> str:
    """Post all documents and wait for their first batch; the id of the job."""
    job = client.post("/documents?wait=false", json={"documents": DOCUMENTS}).json()["id"]
    until = time.monotonic() + 60
    while not (client.get(f"/jobs/{job}").json()["report"] or {}).get("added"):
        assert time.monotonic() < until
        time.sleep(0.02)
    return str(job)


@pytest.fixture
def undisturbed(start: Start, tmp_path: Path) -> dict[str, object]:
    """What is stored after an ingest that nothing disturbs."""
    server = start(store="undisturbed", max_documents=5000)
    made = server.client.post("/documents?wait=false", json={"documents": DOCUMENTS}).json()
    assert until_over(server.client, made["id"])["state"] == "done"
    assert server.stop() == 0
    return stored(tmp_path / "undisturbed")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_cut_short_is_finished_by_the_next_start_with_the_same_store(
    start: Start, tmp_path: Path, undisturbed: dict[str, object], number: int
) -> None:
    slow = {"embedder": "slow_embedder:SlowEmbedder", "shutdown_grace": 0, "max_documents": 5000}
    first = start(**slow)
    job = begin(first.client)
    assert first.stop(number) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    second = start(**slow)
    over = until_over(second.client, job)
    assert (over["state"], over["attempt"]) == ("done", 2)
    assert 0 < over["report"]["embedded"] < len(DOCUMENTS)
    assert second.stop() == 0
    assert stored(tmp_path / "index") == undisturbed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_runs_finish_and_ends_with_0(start: Start, tmp_path: Path, number: int) -> None:
    server = start(embedder="slow_embedder:SlowEmbedder")
    client = server.client
    answers: list[httpx.Response] = []
    body = {"documents": DOCUMENTS[:300]}
    request = threading.Thread(target=lambda: answers.append(client.post("/documents", json=body)))
    request.start()
    until = time.monotonic() + 30
    with httpx.Client(base_url=server.url, trust_env=False) as other:
        while not any(job["state"] == "running" for job in other.get("/jobs").json()["jobs"]):
            assert time.monotonic() < until
    assert server.stop(number) == 0
    request.join(30)
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].json()["report"]["added"] == 300
    assert len(stored(tmp_path / "index")) == 300
    assert server.logs()[-1]["message"] == "stopped"


def test_a_followed_job_lets_go_when_the_server_stops_and_is_followed_again(start: Start) -> None:
    options = {"embedder": "slow_embedder:SlowEmbedder", "max_documents": 5000}
    server = start(**options)
    job = begin(server.client)
    rest: list[str] = []
    with httpx.stream("GET", f"{server.url}/jobs/{job}/events", timeout=30, trust_env=False) as stream:
        lines = stream.iter_lines()
        last = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
        server.popen.send_signal(signal.SIGTERM)
        with contextlib.suppress(httpx.HTTPError):
            rest.extend(lines)
    assert "event: done" not in rest  # the job is let finish, its stream is not waited for
    assert server.wait() == 0
    again = start(**options)
    with again.client.stream("GET", f"/jobs/{job}/events", headers={"Last-Event-ID": last}) as stream:
        names = [line.removeprefix("event: ") for line in stream.iter_lines() if line.startswith("event: ")]
    assert names[-1] == "done"


def test_it_is_not_ready_while_it_drains_nor_without_its_store(make: Make) -> None:
    client = make()
    service = client.app.state.service  # type: ignore[attr-defined]
    wait_ready(client)
    service.drain()
    assert (client.get("/ready").status_code, client.get("/health").status_code) == (503, 200)
    service.ready, service.draining = True, False
    assert client.get("/ready").status_code == 200
    service.stop()
    service.ready = True
    assert client.get("/ready").status_code == 503
    answer = client.post("/search", json={"query": "Menschen"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "busy")


def test_a_call_that_does_not_end_holds_up_neither_its_answer_nor_the_end(start: Start) -> None:
    server = start(embedder="stuck_embedder:StuckEmbedder", request_timeout=1, shutdown_grace=1)
    assert server.client.post("/search", json={"query": STUCK}).status_code == 503
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 15
    assert server.logs()[-1]["message"] == "stopped"


@pytest.mark.slow
def test_a_batch_that_does_not_end_is_begun_again_by_the_next_start(start: Start, tmp_path: Path) -> None:
    server = start(embedder="stuck_embedder:StuckEmbedder", shutdown_grace=0)
    made = server.client.post("/documents?wait=false", json={"documents": [{"id": "a", "text": STUCK}]}).json()
    assert server.stop() == 0
    again = start()
    assert until_over(again.client, made["id"])["state"] == "done"
    assert again.stop() == 0
    assert len(stored(tmp_path / "index")) == 1


def test_searches_that_do_not_end_leave_it_ready(make: Make) -> None:
    embedder = StuckEmbedder()
    client = make(embedder=embedder, threads=1)
    wait_ready(client)
    search = threading.Thread(target=client.post, args=("/search",), kwargs={"json": {"query": STUCK}})
    search.start()
    service = client.app.state.service  # type: ignore[attr-defined]
    until = time.monotonic() + 30
    while not service.quick.pending:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert client.get("/ready").status_code == 200
    embedder.go.set()
    search.join(30)


def wait_ready(client: TestClient) -> None:
    until = time.monotonic() + 30
    while client.get("/ready").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_is_alive_before_it_is_ready(start: Start) -> None:
    server = start(embedder="late_embedder:LateEmbedder")
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 503
    assert server.client.get("/ready").status_code == 200


def test_a_slow_and_a_half_open_client_block_nobody(start: Start) -> None:
    server = start()
    client = server.client
    address = httpx.URL(server.url)
    with contextlib.ExitStack() as stack:
        for number in range(300):
            half = stack.enter_context(socket.create_connection((address.host, address.port), timeout=30))
            if number % 3 == 1:
                half.sendall(b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-")
            if number % 3 == 2:
                half.sendall(
                    b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                    b'Content-Length: 100\r\n\r\n{"query'
                )
        started = time.monotonic()
        for _ in range(20):
            assert client.get("/languages").status_code == 200
        assert time.monotonic() - started < 10


def test_an_answer_over_a_kept_connection_does_not_wait_for_the_client(start: Start) -> None:
    client = start().client
    times = []
    for _ in range(30):
        started = time.monotonic()
        client.get("/health")
        times.append(time.monotonic() - started)
    assert min(times) < 0.03  # a delayed acknowledgement takes 0.04 s, each time


@pytest.mark.slow
def test_half_requests_are_closed_in_time(start: Start) -> None:
    server = start(request_timeout=1)
    assert server.client.get("/health").status_code == 200
    address = httpx.URL(server.url)
    head = b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    with socket.create_connection((address.host, address.port), timeout=60) as body:
        body.sendall(head)
        assert b" 408 " in body.recv(1000)
    with socket.create_connection((address.host, address.port), timeout=60) as headers:
        headers.sendall(b"GET /health HT")
        with contextlib.suppress(ConnectionResetError):
            assert headers.recv(1000) == b""


def test_two_servers_do_not_share_an_index(start: Start) -> None:
    assert start().client.get("/health").status_code == 200
    second = start()
    assert second.wait() == 1
    assert "index" in "".join(second.lines)


def test_a_taken_port_is_an_error_with_the_way_out(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start(port=taken.getsockname()[1])
        assert server.wait() == 1
    assert "Name another with --host and --port" in " ".join("".join(server.lines).split())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org"])
def test_without_keys_it_listens_to_its_own_machine_alone(host: str) -> None:
    with pytest.raises(ConfigurationError, match="interlingua keys new"):
        check_host(host, Keys({}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_its_own_machine_needs_no_key(host: str) -> None:
    check_host(host, Keys({}))


def test_with_a_key_it_listens_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_host("0.0.0.0", Keys.load(load(server_key="a-secret-of-this-server-alone")))


def test_a_wrong_host_ends_the_command_before_anything_is_made(start: Start, tmp_path: Path) -> None:
    server = start(host="0.0.0.0")
    assert server.wait() == 1
    assert not (tmp_path / "index").exists()


def test_importing_the_command_loads_no_framework() -> None:
    code = "import sys, interlingua.app.cli, interlingua.app.server; print({'fastapi', 'uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['fastapi'] = None; from interlingua.app.cli import main; main()"
    command = [sys.executable, "-c", code, "serve"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | {"COLUMNS": "200"})
    assert done.returncode == 1
    assert "pip install 'interlingua[server]'" in done.stderr
