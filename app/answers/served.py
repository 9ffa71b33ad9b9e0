"""Chat models behind a server that speaks OpenAI's `/v1/chat/completions`: OpenAI, vLLM, Ollama, llama.cpp, …"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ...retrieval.errors import ChatError, EmbedderError
from ...retrieval.served.address import split_version
from ...retrieval.served.connection import Arriving, Connection, Refusal
from ...retrieval.served.listing import list_models, served_name

if TYPE_CHECKING:
    from .chat import Message

_ATTEMPTS = 4  # someone is waiting: two seconds on average, or what the server asks for
_LONGEST = 10  # times the timeout: from the first piece of an answer to its end
_LARGEST = 16 << 20  # bytes of a streamed answer, in which a token takes some 200
_DONE = b"[DONE]"
_CUT_SHORT = {
    "length": "The model stopped at its limit of tokens before the answer ended. Raise the server's limit or the "
    "model's context, or lower chat_context.",
    "content_filter": "The server's content filter ended the answer.",
}


def open_served(url: str, *, model: str | None = None, key: str | None = None, timeout: float = 120.0) -> ServedChat:
    """The chat model behind `url`; nothing is asked of the server before first use.

    Args:
        url: as http://HOST:PORT or https://HOST/v1; the path of the endpoint is understood too.
        model: its name; None: the only one that the server lists.
        key: sent as bearer token.
        timeout: seconds until an answer begins, and from each piece to the next.

    Raises:
        ConfigurationError: the URL or the key cannot be one.
    """
    base, version = split_version(url)
    connection = Connection(base, key=key, attempts=_ATTEMPTS, read_timeout=timeout, timeouts=1)
    return ServedChat(connection, model=model, version=version, longest=_LONGEST * timeout)


class ServedChat:
    """Asks a server; any number of threads may share one instance.

    Args:
        connection: the way to the server.
        model: its name; None: the only one that the server lists.
        version: the path before `/chat/completions`; None is `/v1`.
        longest: seconds that an answer may take from its first piece to its end.
    """

    def __init__(
        self, connection: Connection, *, model: str | None = None, version: str | None = None, longest: float = 1200.0
    ) -> None:
        self._connection = connection
        self._model = model
        self._version = version
        self._longest = longest

    @property
    def name(self) -> str:
        """Name of the model on the server; where none was given, the server's until the first answer."""
        return self._model or self._connection.name

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The answer in pieces, as the server sends them. Raises ChatError when it fails or breaks off."""
        path = f"{'/v1' if self._version is None else self._version}/chat/completions"
        sent = [{"role": message.role, "content": message.content} for message in messages]
        try:
            if self._model is None:
                self._model = served_name(self._connection, list_models(self._connection, self._version), None, None)
            body = {"model": self._model, "messages": sent, "stream": True}
            with self._connection.stream(path, body) as outcome:
                yield from self._texts(outcome)
        except EmbedderError as error:
            raise ChatError(str(error)) from error

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()

    def _texts(self, outcome: Arriving | Refusal) -> Iterator[str]:
        if isinstance(outcome, Refusal):
            advice = " If the prompt is too long for the model, lower chat_context." if outcome.status == 400 else ""
            raise ChatError(outcome.message + advice)
        if "text/event-stream" not in outcome.kind:
            content = b"".join(self._bounded(outcome.pieces))
            raise self._unusable(f"{outcome.kind or 'nothing'} in place of a stream of events", content)
        finished = None
        for data in _data(self._bounded(outcome.pieces)):
            if data == _DONE:
                finished = finished or "stop"
                break
            text, reason = self._read(data)
            finished = reason or finished
            if text:
                yield text
        if finished is None:
            raise ChatError(f"{self._connection.name} broke off in the middle of its answer, without saying its end.")
        if finished in _CUT_SHORT:
            raise ChatError(_CUT_SHORT[finished])

    def _read(self, data: bytes) -> tuple[str, str | None]:
        """The text of an event, and why the answer ends where it does."""
        try:
            event = json.loads(data)
            if not isinstance(event, Mapping) or event.get("error") or "choices" not in event:
                raise self._unusable("an error in place of an answer", data)
            choice = event["choices"][0] if event["choices"] else {}  # the event that counts tokens has none
            text = (choice.get("delta") or {}).get("content") or ""
            if not isinstance(text, str):
                raise TypeError(f"content of type {type(text).__name__}")
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise self._unusable(f"an event that cannot be read ({type(error).__name__})", data) from error
        return text, choice.get("finish_reason")

    def _unusable(self, what: str, content: bytes) -> ChatError:
        return ChatError(
            f"{self._connection.name} answered {what}: {self._connection.said(content)}. "
            "Check that the address is that of a chat model with OpenAI's API, and the model's name."
        )

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """`pieces`, until they take too long or become too many."""
        end, size = time.monotonic() + self._longest, 0
        for piece in pieces:
            size += len(piece)
            if size > _LARGEST:
                raise ChatError(f"{self._connection.name} answered more than {_LARGEST} bytes without an end.")
            yield piece
            if time.monotonic() > end:
                raise ChatError(
                    f"{self._connection.name} has not ended its answer after {self._longest:g} s. Take a faster model, "
                    "or raise chat_timeout, which is a tenth of that."
                )


def _data(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The data of server-sent events, each of which is one line here; comments and other fields are passed over."""
    rest: list[bytes] = []
    for piece in pieces:
        *lines, last = piece.split(b"\n")
        if lines:
            lines[0] = b"".join([*rest, lines[0]])
            rest = []
        rest.append(last)
        yield from (line[5:].strip() for line in lines if line.startswith(b"data:"))
    if (line := b"".join(rest)).startswith(b"data:"):
        yield line[5:].strip()
