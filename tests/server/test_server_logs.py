"""Logs and metrics: what they have, and what they never have."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from interlingua.app.server.logs import JsonLines
from interlingua.app.server.metrics import Metrics
from server_process import until_over
from server_samples import Make, Start
from starlette.testclient import TestClient
from support import SENTENCES

CANARY = "Kanarienvogel"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that this process logs, as a server writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def requests_of(log: io.StringIO) -> list[dict[str, Any]]:
    return [line for line in lines(log) if line["message"] == "request"]


def test_a_request_is_one_line_with_its_route(client: TestClient, log: io.StringIO) -> None:
    client.get("/documents/some%2Fid", headers={"X-Request-ID": "abc"})
    (line,) = requests_of(log)
    assert line["ms"] > 0
    expected = {"method": "GET", "route": "/documents/{id}", "status": 404, "key": "everyone", "request_id": "abc"}
    assert {name: line[name] for name in expected} == expected


def test_nothing_of_documents_queries_and_keys_is_logged_or_counted(make: Make, log: io.StringIO) -> None:
    secret = f"{CANARY}-server-key-of-some-length"
    client = make(server_key=secret)
    client.headers["Authorization"] = f"Bearer {secret}"
    document = {
        "id": f"{CANARY}/id",
        "text": f"{CANARY} {SENTENCES['ja']}",
        "title": CANARY,
        "url": f"https://example.org/{CANARY}",
        "metadata": {CANARY: CANARY, "list": [CANARY]},
    }
    bad = {**document, "id": f"{CANARY}/bad", "metadata": {CANARY: {"": [[CANARY]]}}}
    assert client.post("/documents", json={"documents": [document, bad]}).status_code == 200
    job = client.post(
        "/documents/files",
        files=[
            ("files", (f"{CANARY}.txt", CANARY.encode())),
            ("files", (f"{CANARY}.pdf", CANARY.encode())),
            ("files", (f"{CANARY}.csv", f"{CANARY}\n{CANARY}".encode())),
        ],
    ).json()
    until_over(client, job["id"])  # type: ignore[arg-type]
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/search", {"query": CANARY}),
        ("POST", "/search", {"query": CANARY, "filter": {CANARY: CANARY}}),
        ("POST", "/search", {"query": CANARY, "filter": {f"{CANARY}2": {CANARY: 1}}}),
        ("POST", "/search", {"query": CANARY, "languages": [CANARY]}),
        ("POST", "/search", {"query": CANARY, "rerank": True}),
        ("POST", "/search", {CANARY: CANARY}),
        ("GET", f"/documents/{CANARY}%2Fid", None),
        ("DELETE", f"/documents/{CANARY}%2Fid", None),
        ("GET", f"/documents?after={CANARY}", None),
        ("GET", f"/facets/{CANARY}", None),
        ("GET", f"/{CANARY}?{CANARY}={CANARY}", None),
        ("GET", f"/jobs/{CANARY}", None),
        ("POST", "/v1/embeddings", {"input": CANARY, "model": CANARY}),
        ("POST", "/v1/embeddings", {"input": [CANARY, ""]}),
        ("POST", "/v1/rerank", {"query": CANARY, "documents": [CANARY]}),
        (CANARY, "/search", None),
    ]
    for method, path, body in asked:
        client.request(method, path, json=body, headers={"User-Agent": CANARY, "Referer": CANARY, "X-Other": CANARY})
    client.get("/export", headers={"Authorization": f"Bearer {CANARY}"})
    assert len(requests_of(log)) > len(asked)
    ours = [line for line in log.getvalue().splitlines() if json.loads(line)["logger"].split(".")[0] != "httpx2"]
    assert not [line for line in ours if CANARY in line]
    assert CANARY not in client.get("/metrics").text


class Broken:
    """A reranker that fails with words of the document."""

    model = "broken"

    def score(self, query: str, passages: Any) -> Any:
        try:
            raise ValueError(f"{CANARY}: {passages}")
        except ValueError as error:
            raise RuntimeError(CANARY) from error


def test_an_unexpected_error_is_logged_by_type_and_place_and_answered_without_its_words(
    make: Make, log: io.StringIO
) -> None:
    client = make(reranker=Broken())  # type: ignore[arg-type]
    client.post("/documents", json={"documents": [{"id": "a", "text": CANARY}]})
    answer = client.post("/search", json={"query": "a", "rerank": True}, headers={"X-Request-ID": "r1"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "internal")
    assert CANARY not in answer.text
    (line,) = [line for line in lines(log) if line["message"] == "a request failed"]
    assert line["request_id"] == "r1"
    assert [error["type"] for error in line["error"]] == ["RuntimeError", "ValueError"]
    assert "score" in line["error"][0]["at"][-1]
    assert CANARY not in json.dumps(line)
    assert requests_of(log)[-1]["status"] == 500


def test_messages_of_others_are_logged_without_their_values(log: io.StringIO) -> None:
    logging.getLogger("interlingua.connectors.stages").warning("reading %s failed", CANARY)
    logging.getLogger("interlingua.app.server.service").warning("%d jobs", 3)
    assert [line["message"] for line in lines(log)] == ["reading %s failed", "3 jobs"]


def test_requests_are_counted_by_route_and_bounded(client: TestClient) -> None:
    for number in range(20):
        client.get(f"/documents/{number}")
        client.get(f"/nothing/{number}")
        client.request(f"ODD{number}", "/search")
    text = client.get("/metrics").text
    counted = [line for line in text.splitlines() if line.startswith("interlingua_requests_total")]
    assert 'interlingua_requests_total{method="GET",route="/documents/{id}",status="404"} 20.0' in counted
    assert 'interlingua_requests_total{method="GET",route="(none)",status="404"} 20.0' in counted
    assert len(counted) == 3
    assert 'interlingua_request_seconds_bucket{le="0.05",method="GET",route="/documents/{id}"}' in text


def test_jobs_chunks_and_the_index_are_measured(client: TestClient) -> None:
    documents = [{"id": tag, "text": text} for tag, text in SENTENCES.items()]
    job = client.post("/documents?wait=false", json={"documents": documents}).json()
    until_over(client, job["id"])  # type: ignore[arg-type]
    text = client.get("/metrics").text
    for line in (
        f"interlingua_documents {len(SENTENCES)}.0",
        f"interlingua_passages {len(SENTENCES)}.0",
        'interlingua_jobs{state="done"} 1.0',
        'interlingua_jobs{state="queued"} 0.0',
        f'interlingua_ingested_chunks_total{{how="embedded"}} {len(SENTENCES)}.0',
        "interlingua_requests_in_flight 1.0",
        'interlingua_work_pending{threads="slow"} 0.0',
    ):
        assert line in text.splitlines(), line


def test_the_chunks_of_a_job_count_as_they_are_written() -> None:
    metrics = Metrics()
    first, second = metrics.counting(), metrics.counting()
    first(embedded=256, reused=0)
    first(embedded=300, reused=7)
    second(embedded=10, reused=0)
    text = metrics.text().decode()
    assert 'interlingua_ingested_chunks_total{how="embedded"} 310.0' in text
    assert 'interlingua_ingested_chunks_total{how="reused"} 7.0' in text


def test_a_server_logs_json_lines_only(start: Start) -> None:
    server = start()
    server.client.post("/search", json={"query": CANARY})
    server.client.get(f"/documents/{CANARY}")
    assert server.stop() == 0
    assert len(server.logs()) == len(server.lines)
    assert CANARY not in "".join(server.lines)
