"""A location is a folder or a server, and looking at it loads no engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from interlingua.retrieval.stores import open_store
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.qdrant import QdrantStore


@pytest.mark.parametrize(
    "location",
    [
        "http://localhost:6333",
        "https://example.org",
        "HTTPS://xyz.cloud.qdrant.io:6333",
        "localhost:6334",
        "qdrant:6333",
        "[::1]:6334",
    ],
)
def test_an_address_is_a_server(location: str) -> None:
    store = open_store(location, collection="papers", api_key="k")
    assert isinstance(store, QdrantStore)
    assert store.collection == "papers"


@pytest.mark.parametrize("location", [".interlingua", "/srv/index", "C:\\index", "a:b", "資料", Path("localhost:6334")])
def test_anything_else_is_a_folder_and_nothing_is_created(location: str | Path) -> None:
    store = open_store(location)
    assert isinstance(store, EdgeStore)
    assert store.folder == Path(location)
    assert not Path(location).exists()


def test_importing_the_package_loads_no_engine() -> None:
    code = (
        "import sys, interlingua.retrieval.stores;"
        "print([m for m in ('qdrant_client', 'qdrant_edge', 'grpc') if m in sys.modules]);"
        "import interlingua.retrieval.stores.qdrant; print('qdrant_client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False"]
