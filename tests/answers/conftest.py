"""Chat servers that stop with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from chat_server import Act, ChatServer

Serve = Callable[..., ChatServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server: `serve(says("Yes [1]."), key="…")`."""
    started = []

    def serve_(*acts: Act, **options: object) -> ChatServer:
        server = ChatServer(acts, **options).start()  # type: ignore[arg-type]  # the options of the dataclass
        started.append(server)
        return server

    yield serve_
    for server in started:
        server.stop()
