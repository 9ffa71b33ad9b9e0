from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.qdrant import QdrantStore
from qdrant_client import QdrantClient
from store_samples import MANIFEST, Backend


@pytest.fixture(params=["edge", "memory", "server"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    if request.param == "edge":
        yield Backend("edge", lambda: EdgeStore(tmp_path / "索引 store"))
        return
    if request.param == "memory":
        client = QdrantClient(":memory:")
        yield Backend("memory", lambda: QdrantStore(client))
        client.close()
        return
    url = os.environ.get("QDRANT_URL")
    if not url:
        pytest.skip("QDRANT_URL is not set: no Qdrant server to test against")
    key = os.environ.get("QDRANT_API_KEY")
    collection = f"interlingua-test-{uuid.uuid4().hex}"
    yield Backend("server", lambda: QdrantStore(url, collection=collection, api_key=key))
    client = QdrantClient(url=url, api_key=key, check_compatibility=False)
    for made in client.get_collections().collections:  # a migration makes -2, -3, …
        if made.name.startswith(collection):
            client.delete_collection(made.name)
    client.close()


@pytest.fixture
def store(backend: Backend) -> Iterator[Store]:
    opened = backend.open()
    opened.prepare(MANIFEST)
    yield opened
    opened.close()
