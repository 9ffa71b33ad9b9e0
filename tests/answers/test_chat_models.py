"""Which chat model the settings mean, and chat models of LangChain."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from answers_samples import ENGLISH, Held, article
from chat_factories import Chunk, Shaped
from chat_server import ChatServer, says
from interlingua.app.answers import Answerer, Chat, LangChainChat, Message, ServedChat, open_chat
from interlingua.app.settings import load
from interlingua.retrieval.errors import ChatError, ConfigurationError

Serve = Callable[..., ChatServer]
MESSAGES = [Message("system", "Be brief."), Message("user", "من حر؟")]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_settings_there_is_no_chat_model() -> None:
    assert open_chat(load()) is None


def test_a_served_model_has_the_settings(serve: Serve) -> None:
    server = serve(says("yes"), key="sk-1")
    chat = open_chat(load(chat_url=f"{server.url}/v1", chat_model="tiny", chat_key="sk-1"))
    assert isinstance(chat, ServedChat)
    assert isinstance(chat, Chat)
    assert (chat.name, list(chat.stream(MESSAGES))) == ("tiny", ["yes"])
    chat.close()


@pytest.mark.parametrize(
    ("name", "of"), [("chat_factories:shaped", "shaped-1"), ("chat_factories:scripted", "scripted")]
)
def test_a_model_of_ones_own_is_named_by_the_function_that_makes_it(name: str, of: str) -> None:
    chat = open_chat(load(chat_model=name))
    assert chat is not None
    assert chat.name == of
    assert Answerer(article("en", "ja"), chat).answer("Who is born free and equal?").text == ENGLISH


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("qwen3:8b", r"'qwen3:8b' cannot be imported: .*Set chat_url for a model behind a server"),
        ("gpt-oss", r"'gpt-oss' cannot be imported: .*Set chat_url"),
        ("chat_factories:nothing", "chat_factories has no 'nothing' to call"),
        ("chat_factories", "has no '' to call"),
        (":shaped", "cannot be imported"),
        ("chat_factories:needs_something", "cannot be made without arguments: .*'name'"),
        ("chat_factories:no_model", "made a object, which has no method stream"),
    ],
)
def test_what_is_no_chat_model_is_refused_with_the_way_out(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        open_chat(load(chat_model=name))


def test_content_may_be_text_or_blocks_of_which_the_text_counts() -> None:
    model = Shaped(
        "Free",
        [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": " and"}, " equal"],
        [{"text": " men"}, {"type": "tool_call", "name": "search"}, {"type": "text"}],
        [],
        "",
        None,
        Chunk(" [1].").content,
    )
    chat = LangChainChat(model)
    assert list(chat.stream(MESSAGES)) == ["Free", " and", " equal", " men", " [1]."]
    assert model.sent == [[("system", "Be brief."), ("user", "من حر؟")]]


def test_whatever_a_model_of_langchain_raises_is_a_chat_error() -> None:
    chat = LangChainChat(Shaped("Free", RuntimeError("quota " + "x" * 1000)))
    pieces = chat.stream(MESSAGES)
    assert next(pieces) == "Free"
    with pytest.raises(ChatError, match="shaped-1 failed: RuntimeError: quota") as raised:
        next(pieces)
    assert len(str(raised.value)) < 500


def test_closing_the_iterator_closes_that_of_the_model() -> None:
    held = Held("Free and equal")
    pieces = LangChainChat(held).stream(MESSAGES)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # it is a generator
    assert held.closed == 1


def test_the_fake_chat_model_of_langchain_answers() -> None:
    fakes = pytest.importorskip("langchain_core.language_models.fake_chat_models", reason="langchain-core is missing")
    chat = LangChainChat(fakes.GenericFakeChatModel(messages=iter([ENGLISH])))
    assert chat.name == "GenericFakeChatModel"
    answer = Answerer(article("en", "ja"), chat).answer("Who is born free and equal in dignity?")
    assert (answer.text, len(answer.citations)) == (ENGLISH, 2)


def test_no_framework_is_loaded_for_it() -> None:
    code = "import sys, interlingua.app.answers, interlingua.app.cli; print('langchain_core' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
