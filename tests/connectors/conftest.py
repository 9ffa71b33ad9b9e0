"""What the tests of all connectors share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from counterparts.sql_postgres import SERVERS
from interlingua.retrieval.protocols import Store
from sync_samples import Syncing, memory_store, passing_store


@pytest.fixture(params=["edge", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "edge":
        with passing_store(tmp_path / "index") as edge:
            yield edge
    else:
        with memory_store() as memory:
            yield memory


@pytest.fixture
def sync(store: Store) -> Syncing:
    return Syncing(store)


@pytest.fixture
def small(sync: Syncing) -> None:
    """Segments of two items."""
    sync.segment_items = 2


def pytest_sessionfinish() -> None:
    """End the servers that were kept for several tests."""
    SERVERS.close()
