"""A store of each kind for the adapters. Tests of a framework that is not installed are skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.qdrant import QdrantStore
from qdrant_client import QdrantClient


def pytest_configure(config: pytest.Config) -> None:
    # The suites of langchain-tests have async tests without a mark. Set here and not in pyproject.toml, where the name
    # would be an error to a pytest without pytest-asyncio.
    if config.pluginmanager.hasplugin("asyncio"):
        config.option.asyncio_mode = "auto"


@pytest.fixture(scope="class", params=["edge", "memory"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of each kind, not yet prepared; the tests of a class share it, since making one takes a second."""
    if request.param == "edge":
        edge = EdgeStore(tmp_path_factory.mktemp("store") / "索引")
        yield edge
        edge.close()
        return
    client = QdrantClient(":memory:")
    yield QdrantStore(client)
    client.close()
