"""Model servers that stop with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from served_samples import Opened
from server import ModelServer


@pytest.fixture
def start() -> Iterator[Callable[..., ModelServer]]:
    """Start a server: `start("tei", limit=4)`."""
    started = []

    def start_(speaks: str, **options: object) -> ModelServer:
        server = ModelServer(speaks, **options).start()  # type: ignore[arg-type]  # the options of the dataclass
        started.append(server)
        return server

    yield start_
    for server in started:
        server.stop()


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Embedders and rerankers that are closed at the end, with retries that take no time."""
    made = Opened()
    yield made
    for one in made.all:
        one.close()
