"""The tiny models of tests/models, and the server of tests/served that runs one of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path[:0] = [str(Path(__file__).parent.parent / name) for name in ("models", "served")]

if TYPE_CHECKING:
    from probe_samples import TinyServer


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For reading only."""
    from layouts import MODELS

    return {name: make(tmp_path_factory.mktemp(name)) for name, (make, *_) in MODELS.items()}


@pytest.fixture
def serve(folders: dict[str, Path]) -> Iterator[Callable[..., TinyServer]]:
    """Start a server of one of the tiny models: `serve("qwen3", normalises=False)`."""
    from probe_samples import TinyServer

    started = []

    def serve_(name: str, *, folder: Path | None = None, **options: Any) -> TinyServer:
        server = TinyServer.of(name, folder or folders[name], **options)
        server.start()
        started.append(server)
        return server

    yield serve_
    for server in started:
        server.stop()
