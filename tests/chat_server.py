"""A small server that speaks OpenAI's `/v1/chat/completions`, streamed, and does what a test tells it to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from listening import Listener, ListeningHandler

Act = Callable[[ListeningHandler], None]
"""Answers one request."""


@dataclass
class ChatServer:
    """The server. `acts` answer one request each, the last one all that follow."""

    acts: Sequence[Act]
    models: list[str] = field(default_factory=lambda: ["tiny"])
    key: str | None = None
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answered: int = 0
    _http: Listener | None = None

    @property
    def url(self) -> str:
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> ChatServer:
        self._http = Listener(0, _Handler, self)
        return self

    def stop(self) -> None:
        assert self._http is not None
        self._http.stop()

    def prompts(self) -> list[str]:
        """The text of all messages of each request."""
        return ["\n".join(message["content"] for message in body["messages"]) for _, body in self.requests if body]


class _Handler(ListeningHandler):
    def get(self) -> None:
        served: ChatServer = self.server.owner
        served.requests.append((self.path, {}))
        found = self.path == "/v1/models"
        listing = {"object": "list", "data": [{"id": name, "object": "model"} for name in served.models]}
        self.reply(200 if found else 404, json.dumps(listing if found else {"error": "no such path"}).encode())

    def post(self) -> None:
        served: ChatServer = self.server.owner
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        served.requests.append((self.path, body))
        if served.key is not None and self.headers.get("Authorization") != f"Bearer {served.key}":
            return self.reply(401, b'{"error": {"message": "Incorrect API key provided"}}')
        if self.path != "/v1/chat/completions":
            return self.reply(404, b'{"error": {"message": "no such path"}}')
        act = served.acts[min(served.answered, len(served.acts) - 1)]
        served.answered += 1
        return act(self)


def event(text: str | None, finish: str | None = None) -> bytes:
    """One server-sent event with a piece of text."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


def stream(*parts: bytes, kind: str = "text/event-stream", wait: float = 0.0) -> Act:
    """Send `parts`, chunked, with so many seconds before each but the first; then end the answer."""

    def act(handler: ListeningHandler) -> None:
        handler.raw(200, b"", {"Content-Type": kind, "Transfer-Encoding": "chunked"})
        for number, part in enumerate(parts):
            time.sleep(wait if number else 0)
            _send(handler, part)
        _send(handler, b"")

    return act


def says(*pieces: str, finish: str | None = "stop", done: bool = True, wait: float = 0.0) -> Act:
    """A model that writes these pieces, as OpenAI sends them: a role first, a count of tokens last."""
    first = b'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}\n\n: keep-alive\n\n'
    last = b'data: {"choices": [], "usage": {"total_tokens": 7}}\n\n' + (b"data: [DONE]\n\n" if done else b"")
    return stream(first, *map(event, pieces), event(None, finish) + last, wait=wait)


def breaks_off(*pieces: str) -> Act:
    """The connection is lost after these pieces."""

    def act(handler: ListeningHandler) -> None:
        handler.raw(200, b"", {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        for piece in pieces:
            _send(handler, event(piece))
        handler.close_connection = True

    return act


def endless(piece: str) -> Act:
    """The same piece for ever, until the client hangs up."""

    def act(handler: ListeningHandler) -> None:
        handler.raw(200, b"", {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        while True:
            _send(handler, event(piece) * 50)

    return act


def refuses(status: int, message: str = "no", headers: dict[str, str] | None = None) -> Act:
    """An error in OpenAI's form."""
    content = json.dumps({"error": {"message": message, "type": "error", "code": status}}).encode()
    return lambda handler: handler.reply(status, content, headers)


def waits(seconds: float) -> Act:
    """Says nothing for so long."""

    def act(handler: ListeningHandler) -> None:
        time.sleep(seconds)
        says("late [1].")(handler)

    return act


def _send(handler: ListeningHandler, part: bytes) -> None:
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
    handler.wfile.flush()
