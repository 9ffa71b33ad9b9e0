"""What a client makes of errors, of a busy server, of a lost one, and of what is no server at all."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import interlingua
import pytest
from client_samples import Serve, Served, Start
from interlingua.app.access.keys import new
from interlingua.retrieval.errors import (
    ConfigurationError,
    EmbedderError,
    FilterError,
    InputError,
    InterlinguaError,
    StoreError,
    StoreLockedError,
)
from interlingua.retrieval.types import Document
from listening import Listener, ListeningHandler
from support import SENTENCES

REQUEST_ID = r"\(request [0-9a-f]{32}\)$"


@pytest.mark.parametrize(
    ("kind", "message", "ask"),
    [
        (FilterError, "'tpoic'.*topic", lambda client: client.search("q", filter={"tpoic": "law"})),
        (FilterError, "nothing in fr", lambda client: client.search("q", languages=["fr"])),
        (FilterError, "Unknown operator", lambda client: client.search("q", filter={"year": {"over": 1}})),
        (InputError, "limit: 101; at most 100", lambda client: client.search("q", limit=101)),
        (InputError, "body.query", lambda client: client.search("")),
        (InputError, "empty", lambda client: client.embed(["a", " "])),
        (InputError, "404", lambda client: client.job("../no/such job")),
        (InputError, "no such job", lambda client: client.wait("gone")),
        (
            InputError,
            "half a character",
            lambda client: client.add([Document(id="a", text="t", metadata={"n": "\ud800"})]),
        ),
        (ConfigurationError, "setting `reranker`", lambda client: client.rerank("q", ["p"])),
        (ConfigurationError, "reranker", lambda client: client.search("q", rerank=True)),
    ],
)
def test_errors_of_the_server_are_errors_of_ours_with_its_words_and_the_id_of_its_log(
    refusing: interlingua.Client, kind: type[InterlinguaError], message: str, ask: Callable[[interlingua.Client], Any]
) -> None:
    with pytest.raises(kind, match=f"(?s){message}.*{REQUEST_ID}") as raised:
        ask(refusing)
    assert re.match(r"http://127\.0\.0\.1:\d+ answered (GET|POST) /", str(raised.value))


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[interlingua.Client]:
    """A client of a server with two documents."""
    from server_process import Process

    process = Process(tmp_path_factory.mktemp("refusing"), {})
    with interlingua.Client(process.url, patience=30) as client:
        texts = [SENTENCES["he"], SENTENCES["bn"]]
        client.add([Document(id=text, text=text, metadata={"topic": "law", "year": 1948}) for text in texts])
        yield client
    process.kill()


@pytest.mark.parametrize(
    ("message", "ask"),
    [
        ("There is no file", lambda client: client.upload([])),
        ("Two files are called a.txt", lambda client: client.upload(["x/a.txt", "y/a.txt"])),
        ("not/here.txt cannot be read: No such file", lambda client: client.upload(["not/here.txt"])),
        ("cannot be read: Is a directory", lambda client: client.upload(["."])),
        ("no UTF-8", lambda client: client.upload(["\udcff.txt"])),
        ("lone surrogate", lambda client: client.document("\ud800")),
        ("cannot be sent as JSON: a set", lambda client: client.search("q", filter={"year": {1, 2}})),
        ("cannot be sent as JSON", lambda client: client.search("q", score_threshold=float("nan"))),
    ],
)
def test_what_cannot_be_sent_is_refused_here(
    refusing: interlingua.Client, message: str, ask: Callable[[interlingua.Client], Any]
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        ask(refusing)
    assert "request" not in str(raised.value)


def test_a_key_is_needed_and_sees_and_may_what_it_may(serve: Serve, tmp_path: Path) -> None:
    made = {name: new(name, scopes, {"tenant": name}, f"{name}/") for name, scopes in
            {"acme": ["read", "write"], "globex": ["read"]}.items()}  # fmt: skip
    (tmp_path / "keys.toml").write_text("\n".join(lines for _, lines in made.values()), encoding="utf-8")
    served = serve(keys="keys.toml")
    with served.client(made["acme"][0]) as acme, served.client(made["globex"][0]) as globex:
        assert acme.add([Document(id="人权", text=SENTENCES["zh-Hans"])]).added == 1
        assert [one.id for one in acme.documents()] == ["acme/人权"]
        assert acme.document("人权") == acme.document("acme/人权")
        assert globex.document("acme/人权") is None
        with pytest.raises(ConfigurationError, match=r"403 This key lacks the scope write\. Ask .* keys new NAME"):
            globex.delete("acme/人权")
    for key in (None, "wrong"):
        with (
            served.client(key) as nobody,
            pytest.raises(ConfigurationError, match=r"401 .*Client\(url, key\)") as raised,
        ):
            nobody.status()
        assert "wrong" not in str(raised.value)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_what_can_be_no_key_is_refused_unseen(key: str) -> None:
    with pytest.raises(ConfigurationError, match="empty or holds a blank") as raised:
        interlingua.Client("http://127.0.0.1:1", key)
    assert not key or key not in str(raised.value)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://host", "http://h?key=secret"])
def test_what_can_be_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="address of a server looks like"):
        interlingua.Client(url)


def test_a_host_that_cannot_be_called_is_refused() -> None:
    with interlingua.Client("http://" + "ü" * 80) as client, pytest.raises(ConfigurationError, match="can be called"):
        client.languages()


class Scripted:
    """A server that answers with what it is told, in order, and the last of it again and again."""

    def __init__(self, *answers: tuple[int, object, dict[str, str]] | None) -> None:
        self.answers = list(answers)
        self.asked: list[float] = []
        self.bodies: list[bytes] = []
        self.listener = Listener(0, _Handler, self)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"


class _Handler(ListeningHandler):
    def post(self) -> None:
        self.server.owner.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.get()

    def get(self) -> None:
        owner: Scripted = self.server.owner
        owner.asked.append(time.monotonic())
        answer = owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0]
        if answer is None:
            self.close_connection = True
            return
        status, body, headers = answer
        self.reply(status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)


Script = Callable[..., Scripted]


@pytest.fixture
def script() -> Iterator[Script]:
    started: list[Scripted] = []

    def script_(*answers: tuple[int, object, dict[str, str]] | None) -> Scripted:
        started.append(Scripted(*answers))
        return started[-1]

    yield script_
    for server in started:
        server.listener.stop()


def error(status: int, name: str, **headers: str) -> tuple[int, object, dict[str, str]]:
    body = {"error": {"type": name, "message": "Said so.", "request_id": "r1"}}
    return status, body, {key.replace("_", "-"): value for key, value in headers.items()}


LANGUAGES = (200, {"languages": {"ka": 1}}, dict[str, str]())


@pytest.mark.parametrize(
    "passing",
    [None, error(429, "rate_limited"), error(503, "busy"), error(503, "store"), (502, b"<html>no backend</html>", {})],
    ids=["lost", "429", "busy", "store", "proxy"],
)
def test_what_passes_is_waited_for(script: Script, passing: Any) -> None:
    server = script(passing, passing, LANGUAGES)
    with interlingua.Client(server.url) as client:
        assert client.languages() == {"ka": 1}
    assert len(server.asked) == 3


def test_an_upload_is_sent_again_whole(script: Script, tmp_path: Path) -> None:
    (tmp_path / "ka.txt").write_text(SENTENCES["ka"] * 10_000, encoding="utf-8")
    job = {"id": "j", "kind": "files", "items": 1, "state": "queued", "created": "2026", "report": None}
    server = script(None, error(503, "busy"), (202, job, {}))
    with interlingua.Client(server.url) as client:
        assert client.upload([tmp_path / "ka.txt"]).id == "j"
    assert [body.count(SENTENCES["ka"].encode()) for body in server.bodies] == [10_000] * 3


def test_a_server_says_how_long_to_wait(script: Script) -> None:
    server = script(error(429, "rate_limited", Retry_After="1"), LANGUAGES)
    with interlingua.Client(server.url) as client:
        client.languages()
    assert 1 <= server.asked[1] - server.asked[0] < 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(502, "embedder"), EmbedderError),
        (error(500, "internal"), StoreError),
        (error(413, "too_large"), InputError),
        (error(405, "method_not_allowed"), ConfigurationError),
    ],
)
def test_what_does_not_pass_is_asked_once(script: Script, answer: Any, kind: type[Exception]) -> None:
    server = script(answer)
    with interlingua.Client(server.url) as client, pytest.raises(kind, match=r"Said so\. \(request r1\)$"):
        client.languages()
    assert len(server.asked) == 1


def test_patience_ends(script: Script) -> None:
    server = script(error(503, "store_locked"))
    with interlingua.Client(server.url, patience=1) as client, pytest.raises(StoreLockedError, match="503 Said so"):
        client.languages()
    assert len(server.asked) > 2
    assert server.asked[-1] - server.asked[0] < 1.5


def test_an_answer_that_does_not_come_is_given_up(script: Script) -> None:
    server = script(None)
    server.listener.stop()
    with (
        interlingua.Client(server.url, patience=0.5) as client,
        pytest.raises(StoreError, match="Is the server running"),
    ):
        client.languages()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, b"<html>Welcome</html>", {}), StoreError),
        ((200, {"tongues": {}}, {}), StoreError),
        ((200, [], {}), StoreError),
        ((404, b"<html>Nothing here</html>", {}), ConfigurationError),
        ((302, b"", {"Location": "https://example.org/"}), ConfigurationError),
        ((500, b"oops", {}), StoreError),
    ],
)
def test_what_is_no_interlingua_server_is_recognised(script: Script, answer: Any, kind: type[Exception]) -> None:
    with interlingua.Client(script(answer).url) as client, pytest.raises(kind, match="an Interlingua server"):
        client.languages()


def test_an_export_that_breaks_off_is_no_export(script: Script) -> None:
    server = script(
        (200, b'{"id": "1", "document_id": "a", "ordinal": 0, ', {"Content-Length": "99", "Connection": "close"})
    )
    with (
        interlingua.Client(server.url) as client,
        pytest.raises(StoreError, match="broke off in the middle of /export"),
    ):
        list(client.export())


def test_a_closed_client_says_so(served: Served) -> None:
    client = served.client()
    client.close()
    with pytest.raises(StoreError, match=r"closed\. Make another"):
        client.languages()


def test_a_server_that_restarts_is_waited_for(start: Start) -> None:
    first = start()
    port = int(first.url.rpartition(":")[2])
    with interlingua.Client(first.url, patience=60) as client:
        client.add([Document(id="ka", text=SENTENCES["ka"])])
        assert first.stop() == 0
        start(port=port)
        assert client.search(SENTENCES["ka"])[0].chunk.text == SENTENCES["ka"]
