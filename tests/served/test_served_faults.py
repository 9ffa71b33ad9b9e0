"""Servers that fail, for a moment or for good, and servers that answer something unusable."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.errors import EmbedderError
from interlingua.retrieval.served import connection
from served_samples import EMBEDDING_ALL, Opened, expected, tiny
from server import Fault, ModelServer, answered, broken_json, changed, cut, drip, hang_up, status
from support import SENTENCES

Start = Callable[..., ModelServer]
TEXTS = list(SENTENCES.values())
MANY = [f"{text} {number}" for number in range(10) for text in TEXTS]

speaks = pytest.mark.parametrize("speaks", EMBEDDING_ALL)

PASSING = {
    "cut in the body": cut,
    "no answer": hang_up,
    "invalid JSON": broken_json,
    "slow drip": drip,
    **{str(code): status(code) for code in (424, 429, 500, 502, 503, 504)},
}
NAN, INFINITY = float("nan"), float("inf")


def patched(values: list[Any], vector: list[Any]) -> list[Any]:
    return [*values[:-1], vector]


UNUSABLE = {
    "too few": (changed(lambda values: values[:-1]), "for 14 texts"),
    "too many": (changed(lambda values: [*values, values[0]]), "for 14 texts"),
    "none": (changed(lambda values: []), "for 14 texts"),
    "NaN": (changed(lambda values: patched(values, [NAN, *values[0][1:]])), "vector 14 of 14 holds NaN"),
    "infinity": (changed(lambda values: patched(values, [-INFINITY] * 16)), "vector 14 of 14 holds NaN"),
    "null": (changed(lambda values: patched(values, [None, *values[0][1:]])), "vector 14 of 14 holds NaN"),
    "zeros": (changed(lambda values: patched(values, [0.0] * 16)), "norm 0.0e[+]00"),
    "one shorter": (changed(lambda values: patched(values, values[0][:-1])), r"shape \(15,\), not \(16,\)"),
    "all longer": (changed(lambda values: [[*value, 0.1] for value in values]), r"shape \(17,\), not \(16,\)"),
    "empty vector": (changed(lambda values: patched(values, [])), r"shape \(0,\), not \(16,\)"),
    "another form": (answered(lambda answer: {"outputs": []}), "something unusable"),
    "a number": (answered(lambda answer: 3), "something unusable"),
    "null answer": (answered(lambda answer: None), "something unusable"),
}


@speaks
@pytest.mark.parametrize("name", PASSING)
def test_a_passing_failure_loses_and_doubles_nothing(start: Start, opened: Opened, speaks: str, name: str) -> None:
    server = start(speaks, faults=[PASSING[name]] * (1 if name == "slow drip" else 3))
    embedder = opened.embedder(server, connection={"read_timeout": 1.0, "attempts": 9} if name == "slow drip" else {})
    vectors = embedder.embed_passages(MANY)
    np.testing.assert_allclose(vectors, expected(MANY, "document", tiny(), speaks), atol=1e-6)
    assert sorted(set(server.answered)) == sorted(server.answered)
    assert server.faults == []


@speaks
@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_answer_is_refused(start: Start, opened: Opened, speaks: str, name: str) -> None:
    fault, reason = UNUSABLE[name]
    server = start(speaks, limit=64, always=fault)
    with pytest.raises(EmbedderError, match=reason) as raised:
        opened.embedder(server).embed_passages(TEXTS)
    assert server.url in str(raised.value)
    assert "Check that the address and the dialect" in str(raised.value)
    assert len(server.posts()) == 1  # asking again would give the same


@pytest.mark.parametrize("speaks", ["openai", "infinity"])
@pytest.mark.parametrize("index", [0, 99, -1, None, "1", [1]])
def test_indexes_that_fit_no_text_are_refused(start: Start, opened: Opened, speaks: str, index: object) -> None:
    def wrong(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "data": [*answer["data"][:-1], {**answer["data"][-1], "index": index}]}

    with pytest.raises(EmbedderError, match="something unusable"):
        opened.embedder(start(speaks, limit=64, always=answered(wrong))).embed_passages(TEXTS)


@pytest.mark.parametrize("speaks", ["openai", "zeroentropy"])
@pytest.mark.parametrize("text", ["AAA", "AAAAAAA=", "not base64!"])
def test_damaged_base64_is_refused(start: Start, opened: Opened, speaks: str, text: str) -> None:
    def wrong(answer: dict[str, Any]) -> dict[str, Any]:
        name = "data" if "data" in answer else "results"
        return {**answer, name: [{**item, "embedding": text} for item in answer[name]]}

    with pytest.raises(EmbedderError, match="something unusable"):
        opened.embedder(start(speaks, limit=64, always=answered(wrong))).embed_passages(TEXTS)


@speaks
@pytest.mark.parametrize(
    ("code", "fix"), [(400, "longer than"), (401, "key"), (403, "key"), (404, "/v1"), (501, "logs")]
)
def test_a_refusal_is_told_at_once(start: Start, opened: Opened, speaks: str, code: int, fix: str) -> None:
    server = start(speaks, limit=64, always=status(code, "the server's own words"))
    with pytest.raises(EmbedderError, match=f"{code} to POST .*the server's own words.*{fix}") as raised:
        opened.embedder(server).embed_passages(TEXTS)
    assert server.url in str(raised.value)
    assert len(server.posts()) == 1


@speaks
def test_a_server_that_stays_ill_is_given_up(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, always=status(503, "Model is overloaded"))
    with pytest.raises(
        EmbedderError, match=r"failed 4 times.*503 Model is overloaded.*Is the server running"
    ) as raised:
        opened.embedder(server, connection={"concurrency": 1}).embed_passages(TEXTS[:3])
    assert server.url in str(raised.value)
    assert len(server.posts()) == 4


@speaks
def test_a_server_that_is_not_there_is_named_with_the_remedy(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks)
    server.stop()
    embedder = opened.embedder(server, connection={"attempts": 10})
    with pytest.raises(EmbedderError, match=r"failed 3 times.*ConnectError.*Is the server running.*Start it") as raised:
        embedder.embed_passages(TEXTS)
    assert server.url in str(raised.value)


@speaks
def test_a_server_that_restarts_in_the_middle_loses_and_doubles_nothing(
    start: Start, opened: Opened, speaks: str
) -> None:
    server = start(speaks, limit=4, delay=0.01, info={"max_client_batch_size": 4})
    embedder = opened.embedder(server, connection={"attempts": 12, "first_wait": 0.05})
    assert embedder.dim == 16
    embedder.embed_passages(TEXTS[:1])

    def restart() -> None:
        while len(server.answered) < 40:
            time.sleep(0.005)
        server.stop()
        time.sleep(0.3)
        server.start()

    thread = threading.Thread(target=restart)
    thread.start()
    vectors = embedder.embed_passages(MANY)
    thread.join(10)
    np.testing.assert_allclose(vectors, expected(MANY, "document", tiny(), speaks), atol=1e-6)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_time_that_the_server_asks_for_is_waited(start: Start, opened: Opened, form: str) -> None:
    def overloaded(exchange: Any) -> None:
        later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)  # in whole seconds: two to three
        value = "1" if form == "seconds" else format_datetime(later, usegmt=True)
        status(429, "overloaded", {"Retry-After": value})(exchange)

    embedder = opened.embedder(start("tei", faults=[overloaded]))
    assert embedder.dim == 16
    begun = time.monotonic()
    embedder.embed_passages(TEXTS[:1])
    assert time.monotonic() - begun > 0.9  # unasked it waits 0.01 s at most


def test_waiting_is_logged(start: Start, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        opened.embedder(start("tei", faults=[status(503, "loading")])).embed_passages(TEXTS[:1])
    assert "/embed failed (503 loading), again in" in caplog.text


@pytest.mark.parametrize("number", [1e39, 1e200, -1e300, 10**400])
def test_numbers_beyond_float32_are_refused(start: Start, opened: Opened, number: float) -> None:
    fault = changed(lambda values: patched(values, [number, *values[0][1:]]))
    with pytest.raises(EmbedderError, match=r"holds NaN or infinity|too large"):
        opened.embedder(start("tei", limit=64, always=fault)).embed_passages(TEXTS)


def test_deeply_nested_json_is_no_answer(start: Start, opened: Opened) -> None:
    def nested(exchange: Any) -> None:
        exchange.reply(200, b"[" * 200_000 + b"]" * 200_000)

    with pytest.raises(EmbedderError, match="400000 bytes that are no JSON"):
        opened.embedder(start("tei", always=nested)).embed_passages(TEXTS)


def test_a_slow_drip_is_bounded_in_time_and_tried_three_times(start: Start, opened: Opened) -> None:
    server = start("tei", always=drip)
    embedder = opened.embedder(server, connection={"read_timeout": 0.5, "attempts": 20})
    with pytest.raises(EmbedderError, match=r"failed 3 times.*ReadTimeout.*lower the concurrency"):
        embedder.embed_passages(TEXTS[:2])
    assert len(server.posts()) == 3


def test_an_answer_without_end_is_not_read_to_its_end(
    start: Start, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LARGEST_ANSWER", 10_000)
    embedder = opened.embedder(start("tei", limit=64))
    assert embedder.embed_passages(TEXTS[:1]).shape == (1, 16)
    with pytest.raises(EmbedderError, match=r"more than 10000 bytes\. Is it a model server"):
        embedder.embed_passages(MANY[:60])


def test_a_web_page_is_no_answer(start: Start, opened: Opened) -> None:
    def page(exchange: Any) -> None:
        exchange.reply(200, b"<html>Welcome</html>", {"Content-Type": "text/html; charset=utf-8"})

    server = start("tei", always=page)
    with pytest.raises(EmbedderError, match="web page"):
        opened.embedder(server).embed_passages(TEXTS[:1])
    assert len(server.posts()) == 1


def test_after_a_failure_no_further_batches_are_sent(start: Start, opened: Opened) -> None:
    fault: Fault = status(400, "no")
    server = start("tei", limit=1, always=fault, delay=0.1)
    with pytest.raises(EmbedderError, match="400"):
        opened.embedder(server, connection={"concurrency": 2}).embed_passages(MANY)
    seen = -1
    while seen < len(server.posts()):
        seen = len(server.posts())
        time.sleep(0.5)
    assert seen < len(MANY)
