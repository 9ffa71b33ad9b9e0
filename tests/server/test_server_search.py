"""POST /search, languages, facets, status and models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from interlingua.retrieval.highlights import highlight
from numpy.typing import NDArray
from server_samples import Make
from starlette.testclient import TestClient
from support import SENTENCES


class ByLength:
    """A reranker for which shorter passages are better."""

    model = "by-length"

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        return np.array([1 / (1 + len(passage)) for passage in passages], np.float32)


def fill(client: TestClient) -> None:
    documents = [
        {"id": f"udhr/{tag}", "text": text, "title": tag, "metadata": {"script": tag[:1], "year": 1948}}
        for tag, text in SENTENCES.items()
    ]
    assert client.post("/documents", json={"documents": documents}).json()["report"]["added"] == len(SENTENCES)


@pytest.mark.parametrize("tag", ["en", "ar", "he", "hi", "th", "ja", "zh-Hans", "ka"])
def test_a_sentence_is_found_in_its_own_script_with_its_place(client: TestClient, tag: str) -> None:
    fill(client)
    answer = client.post("/search", json={"query": SENTENCES[tag], "limit": 3})
    assert answer.status_code == 200
    hits = answer.json()["hits"]
    assert len(hits) == 3
    best = hits[0]
    assert (best["document_id"], best["text"], best["title"]) == (f"udhr/{tag}", SENTENCES[tag], tag)
    assert (best["start"], best["end"], best["ordinal"]) == (0, len(SENTENCES[tag]), 0)
    assert best["score"] == pytest.approx(1.0)
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_languages_filters_and_thresholds_are_those_of_the_index(client: TestClient) -> None:
    fill(client)
    german = client.post("/search", json={"query": "Menschen", "languages": ["de"]}).json()["hits"]
    assert {hit["language"] for hit in german} == {"de"}
    filtered = client.post("/search", json={"query": "Menschen", "filter": {"script": ["h", "j"]}}).json()["hits"]
    assert {hit["document_id"] for hit in filtered} == {"udhr/he", "udhr/hi", "udhr/ja"}
    for sources, found in ((["attic"], 0), (["key:everyone/api"], 5)):
        body = {"query": "Menschen", "sources": sources, "limit": 5}
        assert len(client.post("/search", json=body).json()["hits"]) == found
    query = {"query": SENTENCES["ko"], "score_threshold": 0.99}
    assert [hit["document_id"] for hit in client.post("/search", json=query).json()["hits"]] == ["udhr/ko"]


def test_highlights_are_given_when_asked_for(client: TestClient) -> None:
    fill(client)
    query = "frei und gleich"
    plain = client.post("/search", json={"query": query, "languages": ["de"]}).json()["hits"][0]
    marked = client.post("/search", json={"query": query, "languages": ["de"], "highlights": True}).json()["hits"][0]
    assert "highlights" not in plain
    assert [tuple(span) for span in marked["highlights"]] == list(highlight(query, SENTENCES["de"])) != []


def test_a_reranker_orders_anew(make: Make) -> None:
    client = make(reranker=ByLength())
    fill(client)
    hits = client.post("/search", json={"query": "people", "rerank": True, "limit": 5}).json()["hits"]
    lengths = [len(hit["text"]) for hit in hits]
    assert lengths == sorted(map(len, SENTENCES.values()))[:5]
    assert client.get("/models").json()["reranker"] == {"name": "by-length"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"query": "Menschen", "rerank": True}, "setting `reranker`"),
        ({"query": " "}, "empty"),
        ({"query": "Menschen", "languages": ["sv"]}, "nothing in sv"),
        ({"query": "Menschen", "filter": {"topic": "law"}}, "'topic'. It has: script, year"),
        ({"query": "Menschen", "filter": {"year": {"above": 3}}}, "Unknown operator 'above'"),
        ({"query": "Menschen", "limits": 3}, "body.limits"),
        ({"query": "Menschen", "limit": 0}, "body.limit"),
        ({"query": "Menschen", "limit": 101}, "max_passages"),
        ({"query": "x" * 8193}, "max_query"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_with_the_way_out(client: TestClient, body: object, says: str) -> None:
    fill(client)
    answer = client.post("/search", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "rest", [b'"query": "\\ud800"', b'"query": "a", "filter": {"a": NaN}', b'"query": "a", "score_threshold": NaN']
)
def test_json_that_only_python_reads_is_refused(client: TestClient, rest: bytes) -> None:
    answer = client.post("/search", content=b"{" + rest + b"}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"query": "\xff"}'])
def test_what_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/search", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]) >= {"type", "message", "request_id"}


def test_languages_facets_and_status_count_what_is_there(client: TestClient) -> None:
    fill(client)
    languages = client.get("/languages").json()["languages"]
    assert languages["ja"] == 1
    assert sum(languages.values()) == len(SENTENCES)
    assert client.get("/facets/year").json() == {"key": "year", "values": {"1948": len(SENTENCES)}}
    assert client.get("/facets/language").json()["values"] == languages
    status = client.get("/status").json()
    assert (status["documents"], status["passages"], status["model"]) == (len(SENTENCES), len(SENTENCES), "ngrams")
    assert client.get("/models").json()["embedder"]["dimensions"] == 256
