"""POST /answer: with a chat model behind a real server, whole and as it is written."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from chat_server import ChatServer, breaks_off, refuses, says
from server_samples import Make, Start
from starlette.testclient import TestClient
from support import SENTENCES

GERMAN = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren [1]. ",
    "Das gilt überall [17] und immer [2].",
)
QUESTION = "Wer ist frei und gleich an Würde und Rechten geboren?"
Models = Callable[..., ChatServer]


@pytest.fixture
def models() -> Iterator[Models]:
    started: list[ChatServer] = []

    def start(*acts: Any) -> ChatServer:
        started.append(ChatServer(acts).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()


def filled(make: Make, chat: ChatServer | None, **options: Any) -> TestClient:
    named = {} if chat is None else {"chat_url": chat.url, "chat_model": "tiny"}
    client = make(**named, **options)
    add(client)
    return client


def add(client: TestClient) -> None:
    documents = [{"id": tag, "text": text, "metadata": {"tag": tag}} for tag, text in SENTENCES.items()]
    assert client.post("/documents", json={"documents": documents}).json()["report"]["added"] == len(SENTENCES)


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_an_answer_cites_exact_ranges(make: Make, models: Models) -> None:
    client = filled(make, models(says(*GERMAN)))
    answer = client.post("/answer", json={"question": QUESTION}).json()
    assert answer["answer"] == "".join(GERMAN).replace(" [17]", "")
    assert (answer["language"], answer["language_ok"], answer["removed"], answer["model"]) == ("de", True, 1, "tiny")
    assert [citation["number"] for citation in answer["citations"]] == [1, 2]
    for citation in answer["citations"]:
        assert SENTENCES[citation["document_id"]][citation["start"] : citation["end"]] == citation["quote"]
        assert answer["hits"][citation["number"] - 1]["document_id"] == citation["document_id"]


def test_a_streamed_answer_is_the_whole_one_in_pieces(make: Make, models: Models) -> None:
    client = filled(make, models(says(*GERMAN)))
    whole = client.post("/answer", json={"question": QUESTION}).json()
    streamed = client.post("/answer", json={"question": QUESTION, "stream": True})
    assert streamed.headers["Content-Type"].startswith("text/event-stream")
    first, *pieces, last = events(streamed.text)
    assert (first[0], last[0]) == ("passages", "answer")
    assert first[1]["hits"] == whole["hits"]
    assert {name for name, _ in pieces} == {"text"}
    assert "".join(data["text"] for _, data in pieces) == last[1]["answer"]
    assert last[1] == whole


def test_without_a_chat_model_there_are_the_passages(make: Make) -> None:
    client = filled(make, None)
    answer = client.post("/answer", json={"question": SENTENCES["ja"], "limit": 3}).json()
    assert (answer["answer"], answer["reason"], answer["abstained"]) == (None, "no_model", True)
    assert answer["hits"][0]["document_id"] == "ja"
    assert len(answer["hits"]) == 3
    streamed = events(client.post("/answer", json={"question": SENTENCES["ja"], "stream": True}).text)
    assert [name for name, _ in streamed] == ["passages", "answer"]


def test_what_cannot_be_asked_is_an_error_before_the_stream_begins(make: Make, models: Models) -> None:
    chat = models(says(*GERMAN))
    client = filled(make, chat)
    for body in ({"filter": {"none": "x"}}, {"languages": ["Klingon"]}, {"question": "  "}):
        for stream in (False, True):
            answer = client.post("/answer", json={"question": "x", "stream": stream, **body})
            assert answer.status_code == 422
            assert "error" in answer.json()
    assert chat.requests == []


def test_a_chat_model_that_fails_is_named_without_its_address(make: Make, models: Models) -> None:
    chat = models(refuses(401))
    client = filled(make, chat)
    answer = client.post("/answer", json={"question": QUESTION})
    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "chat")
    assert chat.url not in answer.text


def test_a_stream_that_breaks_off_ends_with_an_error(make: Make, models: Models) -> None:
    client = filled(make, models(breaks_off(*GERMAN)))
    answer = client.post("/answer", json={"question": QUESTION, "stream": True}, headers={"X-Request-ID": "mine"})
    names = [name for name, _ in events(answer.text)]
    assert (answer.status_code, names[0], names[-1]) == (200, "passages", "error")
    error = events(answer.text)[-1][1]["error"]
    assert (error["type"], error["request_id"]) == ("chat", "mine")


class Dripping:
    """Writes a sentence every tenth of a second for a minute, until nobody reads."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def __call__(self, handler: Any) -> None:
        try:
            says(*["Das ist so [1]. "] * 600, wait=0.1)(handler)
        finally:
            self.ended.set()


def test_an_answer_that_takes_too_long_is_not_written_to_its_end(make: Make, models: Models) -> None:
    drips = Dripping()
    client = filled(make, models(drips), chat_timeout=2, request_timeout=1)
    answer = client.post("/answer", json={"question": QUESTION})
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "timeout")
    assert drips.ended.wait(5)


def test_an_answer_that_nobody_waits_for_is_not_written_to_its_end(start: Start, models: Models) -> None:
    drips = Dripping()
    server = start(chat_url=models(drips).url, chat_model="tiny")
    add(server.client)  # type: ignore[arg-type]
    with pytest.raises(httpx.ReadTimeout):
        server.client.post("/answer", json={"question": QUESTION}, timeout=1)
    assert drips.ended.wait(10)


def test_a_key_s_filter_holds_for_what_the_model_reads(make: Make, models: Models, keys: dict[str, str]) -> None:
    chat = models(says("Das ist so [1]."), says("Das ist so [1]."))
    client = make(keys="keys.toml", chat_url=chat.url, chat_model="tiny")
    for tenant, tag in (("acme", "de"), ("globex", "ru")):
        client.headers["Authorization"] = f"Bearer {keys[tenant]}"
        documents = [{"id": "1", "text": SENTENCES[tag]}]
        assert client.post("/documents", json={"documents": documents}).status_code == 200
    client.headers["Authorization"] = f"Bearer {keys['acme']}"
    answer = client.post("/answer", json={"question": SENTENCES["ru"], "limit": 50}).json()
    assert {hit["document_id"] for hit in answer["hits"]} == {"acme/1"}
    assert SENTENCES["de"] in chat.prompts()[0]
    assert SENTENCES["ru"] not in chat.prompts()[0].split("Question:")[0]
