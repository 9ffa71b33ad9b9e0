"""The models behind the APIs of OpenAI and Cohere, asked by our own clients of such servers too."""

from __future__ import annotations

import base64
import threading
import time

import interlingua
import numpy as np
import pytest
from interlingua.retrieval.embedders import load as load_embedder
from interlingua.retrieval.protocols import Embedder
from server_samples import Make, Start
from starlette.testclient import TestClient
from stuck_embedder import STUCK, StuckEmbedder
from support import SENTENCES, NgramEmbedder
from test_server_search import ByLength

TEXTS = list(SENTENCES.values())


def vectors(answer: object) -> np.ndarray:
    return np.array([one["embedding"] for one in answer["data"]], np.float32)  # type: ignore[index]


def test_texts_are_embedded_in_order(client: TestClient) -> None:
    answer = client.post("/v1/embeddings", json={"input": TEXTS, "model": "ngrams", "user": "someone"}).json()
    expected = NgramEmbedder().embed_passages(TEXTS)
    assert np.allclose(vectors(answer), expected, atol=1e-6)
    assert [one["index"] for one in answer["data"]] == list(range(len(TEXTS)))
    tokens = sum(len(NgramEmbedder().tokenizer.token_starts(text)) for text in TEXTS)
    assert answer["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


def test_base64_holds_the_same_numbers(client: TestClient) -> None:
    body = {"input": SENTENCES["he"]}
    floats = vectors(client.post("/v1/embeddings", json=body).json())[0]
    written = client.post("/v1/embeddings", json=body | {"encoding_format": "base64"}).json()["data"][0]["embedding"]
    assert np.array_equal(np.frombuffer(base64.b64decode(written), "<f4"), floats)


class TwoRoles(NgramEmbedder):
    """Queries get other vectors than passages."""

    def embed_queries(self, texts: object) -> np.ndarray:
        return np.ascontiguousarray(super().embed_queries(texts)[:, ::-1])  # type: ignore[arg-type]


def test_queries_and_passages_are_told_apart(make: Make) -> None:
    client = make(embedder=TwoRoles())
    passage = vectors(client.post("/v1/embeddings", json={"input": TEXTS[0]}).json())
    query = vectors(client.post("/v1/embeddings", json={"input": TEXTS[0], "input_type": "query"}).json())
    assert np.allclose(query, passage[:, ::-1], atol=1e-6)
    assert not np.allclose(query, passage, atol=1e-2)


def test_the_bundled_model_is_cut_as_it_allows(make: Make, bundled: Embedder) -> None:
    client = make(embedder=bundled)
    answer = client.post("/v1/embeddings", json={"input": TEXTS[:3], "dimensions": 128}).json()
    expected = interlingua.embedder("bundled", dimensions=128).embed_passages(TEXTS[:3])
    assert np.allclose(vectors(answer), expected, atol=1e-6)
    refused = client.post("/v1/embeddings", json={"input": "a", "dimensions": 100})
    assert refused.status_code == 422
    assert "64, 128, 256, 384, 512" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"input": []}, 200, ""),
        ({"input": ""}, 422, "empty"),
        ({"input": ["a", " "]}, 422, "empty"),
        ({"input": [[1, 2]]}, 422, "input"),
        ({"input": "a", "model": "text-embedding-3-small"}, 404, "ngrams"),
        ({"input": "a", "dimensions": 64}, 422, "Choose one of 256"),
        ({"input": "a", "encoding_format": "int8"}, 422, "encoding_format"),
        ({"input": ["a"] * 1001}, 422, "max_documents"),
        ({"input": ["é" * 1001] * 1000}, 422, "max_body"),
    ],
)
def test_what_cannot_be_embedded_is_refused(client: TestClient, body: object, status: int, says: str) -> None:
    answer = client.post("/v1/embeddings", json=body)
    assert answer.status_code == status
    assert says in answer.text


def test_documents_are_reranked_best_first(make: Make) -> None:
    client = make(reranker=ByLength())
    body = {"query": "q", "documents": ["aaa", {"text": "a", "id": 7}, "aa"], "top_n": 2, "return_documents": True}
    answer = client.post("/v1/rerank", json=body).json()
    assert answer["model"] == "by-length"
    assert [(one["index"], one["document"]["text"]) for one in answer["results"]] == [(1, "a"), (2, "aa")]
    assert answer["results"][0]["relevance_score"] == pytest.approx(0.5)
    whole = client.post("/v1/rerank", json={"query": "q", "documents": ["aaa", "a", "aa"]}).json()["results"]
    assert [one["index"] for one in whole] == [1, 2, 0]
    assert "document" not in whole[0]


def test_too_much_text_is_not_reranked(make: Make) -> None:
    body = {"query": "q", "documents": ["é" * 100_001] * 10}
    answer = make(reranker=ByLength()).post("/v1/rerank", json=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "too_much")


def test_lists_of_texts_hold_up_themselves_alone(make: Make) -> None:
    embedder = StuckEmbedder()
    client = make(embedder=embedder, request_timeout=5)
    calls = [
        threading.Thread(target=client.post, args=("/v1/embeddings",), kwargs={"json": {"input": STUCK}})
        for _ in range(3)
    ]
    for call in calls:
        call.start()
    service = client.app.state.service  # type: ignore[attr-defined]
    until = time.monotonic() + 30
    while service.texts.pending + service.slow.pending < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert client.get("/documents").status_code == 200
    embedder.go.set()
    for call in calls:
        call.join(30)


def test_without_a_reranker_the_answer_names_the_setting(client: TestClient) -> None:
    answer = client.post("/v1/rerank", json={"query": "q", "documents": ["a"]})
    assert answer.status_code == 422
    assert "setting `reranker`" in answer.json()["error"]["message"]


def test_the_models_are_listed(make: Make) -> None:
    answer = make(reranker=ByLength()).get("/v1/models").json()
    assert [one["id"] for one in answer["data"]] == ["ngrams", "by-length"]


def test_our_own_client_of_such_servers_gets_the_same_vectors(start: Start) -> None:
    server = start(embedder="bundled", server_key="a-key-of-this-server-alone")
    server.client.headers["Authorization"] = "Bearer a-key-of-this-server-alone"
    name = server.client.get("/models").json()["embedder"]["name"]
    remote = load_embedder(name, url=f"{server.url}/v1", dialect="openai", key="a-key-of-this-server-alone")
    texts = TEXTS[:4]
    assert np.allclose(remote.embed_passages(texts), interlingua.embedder("bundled").embed_passages(texts), atol=1e-5)
