"""Chat models that the setting chat_model can name: `chat_factories:shaped` and the like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from answers_samples import ENGLISH, Scripted


@dataclass
class Chunk:
    """A chunk as LangChain's models stream it."""

    content: Any


class Shaped:
    """What a chat model of LangChain looks like from outside; it notes what it is sent."""

    model_name = "shaped-1"

    def __init__(self, *contents: Any) -> None:
        self.contents = contents
        self.sent: list[Any] = []

    def stream(self, messages: Any) -> Iterator[Any]:
        self.sent.append(messages)
        for content in self.contents:
            if isinstance(content, Exception):
                raise content
            yield content if isinstance(content, str) else Chunk(content)


def shaped() -> Shaped:
    return Shaped(Chunk(ENGLISH[:20]).content, [{"type": "text", "text": ENGLISH[20:]}])


def scripted() -> Scripted:
    return Scripted([ENGLISH] * 10)


def needs_something(name: str) -> Shaped:
    return Shaped(name)


def no_model() -> object:
    return object()
