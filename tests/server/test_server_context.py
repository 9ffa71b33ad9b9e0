"""The layer around every request, alone: bodies that do not come, answers that are not taken, errors half-way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from interlingua.app.server.answers import Json
from interlingua.app.server.context import RequestContext
from interlingua.app.server.limits import Limits
from interlingua.app.server.metrics import Metrics
from interlingua.app.settings import Settings

LIMITS = replace(Limits.of(Settings()), body_bytes=100, idle_seconds=0.1, send_seconds=0.1, request_seconds=0.3)
START = {"type": "http.response.start", "status": 200, "headers": []}


async def reads(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and answers with its length."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send(START)
    await send({"type": "http.response.body", "body": str(size).encode()})


async def breaks_off(scope: Any, receive: Any, send: Any) -> None:
    """Fails with half of its answer sent."""
    await send(START)
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ValueError("half-way")


Client = Callable[[], Awaitable[dict[str, Any]]]


def ask(app: Any, receive: Client, send: Any = None, path: str = "/search") -> tuple[list[dict[str, Any]], str]:
    """What a client was sent, and the metrics after it."""
    metrics = Metrics()
    context = RequestContext(
        app, limits=LIMITS, metrics=metrics, local_only=False, origins=(), identify=lambda *_: None
    )
    sent: list[dict[str, Any]] = []

    async def collect(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    asyncio.run(asyncio.wait_for(context(scope, receive, send or collect), 10))
    return sent, metrics.text().decode()


def parts(*bodies: bytes, pause: float = 0.0) -> Client:
    rest = list(bodies)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause if len(rest) < len(bodies) else 0)
        return {"type": "http.request", "body": rest.pop(0), "more_body": bool(rest)}

    return receive


def test_a_body_in_parts_is_read_to_its_end() -> None:
    sent, _ = ask(reads, parts(b"a" * 40, b"b" * 40))
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"80")


def test_a_body_without_a_length_is_cut_off_at_the_limit() -> None:
    sent, _ = ask(reads, parts(b"a" * 60, b"b" * 60))
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_body_that_stops_coming_is_not_waited_for() -> None:
    sent, _ = ask(reads, parts(b"a", b"b", pause=5))
    assert sent[0]["status"] == 408


def test_a_body_that_comes_in_drops_is_not_waited_for_but_for_an_upload() -> None:
    drops = [b"a"] * 12
    assert ask(reads, parts(*drops, pause=0.05))[0][0]["status"] == 408
    assert ask(reads, parts(*drops, pause=0.05), path="/documents/files")[0][0]["status"] == 200


@pytest.mark.parametrize("failure", [None, OSError("gone")])
def test_a_client_that_does_not_take_its_answer_is_let_go(failure: Exception | None) -> None:
    async def send(message: Any) -> None:
        if failure is not None:
            raise failure
        await asyncio.sleep(5)

    _, metrics = ask(reads, parts(b"a"), send)
    assert 'status="499"' in metrics
    assert "interlingua_requests_in_flight 0.0" in metrics


def test_an_answer_that_fails_half_way_is_not_ended_as_if_it_were_whole() -> None:
    sent, _ = ask(breaks_off, parts(b""))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"] is True


def test_an_error_before_the_answer_is_one_of_ours() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise ExceptionGroup("two tasks", [ValueError("words")])

    sent, _ = ask(fails, parts(b""))
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["type"] == "internal"


def test_half_a_character_is_written_as_an_escape() -> None:
    body = bytes(Json({"text": "ü\ud800\U0001f600"}).body)
    assert json.loads(body) == {"text": "ü\ud800\U0001f600"}
    assert body.decode() == '{"text":"ü\\ud800\U0001f600"}'
