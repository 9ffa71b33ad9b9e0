"""Addresses, keys, waiting times and messages."""

from __future__ import annotations

import datetime as dt
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from email.utils import format_datetime

import pytest
from interlingua.retrieval.errors import ConfigurationError, EmbedderError
from interlingua.retrieval.served import Connection, open_embedder, open_reranker
from interlingua.retrieval.served.address import Address, split_version
from interlingua.retrieval.served.answers import retry_after, server_message
from interlingua.retrieval.served.dialects import batches
from served_samples import EMBEDDING_ALL, Opened
from server import Exchange, ModelServer, status

Start = Callable[..., ModelServer]
KEY = "sk-very-secret-0123456789"

speaks = pytest.mark.parametrize("speaks", EMBEDDING_ALL)


@speaks
def test_the_key_is_sent_as_bearer_token(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, key=KEY)
    assert opened.embedder(server, connection={"key": KEY}).embed_passages(["a"]).shape == (1, 16)
    assert {headers["Authorization"] for _, _, headers in server.requests} == {f"Bearer {KEY}"}


@speaks
def test_a_wrong_key_is_told_without_showing_it(
    start: Start, opened: Opened, speaks: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = start(speaks, key="another")
    embedder = opened.embedder(server, connection={"key": KEY})
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(EmbedderError, match=r"401 .*Unauthorized.*Give the key") as raised,
    ):
        embedder.embed_passages(["a"])
    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r} {embedder!r} {caplog.text}"


def test_half_a_key_is_not_shown_either(start: Start, opened: Opened) -> None:
    server = start("tei", always=status(400, "x" * 285 + KEY + "x" * 10_000))
    with pytest.raises(EmbedderError, match="400") as raised:
        opened.embedder(server, connection={"key": KEY}).embed_passages(["a"])
    assert "xxx***xxx" in str(raised.value)
    assert KEY[:4] not in str(raised.value)
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize("code", [400, 503])
def test_a_server_that_repeats_the_key_does_not_make_us_show_it(
    start: Start, opened: Opened, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = start("tei", always=status(code, f"Incorrect API key provided: {KEY}"))
    with caplog.at_level(logging.DEBUG), pytest.raises(EmbedderError, match=r"provided: \*\*\*") as raised:
        opened.embedder(server, connection={"key": KEY}).embed_passages(["a"])
    assert KEY not in str(raised.value) + caplog.text


def test_user_info_is_used_and_never_shown(start: Start, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    server = start("tei", always=status(503, "password p%40ss and p@ss"))
    address = server.url.replace("://", "://ann:p%40ss@")
    embedder = open_embedder(address, dialect="tei")
    opened.all.append(embedder)
    connection = Connection(address, attempts=2, first_wait=0.01)
    with caplog.at_level(logging.DEBUG), pytest.raises(EmbedderError, match=server.url) as raised:
        connection.ask("/embed", {"inputs": ["a"]})
    connection.close()
    assert server.requests[-1][2]["Authorization"] == "Basic YW5uOnBAc3M="
    assert "p@ss" not in str(raised.value) + caplog.text
    assert "ann" not in str(raised.value)


@pytest.mark.parametrize("key", ["", "two words", "line\n", "ключ", "tab\t"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError, match="The key for http://localhost:1 is empty or holds") as raised:
        open_embedder("http://localhost:1", key=key)
    assert not key or key not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8080",
        "ftp://host",
        "http://",
        "http://host:port",
        "http://ho st",
        "http://h?key=secret",
        "http://h#secret",
    ],
)
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    for open_ in (open_embedder, open_reranker):
        with pytest.raises(ConfigurationError, match="address of a server") as raised:
            open_(url)
        assert "secret" not in str(raised.value)


def test_a_host_that_cannot_be_called_is_refused() -> None:
    connection = Connection("http://" + "ü" * 80)
    with pytest.raises(ConfigurationError, match="no address that can be called"):
        connection.ask("/info")
    connection.close()


@pytest.mark.parametrize(
    ("url", "base", "version"),
    [
        ("http://h:1", "http://h:1", None),
        ("http://h:1/", "http://h:1", None),
        ("http://h:1/v1", "http://h:1", "/v1"),
        ("https://h/proxy/v1/embeddings/", "https://h/proxy", "/v1"),
        ("https://h/v2/rerank", "https://h", "/v2"),
        ("http://h/embeddings", "http://h", ""),
        ("https://h/v1/models/rerank", "https://h", "/v1"),
    ],
)
def test_addresses_are_taken_apart(url: str, base: str, version: str | None) -> None:
    assert split_version(url) == (base, version)


def test_names_of_addresses() -> None:
    assert Address.parse("https://ann:word@[::1]:8/x/").name == "https://[::1]:8/x"
    assert [Address.parse(f"http://{host}").is_loopback for host in ("localhost", "127.0.0.2", "[::1]", "h.org")] == [
        *[True] * 3,
        False,
    ]


NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("0", 0),
        ("2", 2),
        ("0.5", 0.5),
        ("-3", 0),
        ("61", 60),
        ("86400", 60),
        ("inf", 60),
        (format_datetime(NOW + dt.timedelta(seconds=7), usegmt=True), 7),
        (format_datetime(NOW - dt.timedelta(seconds=7), usegmt=True), 0),
        (format_datetime(NOW + dt.timedelta(hours=7), usegmt=True), 60),
        ("Fri, 02 Jan 2026 03:04:15 -0000", 10),
    ],
)
def test_the_header_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"error": "too long", "error_type": "Validation"}, "too long"),
        ({"message": "too long", "code": 422, "type": "Validation"}, "too long"),
        ({"error": {"message": "too long", "type": "BadRequestError", "param": None, "code": 400}}, "too long"),
        ({"object": "error", "message": "too long", "code": 400}, "too long"),
        ({"detail": "too long"}, "too long"),
        ({"detail": [{"loc": ["body", "input"], "msg": "too long"}]}, "body.input: too long"),
        ({"detail": [{"loc": [], "msg": "a"}, {"msg": "b"}]}, "a; b"),
        ("too\n  long", "too long"),
        (None, ""),
        ({"other": 1}, '{"other": 1}'),
    ],
)
def test_the_servers_own_words_are_found_in_every_form(content: object, message: str) -> None:
    assert server_message(json.dumps(content).encode()) == message


def test_the_servers_own_words_without_json() -> None:
    assert server_message(b"upstream\nis \xff gone") == "upstream is \ufffd gone"


def test_batches_are_bounded_by_number_and_by_bytes() -> None:
    assert list(batches([], most=2, size=10)) == []
    assert list(batches(["a"] * 5, most=2, size=1000)) == [range(2), range(2, 4), range(4, 5)]
    assert list(batches(["aaaa"] * 3, most=9, size=14)) == [range(2), range(2, 3)]  # "aaaa", is seven bytes
    assert list(batches(["a", "a" * 100, "a"], most=9, size=10)) == [range(1), range(1, 2), range(2, 3)]


def test_connections_are_used_again(start: Start, opened: Opened) -> None:
    ports = set()

    def noted(exchange: Exchange) -> None:
        ports.add(exchange.handler.client_address)
        exchange.reply(200, exchange.content())

    embedder = opened.embedder(start("tei", always=noted))
    for _ in range(5):
        embedder.embed_queries(["a"])
    assert len(ports) == 1


def test_a_closed_connection_says_so(start: Start, opened: Opened) -> None:
    embedder = opened.embedder(start("tei"))
    embedder.embed_queries(["a"])
    embedder.close()
    embedder.close()
    with pytest.raises(EmbedderError, match="is closed"):
        embedder.embed_queries(["a"])


def test_numbers_that_cannot_be_are_refused() -> None:
    for options in ({"attempts": 0}, {"concurrency": 0}):
        with pytest.raises(ConfigurationError, match="must be at least 1"):
            Connection("http://h", **options)


def test_an_import_loads_no_http_client() -> None:
    code = "import sys; import interlingua.retrieval.served; assert 'httpx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_server_on_this_machine_is_not_asked_through_a_proxy(
    start: Start, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # where nothing listens
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert opened.embedder(start("tei")).embed_passages(["a"]).shape == (1, 16)
