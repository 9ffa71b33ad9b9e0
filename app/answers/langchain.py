"""Any chat model of LangChain as a `Chat`; LangChain itself is not imported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...retrieval.errors import ChatError

if TYPE_CHECKING:
    from .chat import Message

_MESSAGE_CHARACTERS = 300


class LangChainChat:
    """A chat model of LangChain.

    Args:
        model: what has `stream(messages)`, such as `ChatOllama(model="qwen3:8b")` or what `init_chat_model` gives.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The name of the model where it has one, else of its class."""
        for attribute in ("model_name", "model", "model_id"):
            value = getattr(self._model, attribute, None)
            if isinstance(value, str) and value:
                return value
        return type(self._model).__name__

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The text of the answer in pieces; reasoning and tool calls are passed over."""
        try:
            chunks = self._model.stream([(message.role, message.content) for message in messages])
            with contextlib.closing(chunks) if hasattr(chunks, "close") else contextlib.nullcontext():
                for chunk in chunks:
                    yield from _texts(getattr(chunk, "content", chunk))
        except Exception as error:  # each integration raises the errors of its own client
            said = f"{type(error).__name__}: {error}".strip(": ")[:_MESSAGE_CHARACTERS]
            raise ChatError(f"{self.name} failed: {said}. Check its configuration and its server.") from error


def _texts(content: Any) -> Iterator[str]:
    """The text of a chunk: a string, or blocks of which those of type `text` count."""
    for block in content if isinstance(content, list) else [content]:
        if isinstance(block, dict):
            block = block.get("text") if block.get("type", "text") == "text" else None
        if isinstance(block, str) and block:
            yield block
