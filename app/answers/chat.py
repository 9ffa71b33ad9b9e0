"""The seam to chat models, and which one the settings mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, runtime_checkable

from ...retrieval.errors import ConfigurationError
from ..settings import Settings, plain
from .langchain import LangChainChat
from .served import open_served


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a chat model."""

    role: Literal["system", "user"]
    content: str


@runtime_checkable
class Chat(Protocol):
    """A model that answers messages with text. Nobody inherits from this."""

    @property
    def name(self) -> str:
        """Name for people and messages."""
        ...

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The answer in pieces, as the model writes it; closing the iterator ends the request.

        Raises:
            ChatError: the model failed, or its answer broke off.
        """
        ...


HOW_TO = """No chat model is configured. Name one by settings, as INTERLINGUA_* variables or in interlingua.toml:

  chat_url     address of a server that speaks OpenAI's API
  chat_model   name of the model there (without chat_url: package.module:factory of a LangChain chat model)
  chat_key     its API key, where it wants one

Ollama on this machine:
  INTERLINGUA_CHAT_URL=http://localhost:11434 INTERLINGUA_CHAT_MODEL=qwen3:8b interlingua ask 'your question'

Any server that is compatible with OpenAI's (vLLM, llama.cpp, LM Studio, a hosted one):
  INTERLINGUA_CHAT_URL=https://api.example.org/v1 INTERLINGUA_CHAT_MODEL=NAME INTERLINGUA_CHAT_KEY=... \
interlingua ask 'your question'"""
"""What to do when `open_chat` gives None."""


def open_chat(settings: Settings) -> Chat | None:
    """The chat model of the settings, None where they name none; nothing is asked of a server.

    Raises:
        ConfigurationError: the settings name one that cannot be.
    """
    if settings.chat_url is not None:
        return open_served(
            settings.chat_url,
            model=settings.chat_model,
            key=plain(settings.chat_key),
            timeout=settings.chat_timeout,
        )
    return None if settings.chat_model is None else _from_module(settings.chat_model)


def _from_module(name: str) -> Chat:
    """What `module:factory` makes: a chat model of LangChain, or one that satisfies `Chat`."""
    module_name, _, attribute = name.partition(":")
    advice = "Set chat_url for a model behind a server, or name package.module:factory of a LangChain chat model."
    try:
        make = getattr(import_module(module_name), attribute, None)
    except (ImportError, ValueError, TypeError) as error:  # ValueError, TypeError: no name of a module
        raise ConfigurationError(f"The chat model {name!r} cannot be imported: {error}. {advice}") from error
    if not callable(make):
        raise ConfigurationError(f"The chat model {name!r}: {module_name} has no {attribute!r} to call. {advice}")
    try:
        made = make()
    except TypeError as error:
        raise ConfigurationError(
            f"The chat model {name!r} cannot be made without arguments: {error}. Name a function that needs none."
        ) from error
    if isinstance(made, Chat):
        return made
    if not callable(getattr(made, "stream", None)):
        raise ConfigurationError(f"{name!r} made a {type(made).__name__}, which has no method stream. {advice}")
    return LangChainChat(made)
