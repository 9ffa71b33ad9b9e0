"""Answers over HTTP are those of an answerer over the same index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chat_server import ChatServer, breaks_off, refuses, says
from client_samples import Serve, Served
from interlingua import Client
from interlingua.app.answers import Answer, Citation, Passages, Text
from interlingua.retrieval.errors import ChatError, FilterError, StoreError
from interlingua.retrieval.types import Document
from listening import Listener, ListeningHandler
from support import SENTENCES

GERMAN = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren [1]. ",
    "Das gilt überall [17] und immer [2].",
)
QUESTION = "Wer ist frei und gleich an Würde und Rechten geboren?"

Answering = Callable[..., Served]


@pytest.fixture
def answering(serve: Serve, sentences: list[Document]) -> Iterator[Answering]:
    """Start a server with the sentences and a chat model that does as it is told."""
    started: list[ChatServer] = []

    def start(*acts: Any) -> Served:
        started.append(ChatServer(acts).start())
        served = serve(chat_url=started[-1].url, chat_model="tiny")
        served.index.ingest(sentences)
        return served

    yield start
    for server in started:
        server.stop()


def test_an_answer_is_whole_and_comes_in_the_same_pieces(answering: Answering) -> None:
    served = answering(says(*GERMAN))
    with served.client() as client:
        answer = client.answer(QUESTION, limit=3)
        first, *pieces, last = client.stream_answer(QUESTION, limit=3)
        found = client.search(QUESTION, limit=3)
    assert answer == last
    assert isinstance(answer, Answer)
    assert answer.text == "".join(GERMAN).replace(" [17]", "")
    assert (answer.language, answer.language_ok, answer.removed, answer.model) == ("de", True, 1, "tiny")
    assert first == Passages(hits=tuple(found))
    assert answer.hits == tuple(found)
    assert "".join(piece.text for piece in pieces if isinstance(piece, Text)) == answer.text
    assert [type(citation) for citation in answer.citations] == [Citation, Citation]
    for citation in answer.citations:
        text = SENTENCES[citation.document_id.removeprefix("udhr/")]
        assert text[citation.start : citation.end] == citation.quote


def test_the_options_reach_the_search(answering: Answering) -> None:
    with answering(says("人人生而自由 [1]。")).client() as client:
        answer = client.answer("谁生而自由？", limit=2, languages=["zh", "ja"])
        assert {hit.chunk.language for hit in answer.hits} == {"zh-Hans", "ja"}
        with pytest.raises(FilterError, match="nothing in fr"):
            client.answer(QUESTION, languages=["fr"])
        with pytest.raises(FilterError):
            next(client.stream_answer(QUESTION, filter={"nowhere": 1}))


def test_without_a_chat_model_there_are_the_passages(serve: Serve, sentences: list[Document]) -> None:
    served = serve()
    served.index.ingest(sentences)
    with served.client() as client:
        answer = client.answer(SENTENCES["ka"], limit=2)
    assert (answer.text, answer.language, answer.abstained, answer.reason) == ("", "und", True, "no_model")
    assert answer.hits[0].chunk.text == SENTENCES["ka"]


@pytest.mark.parametrize("act", [breaks_off(*GERMAN), refuses(400)])
def test_what_the_model_failed_of_is_raised(answering: Answering, act: Any) -> None:
    with (
        answering(act).client() as client,
        pytest.raises(ChatError, match=r"The chat model failed.*\(request [0-9a-f]+\)"),
    ):
        client.answer(QUESTION)


class _Short(ListeningHandler):
    """Ends in order, but before the answer."""

    def post(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(200, b'event: text\ndata: {"text": "All "}\n\n', {"Content-Type": "text/event-stream"})


def test_half_an_answer_is_none() -> None:
    listener = Listener(0, _Short, None)
    try:
        with Client(f"http://127.0.0.1:{listener.server_address[1]}") as client:
            pieces = client.stream_answer(QUESTION)
            assert next(pieces) == Text("All ")
            with pytest.raises(StoreError, match="before its last event"):
                next(pieces)
    finally:
        listener.stop()
