"""Rates, sizes, threads, time, origins, and errors in one shape."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from interlingua.app.server.errors import BusyError, LateError, RequestError, problem
from interlingua.app.server.limits import Rate
from interlingua.app.server.threads import Threads
from interlingua.retrieval import errors
from interlingua.retrieval.machine import cores
from server_samples import Make
from starlette.testclient import TestClient
from support import SENTENCES


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_may_burst_and_then_keeps_to_its_rate() -> None:
    clock = Clock()
    rate = Rate(5, clock=clock)
    for _ in range(10):
        rate.take("a")
    with pytest.raises(RequestError, match="5 requests a second") as refused:
        rate.take("a")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    rate.take("b")
    clock.now += 0.2
    rate.take("a")
    with pytest.raises(RequestError):
        rate.take("a")
    clock.now += 1000
    for _ in range(10):
        rate.take("a")
    with pytest.raises(RequestError):
        rate.take("a")


def test_a_slow_rate_lets_one_through_and_says_how_long_to_wait() -> None:
    rate = Rate(0.1, clock=Clock())
    rate.take("a")
    with pytest.raises(RequestError) as refused:
        rate.take("a")
    assert refused.value.headers == {"Retry-After": "10"}


def test_too_many_requests_are_429(make: Make, keys: dict[str, str]) -> None:
    client = make(keys="keys.toml", rate=0.001)
    head = {"Authorization": f"Bearer {keys['acme']}"}
    assert client.get("/languages", headers=head).status_code == 200
    refused = client.get("/languages", headers=head)
    assert (refused.status_code, refused.json()["error"]["type"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 100
    assert client.get("/languages", headers={"Authorization": f"Bearer {keys['reader']}"}).status_code == 200
    assert client.get("/health").status_code == 200


def test_only_so_many_calls_wait_for_a_thread() -> None:
    async def crowd() -> list[object]:
        threads = Threads(1, waiting=3, timeout=10, name="test")
        found = await asyncio.gather(*(threads.run(time.sleep, 0.2) for _ in range(5)), return_exceptions=True)
        assert threads.pending == 0
        assert await threads.run(lambda: "again") == "again"
        threads.close()
        with pytest.raises(BusyError):
            await threads.run(time.sleep, 0)
        return list(found)

    assert [type(one) for one in asyncio.run(crowd())] == [type(None)] * 3 + [BusyError] * 2


def test_a_call_that_takes_too_long_is_answered_and_its_place_kept_until_it_ends() -> None:
    async def late() -> None:
        threads = Threads(1, waiting=2, timeout=0.1, name="test")
        with pytest.raises(LateError):
            await threads.run(time.sleep, 0.5)
        assert threads.pending == 1
        await asyncio.sleep(0.6)
        assert threads.pending == 0
        with pytest.raises(TimeoutError, match="of the work"):
            await threads.run(_times_out)
        threads.close()

    asyncio.run(late())


@pytest.mark.skipif(sys.platform != "linux" or cores() < 2, reason="needs Linux and two cores")
def test_what_ingests_leaves_a_core_to_searches(client: TestClient) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]

    async def allowed() -> list[int]:
        return [await threads.run(cores) for threads in (service.quick, service.slow)]

    assert asyncio.run(allowed()) == [cores(), cores() - 1]
    ingests = [thread for thread in threading.enumerate() if thread.name == "interlingua-jobs"]
    assert [len(os.sched_getaffinity(thread.native_id or 0)) for thread in ingests] == [cores() - 1]


def _times_out() -> None:
    raise TimeoutError("of the work itself")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_beyond_the_limit_is_refused(make: Make, declared: bool) -> None:
    client = make(max_body=1000)
    body = b'{"query": "' + b"x" * 2000 + b'"}'
    content = body if declared else iter([body[:700], body[700:]])
    answer = client.post("/search", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["error"]["message"]


def test_every_error_has_one_shape_with_the_id_of_its_request(client: TestClient) -> None:
    for method, path, status in [
        ("GET", "/nothing", 404),
        ("GET", "/documents/nothing", 404),
        ("PATCH", "/search", 405),
        ("POST", "/search", 422),
        ("GET", "/documents?limit=0", 422),
        ("GET", "/documents?after=x", 422),
        ("GET", "/jobs/x", 404),
    ]:
        answer = client.request(method, path, headers={"X-Request-ID": "a.b-c_1"})
        assert answer.status_code == status
        assert answer.headers["X-Request-ID"] == "a.b-c_1"
        error = answer.json()["error"]
        assert error["request_id"] == "a.b-c_1"
        assert error["type"]
        assert error["message"].endswith(".") or "details" in error


@pytest.mark.parametrize("presented", ["", "a b", "a\tb", "x" * 65, '"><script>', "ü"])
def test_an_odd_request_id_is_replaced(client: TestClient, presented: str) -> None:
    answer = client.get("/health", headers={"X-Request-ID": presented.encode()})
    assert answer.headers["X-Request-ID"] != presented
    assert len(answer.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    ("error", "status", "type", "shows"),
    [
        (errors.InputError("words"), 422, "invalid_request", True),
        (errors.FilterError("words"), 422, "filter", True),
        (errors.ConfigurationError("words"), 422, "not_configured", True),
        (errors.MissingExtraError("words", "models"), 501, "not_configured", True),
        (errors.EmbedderError("words"), 502, "embedder", False),
        (errors.StoreError("words"), 503, "store", False),
        (errors.StoreLockedError("words"), 503, "store_locked", False),
        (errors.ManifestError("words"), 503, "store", False),
        (ZeroDivisionError("words"), 500, "internal", False),
    ],
)
def test_each_error_of_ours_has_its_status(error: Exception, status: int, type: str, shows: bool) -> None:
    found = problem(error)
    assert (found.status, found.type, "words" in found.message, found.unexpected) == (status, type, shows, not shows)


def test_pages_of_other_origins_may_call_where_they_are_named(make: Make, keys: dict[str, str]) -> None:
    page = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    client = make(keys="keys.toml", cors_origins=["https://app.example"])
    assert client.options("/search", headers=page).headers["access-control-allow-origin"] == "https://app.example"
    refused = client.post("/search", json={"query": "a"}, headers=page)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://app.example")
    other = client.options("/search", headers=page | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_no_page_of_another_origin_may_call_by_default(make: Make, keys: dict[str, str]) -> None:
    page = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    answer = make(keys="keys.toml").options("/search", headers=page)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_many_clients_at_once_get_their_own_answers(client: TestClient, tmp_path: Path) -> None:
    documents = [{"id": tag, "text": text} for tag, text in SENTENCES.items()]
    client.post("/documents", json={"documents": documents})

    def find(tag: str) -> str:
        found = client.post("/search", json={"query": SENTENCES[tag], "limit": 1}).json()
        return str(found["hits"][0]["document_id"])

    tags = list(SENTENCES) * 5
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(find, tags)) == tags
