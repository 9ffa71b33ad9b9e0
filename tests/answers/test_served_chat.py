"""A chat model behind a server with OpenAI's API: what is sent, what comes back, and what can go wrong."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from chat_server import ChatServer, breaks_off, endless, event, refuses, says, stream, waits
from interlingua.app.answers import Message, ServedChat, open_served
from interlingua.retrieval.errors import ChatError, ConfigurationError
from interlingua.retrieval.served import Connection

Serve = Callable[..., ChatServer]
MESSAGES = [Message("system", "Be brief."), Message("user", "誰が自由か")]
KEY = "sk-very-secret-0123456789"


@pytest.fixture
def chat() -> Iterator[Callable[..., ServedChat]]:
    """Chat models that are closed at the end, with retries that take no time."""
    made = []

    def chat_(server: ChatServer, *, longest: float = 60.0, **options: object) -> ServedChat:
        given = {"attempts": 4, "first_wait": 0.01, "read_timeout": 5.0, **options}
        made.append(ServedChat(Connection(server.url, **given), model="tiny", longest=longest))  # type: ignore[arg-type]
        return made[-1]

    yield chat_
    for one in made:
        one.close()


def test_an_answer_comes_piece_by_piece_and_exactly_as_the_server_sent_it(serve: Serve) -> None:
    pieces = ["すべての", "人間は ", "\n自由", "である [1]。", " 🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
    server = serve(says(*pieces))
    model = open_served(f"{server.url}/v1/chat/completions", model="tiny", key=KEY)
    assert list(model.stream(MESSAGES)) == pieces
    model.close()
    assert server.requests == [
        (
            "/v1/chat/completions",
            {
                "model": "tiny",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "誰が自由か"},
                ],
                "stream": True,
            },
        )
    ]


def test_a_piece_is_there_before_the_next_one_is_written(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    answer = chat(serve(says("one", "two", wait=0.4))).stream(MESSAGES)
    assert next(answer) == "one"
    came = time.monotonic()
    assert next(answer) == "two"
    assert time.monotonic() - came > 0.2


def test_events_cut_anywhere_and_with_crlf_are_read(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    content = (event("Ελευ") + event("θερία") + event(None, "stop") + b"data: [DONE]").replace(b"\n", b"\r\n")
    parts = [content[n : n + 7] for n in range(0, len(content), 7)]
    assert "".join(chat(serve(stream(*parts))).stream(MESSAGES)) == "Ελευθερία"


def test_the_only_model_of_a_server_need_not_be_named(serve: Serve) -> None:
    server = serve(says("yes"), models=["qwen3:8b"])
    model = open_served(server.url)
    assert model.name == server.url
    assert (list(model.stream(MESSAGES)), model.name) == (["yes"], "qwen3:8b")
    model.close()
    several = open_served(serve(says("yes"), models=["a", "b"]).url)
    with pytest.raises(ConfigurationError, match="several models: a, b"):
        list(several.stream(MESSAGES))
    several.close()


def test_a_server_that_is_not_there_is_named(chat: Callable[..., ServedChat]) -> None:
    server = ChatServer([says("x")]).start()
    model = chat(server)
    server.stop()
    with pytest.raises(
        ChatError, match=r"127\.0\.0\.1.* failed 3 times at /v1/chat/completions.*Is the server running"
    ):
        list(model.stream(MESSAGES))


def test_a_wrong_key_is_told_without_showing_it(
    serve: Serve, chat: Callable[..., ServedChat], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(ChatError, match=r"401 .*Incorrect API key.*Give the key") as raised,
    ):
        list(chat(serve(says("x"), key="another"), key=KEY).stream(MESSAGES))
    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r} {caplog.text}"


def test_too_many_requests_are_waited_out_as_long_as_the_server_asks(
    serve: Serve, chat: Callable[..., ServedChat]
) -> None:
    server = serve(refuses(429, "slow down", {"Retry-After": "0.4"}), says("yes"))
    began = time.monotonic()
    assert list(chat(server).stream(MESSAGES)) == ["yes"]
    assert time.monotonic() - began >= 0.4
    assert server.answered == 2


def test_a_stream_without_a_first_byte_is_asked_for_again(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    server = serve(breaks_off(), says("yes"))
    assert list(chat(server).stream(MESSAGES)) == ["yes"]
    assert server.answered == 2


def test_an_answer_that_breaks_off_is_not_asked_for_again(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    server = serve(breaks_off("All men are "), says("yes"))
    pieces = chat(server).stream(MESSAGES)
    assert next(pieces) == "All men are "
    with pytest.raises(ChatError, match="broke off in the middle of its answer"):
        next(pieces)
    assert server.answered == 1


def test_an_end_that_nobody_announced_is_no_end(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    with pytest.raises(ChatError, match="without saying its end"):
        list(chat(serve(says("All men are", finish=None, done=False))).stream(MESSAGES))


@pytest.mark.parametrize(("finish", "message"), [("length", "limit of tokens"), ("content_filter", "content filter")])
def test_an_answer_that_was_cut_short_is_no_answer(
    serve: Serve, chat: Callable[..., ServedChat], finish: str, message: str
) -> None:
    with pytest.raises(ChatError, match=message):
        list(chat(serve(says("All men are", finish=finish))).stream(MESSAGES))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"data: {broken\n\n", "an event that cannot be read"),
        (b"data: [1, 2]\n\n", "an error in place of an answer"),
        (b'data: {"error": {"message": "model overloaded"}}\n\n', "model overloaded"),
        (b'data: {"choices": [{"delta": {"content": 7}}]}\n\n', "TypeError"),
        (b'data: {"choices": ["x"]}\n\n', "AttributeError"),
        (b"nothing of the kind\n", "without saying its end"),
        (b"", "without saying its end"),
    ],
)
def test_a_malformed_stream_is_told_with_the_servers_words(
    serve: Serve, chat: Callable[..., ServedChat], content: bytes, message: str
) -> None:
    with pytest.raises(ChatError, match=message):
        list(chat(serve(stream(*([content] if content else [])))).stream(MESSAGES))


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_another_kind_of_answer_is_refused(serve: Serve, chat: Callable[..., ServedChat], kind: str) -> None:
    with pytest.raises(ChatError, match=f"{kind} in place of a stream of events.*Log in"):
        list(chat(serve(stream(b"<h1>Log in</h1>", kind=kind))).stream(MESSAGES))


def test_a_path_that_is_not_there_is_told(serve: Serve) -> None:
    model = open_served(f"{serve(says('x')).url}/v2", model="tiny")
    with pytest.raises(ChatError, match=r"404 .*Check the path of the address"):
        list(model.stream(MESSAGES))
    model.close()


def test_a_prompt_that_is_too_long_is_told_with_the_setting(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    with pytest.raises(ChatError, match=r"maximum context.*lower chat_context"):
        list(chat(serve(refuses(400, "maximum context length is 2048"))).stream(MESSAGES))


def test_a_server_that_says_nothing_is_given_up(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    server = serve(waits(3.0))
    model = open_served(server.url, model="tiny", timeout=0.2)
    began = time.monotonic()
    with pytest.raises(ChatError, match=r"failed 1 times .*ReadTimeout"):
        list(model.stream(MESSAGES))
    assert time.monotonic() - began < 2.0
    model.close()
    assert server.answered == 1


def test_a_server_that_stops_in_the_middle_is_given_up(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    with pytest.raises(ChatError, match=r"broke off .*ReadTimeout"):
        list(chat(serve(says("a", "b", wait=3.0)), read_timeout=0.2).stream(MESSAGES))


def test_an_answer_that_takes_too_long_as_a_whole_is_given_up(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    pieces = ["a"] * 100
    with pytest.raises(ChatError, match=r"not ended its answer after 0\.3 s.*chat_timeout"):
        list(chat(serve(says(*pieces, wait=0.05)), longest=0.3).stream(MESSAGES))


def test_an_endless_answer_is_given_up(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    with pytest.raises(ChatError, match="more than 16777216 bytes without an end"):
        list(chat(serve(endless("x" * 100_000))).stream(MESSAGES))


def test_closing_the_iterator_hangs_up(serve: Serve, chat: Callable[..., ServedChat]) -> None:
    hung_up = threading.Event()

    def forever(handler: object) -> None:
        try:
            endless("x" * 1000)(handler)  # type: ignore[arg-type]  # a handler, as every act gets
        except OSError:
            hung_up.set()

    pieces = chat(serve(forever)).stream(MESSAGES)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # it is a generator
    assert hung_up.wait(10)
