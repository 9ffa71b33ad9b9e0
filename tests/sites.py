"""A web site on loopback: pages that a test writes, conditional answers, a log of what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from listening import Listener, ListeningHandler


@dataclass
class Answer:
    """What a path answers; an ETag is made of the body unless the headers have one, or `etag` is False."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: bool = True
    run: Callable[[Any], None] | None = None


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    status: int = 0


class Handler(ListeningHandler):
    def get(self) -> None:
        self.server.owner.answer(self)


class Site:
    """Starts at once; `paths` are the answers, `requests` what was asked for so far."""

    def __init__(self) -> None:
        self.paths: dict[str, Answer] = {}
        self.requests: list[Request] = []
        self.dropping: Callable[[str], bool] = lambda _: False
        self._listener: Listener | None = Listener(0, Handler, self)
        self.port = self._listener.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"

    def page(self, path: str, text: str, *, head: str = "", links: tuple[str, ...] = (), **options: Any) -> None:
        """An HTML page in UTF-8."""
        anchors = "".join(f'<li><a href="{link}">link</a></li>' for link in links)
        html = f"<!doctype html><html><head><title>{path}</title>{head}</head>"
        html += f"<body><nav><ul>{anchors}</ul></nav><main><p>{text}</p></main></body></html>"
        self.put(path, html.encode(), **options)

    def put(
        self, path: str, body: bytes | str, media: str = "text/html; charset=utf-8", status: int = 200, **headers: str
    ) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.paths[quote(path, safe="/?=&%.")] = Answer(data, status, {"Content-Type": media, **named})

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        self.paths[path] = Answer(status=status, headers={"Location": target})

    def answer(self, handler: Any) -> None:
        request = Request(handler.path, {name.lower(): value for name, value in handler.headers.items()})
        self.requests.append(request)
        if self.dropping(handler.path):
            handler.close_connection = True
            return
        found = self.paths.get(handler.path)
        if found is None:
            request.status = 404
            handler.reply(404, b"not here", {"Content-Type": "text/plain"})
            return
        if found.run is not None:
            found.run(handler)
            return
        headers = dict(found.headers)
        if found.etag and found.status == 200:
            headers.setdefault("ETag", f'"{hashlib.md5(found.body).hexdigest()}"')
        if headers.get("ETag") and request.headers.get("if-none-match") == headers["ETag"]:
            request.status = 304
            handler.raw(304, b"", {"ETag": headers["ETag"]})
            return
        request.status = found.status
        handler.reply(found.status, found.body, headers)

    def asked(self) -> list[tuple[str, int]]:
        """Path and status of all requests since the last time, sorted, without robots.txt."""
        seen = sorted((request.path, request.status) for request in self.requests if request.path != "/robots.txt")
        self.requests.clear()
        return seen

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody listens."""
        self.stop()
        try:
            yield
        finally:
            self._listener = Listener(self.port, Handler, self)

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener = None


@contextmanager
def site() -> Iterator[Site]:
    opened = Site()
    try:
        yield opened
    finally:
        opened.stop()
