"""A client gives what the index itself gives."""

from __future__ import annotations

import datetime as dt
import inspect
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import interlingua
import numpy as np
import pytest
from client_samples import Serve, Served
from interlingua.app.access.keys import EVERYONE
from interlingua.app.access.view import View
from interlingua.app.answers import Answerer
from interlingua.retrieval.types import Chunk, Document, Hit
from numpy.typing import NDArray
from support import SENTENCES, NgramEmbedder

IDS = [
    "plain",
    "a/b/c.txt",
    "/leading//double/",
    "../../etc/passwd",
    ".",
    "..",
    "with space & ?query#fragment",
    "percent%2Fencoded%25",
    "حقوق/المادة ١",
    "人权/第一条.md",
    "e\u0301-decomposed",
    "\U0001f469\u200d\U0001f680",
    "tab\tnewline\n",
    "a+b=c;d,e:f@g!$'()*",
]


class Overlap:
    """A reranker: the share of the query's characters that a passage has."""

    model = "overlap"

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        return np.array([len(set(query) & set(text)) / len(set(query)) for text in passages], np.float32)


@pytest.fixture
def filled(served: Served, sentences: list[Document]) -> Served:
    """The sentences with metadata, stored through the index itself."""
    served.index.ingest(
        [replace(one, title=f"§ {one.id}", metadata={"year": 1948 + n}) for n, one in enumerate(sentences)]
    )
    return served


def as_sent(hits: list[Hit]) -> list[Hit]:
    """Hits of an index with what does not travel left out."""
    return [
        Hit(
            chunk=as_sent_chunk(hit.chunk),
            score=round(hit.score, 6),
            scores={name: round(score, 6) for name, score in hit.scores.items()},
        )
        for hit in hits
    ]


def as_sent_chunk(chunk: Chunk) -> Chunk:
    return replace(chunk, language_confidence=round(chunk.language_confidence, 3), origin=None, attached=None)


def test_a_search_gives_the_hits_of_the_index(filled: Served) -> None:
    with filled.client() as client:
        for query in SENTENCES.values():
            found = client.search(query, limit=5)
            assert found == as_sent(filled.index.search(query, limit=5))
            assert found[0].chunk.text == query


def test_the_options_of_a_search_reach_the_index(serve: Serve, sentences: list[Document]) -> None:
    served = serve(reranker=Overlap())
    served.index.ingest([replace(one, metadata={"tag": one.id, "year": 1948 + n}) for n, one in enumerate(sentences)])
    served.index.ingest(
        [replace(one, id=f"v/{one.id}", metadata={"translation_group": "udhr"}) for one in sentences[:4]]
    )
    options: list[dict[str, object]] = [
        {"languages": ["ja", "ar", "ru"]},
        {"languages": ("ko",)},
        {"filter": {"year": {"gte": 1955}, "tag": {"not": ["udhr/ko"]}}},
        {"filter": {"tag": "udhr/he"}, "per_document": 1},
        {"score_threshold": 0.2},
        {"reader": "ru", "limit": 30},
        {"reader": ("ja", "el"), "limit": 30},
        {"rerank": True, "candidates": 3, "limit": 2, "rerank_budget": 20.0},
    ]
    with served.client() as client:
        results = [client.search("حقوق الناس 平等である 존엄", **asked) for asked in options]  # type: ignore[arg-type]
        for asked, found in zip(options, results, strict=True):
            assert found == as_sent(served.index.search("حقوق الناس 平等である 존엄", **asked))  # type: ignore[arg-type]
        assert len({tuple(hit.chunk.id for hit in found) for found in results}) == len(options)


def test_counts_are_those_of_the_index(filled: Served) -> None:
    with filled.client() as client:
        status, known = client.status(), filled.index.status()
        assert client.languages() == filled.index.languages()
        assert client.facets("language") == filled.index.languages()
        assert client.facets("year") == {str(1948 + n): 1 for n in range(len(SENTENCES))}
        assert (status.documents, status.chunks, status.model, status.dim) == (
            known.documents, known.chunks, known.model, known.dim
        )  # fmt: skip
        assert status.version == interlingua.__version__


def test_what_is_asked_beside_searches_is_answered_as_in_this_process(filled: Served) -> None:
    filled.index.ingest([Document(id=f"numbers {n}", text=f"1948 / 12 / {n}") for n in (10, 11)])
    here = View(filled.index, EVERYONE)
    narrowed: list[dict[str, Any]] = [
        {}, {"languages": ("ja", "ar")}, {"filter": {"year": {"gte": 1951}}, "per_document": 1, "limit": 2}
    ]  # fmt: skip
    with filled.client() as client:
        for asked in narrowed:
            found = here.similar("udhr/de", 0, **asked)
            assert found
            assert client.similar("udhr/de", 0, **asked) == as_sent(found)
        assert client.similar("udhr/de", 1) is here.similar("udhr/de", 1) is None
        assert client.overview() == here.overview()
        assert [*client.overview().languages] == [*here.overview().languages]
        for limit in (3, 500):
            sent, sample = client.sample(limit), here.sample(limit)
            assert sent.chunks == tuple(map(as_sent_chunk, sample.chunks))
            assert sent.vectors.dtype == np.float32
            np.testing.assert_array_equal(sent.vectors, sample.vectors)
        assert client.unsure() == [as_sent_chunk(chunk) for chunk in here.unsure()] != []
        assert client.unsure(1) == client.unsure()[:1] != client.unsure()


def test_any_id_is_stored_read_and_deleted(client: interlingua.Client, served: Served) -> None:
    documents = [Document(id=name, text=f"{SENTENCES['th']} {name}", metadata={name: True}) for name in IDS]
    assert client.add(documents).added == len(IDS)
    assert {one.id for one in client.documents()} == set(IDS) == set(served.index.documents())
    for name in IDS:
        found = client.document(name)
        assert found is not None
        assert (found.id, found.metadata, found.passages[0].document_id) == (name, {name: True}, name)
        assert client.facets(name) == {"true": 1}
        assert client.delete(name) == 1
        assert client.document(name) is None
    assert list(served.index.documents()) == []


def test_what_is_added_is_what_an_ingest_stores(
    client: interlingua.Client, open_index: Callable[..., interlingua.Index]
) -> None:
    index = open_index("another", embedder=NgramEmbedder())
    documents = [
        Document(
            id=tag, text=f"{text}\n\n{text[::-1]}\u2028{text}", title="Τίτλος\u2028\x85", language="el",
            url="https://example.org/א",
            metadata={"on": dt.date(1948, 12, 10), "tags": ("a", "ב"), "deep": {"ends\u2028": "a\x85line"}},
        )
        for tag, text in SENTENCES.items()
    ]  # fmt: skip
    report, known = client.add(iter(documents)), index.ingest(documents)
    assert replace(report, seconds=0, source="") == replace(known, seconds=0, source="")
    stored = {one.chunk.id: as_sent_chunk(one.chunk) for one in index.store.scan()}
    assert {chunk.id: chunk for chunk in client.export()} == stored
    assert client.add(documents).unchanged == len(documents)


def test_many_documents_go_in_several_requests_and_come_in_several_pages(serve: Serve) -> None:
    client = serve(max_documents=100, max_body=5_000_000).client()
    long = "".join(SENTENCES.values()) * 700  # over a megabyte; less than four fit into a request
    documents = [Document(id=f"{n}", text=long if n < 5 else f"{SENTENCES['hi']} {n}") for n in range(520)]
    skipped = Document(id="empty", text=" ")
    report = client.add([*documents[:100], skipped, *documents[100:]])
    assert (report.added, report.documents, report.skips) == (
        520,
        521,
        (interlingua.Skip(id="empty", reason="no text"),),
    )
    listed = [one.id for one in client.documents()]
    assert len(listed) == 520
    assert set(listed) == {one.id for one in documents}
    client.close()


def test_nothing_to_do_asks_for_nothing(client: interlingua.Client) -> None:
    assert client.add([]).documents == 0
    assert client.delete() == client.delete("was never there") == 0
    assert list(client.documents()) == list(client.export()) == client.jobs() == []
    assert client.embed([]).shape == client.sample().vectors.shape == (0, NgramEmbedder.dim)
    assert client.rerank("q", []).shape == (0,)


def test_vectors_are_those_of_the_embedder(client: interlingua.Client) -> None:
    texts = [f"{text} {n}" for n in range(15) for text in SENTENCES.values()]  # more than one request has
    vectors = client.embed(texts)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, NgramEmbedder().embed_passages(texts))
    np.testing.assert_array_equal(client.embed(texts[:3], role="query"), NgramEmbedder().embed_queries(texts[:3]))


def test_relevances_are_those_of_the_reranker_in_the_order_given(serve: Serve) -> None:
    passages = [f"{text} {n}" for n in range(9) for text in SENTENCES.values()]
    with serve(reranker=Overlap()).client() as client:
        np.testing.assert_array_equal(client.rerank("人权 ঃ", passages), Overlap().score("人权 ঃ", passages))


def test_threads_share_a_client(filled: Served) -> None:
    failures: list[BaseException] = []
    with filled.client() as client:

        def ask(tag: str) -> None:
            try:
                for _ in range(10):
                    assert client.search(SENTENCES[tag], limit=1)[0].chunk.text == SENTENCES[tag]
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=ask, args=(tag,)) for tag in SENTENCES]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert failures == []


def test_calls_share_a_connection(filled: Served) -> None:
    with filled.client() as client:
        for _ in range(5):
            client.languages()
            client.facets("year")
        pool = client._connection._http._transport._pool  # type: ignore[attr-defined]  # what else could tell?
        assert len(pool.connections) == 1


def test_the_options_are_those_of_an_index_and_of_an_answerer() -> None:
    def options(method: Callable[..., object]) -> list[tuple[str, object]]:
        return [(name, one.default) for name, one in inspect.signature(method).parameters.items()]

    for name in ("search", "similar", "overview", "sample", "unsure"):
        assert options(getattr(interlingua.Client, name)) == options(getattr(View, name))
    assert options(interlingua.Client.answer) == options(Answerer.answer)
    assert options(interlingua.Client.stream_answer) == options(Answerer.stream)


def test_a_client_loads_neither_model_nor_store_nor_server() -> None:
    heavy = ["onnxruntime", "qdrant_edge", "qdrant_client", "fastapi", "uvicorn", "lxml", "pydantic"]
    code = f"import sys; from interlingua import Client; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
