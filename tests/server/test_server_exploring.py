"""Similar passages, a sample, numbers and uncertain languages over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from server_samples import Make
from starlette.testclient import TestClient
from support import SENTENCES, CountingEmbedder, NgramEmbedder


@pytest.fixture
def filled(client: TestClient) -> TestClient:
    """A document in each language, and one without letters."""
    documents = [{"id": f"a/{tag}", "text": text, "metadata": {"tag": tag}} for tag, text in SENTENCES.items()]
    documents.append({"id": "numbers", "text": "1948 / 12 / 10", "metadata": {}})
    assert client.post("/documents", json={"documents": documents}).json()["report"]["added"] == len(documents)
    return client


def similar(client: TestClient, **asked: Any) -> list[str]:
    answer = client.post("/similar", json={"document_id": "a/de", "ordinal": 0, **asked})
    assert answer.status_code == 200, answer.text
    return [hit["document_id"] for hit in answer.json()["hits"]]


def test_similar_passages_are_answered_like_those_of_a_search(filled: TestClient) -> None:
    [found, *rest] = filled.post("/search", json={"query": SENTENCES["de"], "limit": 20}).json()["hits"]
    asked = {"document_id": found["document_id"], "ordinal": found["ordinal"], "limit": 20}
    assert filled.post("/similar", json=asked).json() == {"hits": rest}


def test_similar_passages_are_narrowed_as_asked(filled: TestClient) -> None:
    assert "a/de" not in similar(filled, limit=100)
    assert len(similar(filled)) == 10
    assert sorted(similar(filled, languages=["ja", "Thai"])) == ["a/ja", "a/th"]
    assert similar(filled, filter={"tag": "ar"}, per_document=1) == ["a/ar"]


def test_nothing_is_embedded_for_similar_passages(make: Make) -> None:
    embedder = CountingEmbedder(NgramEmbedder())
    client = make(embedder=embedder)
    client.post("/documents", json={"documents": [{"id": "a/de", "text": SENTENCES["de"]}, {"id": "b", "text": "x"}]})
    assert similar(client) == ["b"]
    assert set(embedder.queries) <= {"ready"}


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ({"document_id": "missing"}, 404, "There is no such passage."),
        ({"ordinal": 1}, 404, "There is no such passage."),
        ({"ordinal": -1}, 422, "ordinal"),
        ({"ordinal": 2**31}, 422, "ordinal"),
        ({"document_id": ""}, 422, "document_id"),
        ({"document_id": "a" * 10_001}, 422, "document_id"),
        ({"document_id": "\ud800"}, 422, "document_id"),
        ({"limit": 101}, 422, "setting max_passages"),
        ({"languages": ["xx-nonsense"]}, 422, "Unknown language"),
        ({"filter": {"missing": 1}}, 422, "missing"),
        ({"query": "x"}, 422, "query"),
    ],
)
def test_what_cannot_be_asked_of_similar_says_so(
    filled: TestClient, asked: dict[str, Any], status: int, message: str
) -> None:
    body = json.dumps({"document_id": "a/de", "ordinal": 0, **asked})  # as ASCII, which can write half a character
    answer = filled.post("/similar", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, message in answer.json()["error"]["message"]) == (status, True), answer.text


def test_a_sample_has_vectors_as_the_embeddings_api_writes_them(filled: TestClient) -> None:
    found = filled.get("/sample").json()
    assert found["dimensions"] == NgramEmbedder.dim
    texts = [passage["text"] for passage in found["passages"]]
    assert len(texts) == len(SENTENCES) + 1
    rows = [np.frombuffer(base64.b64decode(passage["vector"]), "<f4") for passage in found["passages"]]
    np.testing.assert_allclose(rows, NgramEmbedder().embed_passages(texts), atol=1e-6)
    embedded = filled.post("/v1/embeddings", json={"input": texts, "encoding_format": "base64"}).json()["data"]
    assert [len(item["embedding"]) for item in embedded] == [len(passage["vector"]) for passage in found["passages"]]
    assert filled.get("/sample?limit=3").json()["passages"] == found["passages"][:3]


def test_the_overview_counts(filled: TestClient) -> None:
    found = filled.get("/overview").json()
    assert (found["documents"], found["passages"]) == (len(SENTENCES) + 1, len(SENTENCES) + 1)
    assert found["languages"]["ja"] == {"documents": 1, "passages": 1}
    assert found["languages"].keys() == {*SENTENCES, "und"}
    assert sum(found["sources"].values()) == found["passages"]


def test_sources_are_for_admin_keys(tenants: Callable[[str], TestClient]) -> None:
    tenants("acme").post("/documents", json={"documents": [{"id": "1", "text": SENTENCES["he"]}]})
    assert tenants("acme").get("/overview").json()["sources"] is None
    [name] = tenants("boss").get("/overview").json()["sources"]
    assert name.startswith("key:acme/")


def test_passages_of_uncertain_language_are_listed(filled: TestClient) -> None:
    [found] = filled.get("/unsure").json()["passages"]
    assert (found["document_id"], found["language"], found["language_confidence"]) == ("numbers", "und", 0.0)
    assert "vector" not in found


@pytest.mark.parametrize("path", ["/sample?limit=0", "/sample?limit=2001", "/unsure?limit=0", "/unsure?limit=1001"])
def test_limits_have_bounds(filled: TestClient, path: str) -> None:
    answer = filled.get(path)
    assert answer.status_code == 422
    assert "limit" in answer.json()["error"]["message"]
    assert filled.get("/sample?limit=2000").status_code == filled.get("/unsure?limit=1000").status_code == 200


def test_an_empty_index_is_answered(client: TestClient) -> None:
    assert client.get("/sample").json() == {"dimensions": NgramEmbedder.dim, "passages": []}
    assert client.get("/overview").json() == {"documents": 0, "passages": 0, "languages": {}, "sources": {}}
    assert client.get("/unsure").json() == {"passages": []}
