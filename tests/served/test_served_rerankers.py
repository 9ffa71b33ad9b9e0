"""Rerankers behind a server: one score per passage, in the order given, whatever order the server answers in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.errors import ConfigurationError, EmbedderError
from interlingua.retrieval.rerankers import Reranker
from interlingua.retrieval.served import open_reranker
from interlingua.retrieval.served.reranker import PAIRS
from served_samples import RERANK, Opened
from server import Fault, ModelServer, answered, broken_json, changed, cut, drip, hang_up, score_of, status
from support import SENTENCES

Start = Callable[..., ModelServer]
TEXTS = list(SENTENCES.values())
MANY = [f"{text} {number}" for number in range(10) for text in TEXTS]
QUERY = 'คำถาม: "الحق"?\n'
KIND = {"model_type": {"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}}}

speaks = pytest.mark.parametrize("speaks", RERANK)


def scores(passages: list[str]) -> list[float]:
    return [score_of(QUERY, passage) for passage in passages]


@pytest.fixture
def serve(start: Start) -> Start:
    """A server whose TEI dialect says that it is a reranker."""

    def serve_(speaks: str, *, info: dict[str, Any] | None = None, **options: Any) -> ModelServer:
        return start(speaks, info={**KIND, **(info or {})}, **options)

    return serve_


@speaks
def test_scores_come_in_the_order_of_the_passages(serve: Start, opened: Opened, speaks: str) -> None:
    server = serve(speaks)
    reranker = opened.reranker(server)
    assert isinstance(reranker, Reranker)
    found = reranker.score(QUERY, TEXTS)
    assert (found.shape, found.dtype) == ((len(TEXTS),), np.float32)
    np.testing.assert_allclose(found, scores(TEXTS), atol=1e-6)
    assert reranker.score(QUERY, []).shape == (0,)
    assert sorted(server.answered) == sorted(TEXTS)
    assert {body["query"] for body in server.posts()} == {QUERY}
    with pytest.raises(TypeError, match="not one string"):
        reranker.score(QUERY, "one")


@speaks
@pytest.mark.parametrize("refusal", [413, 422])
def test_batches_that_are_too_large_are_halved(serve: Start, opened: Opened, speaks: str, refusal: int) -> None:
    server = serve(speaks, limit=5, too_large=refusal, info={"max_client_batch_size": 100})
    np.testing.assert_allclose(opened.reranker(server).score(QUERY, MANY), scores(MANY), atol=1e-6)
    assert refusal in server.refused
    assert sorted(server.answered) == sorted(MANY)


def test_a_tei_server_never_sees_more_than_it_said_it_takes(serve: Start, opened: Opened) -> None:
    server = serve("tei", limit=5)
    opened.reranker(server).score(QUERY, MANY)
    assert server.refused == []


@speaks
def test_payloads_stay_within_the_limit_of_the_server(serve: Start, opened: Opened, speaks: str) -> None:
    server = serve(speaks, limit=1000, info={"max_client_batch_size": 1000})
    passages = ['ก"' * 100_000 for _ in range(12)]
    opened.reranker(server, connection={"concurrency": 1}).score("ก" * 50_000, passages)
    assert 413 not in server.refused


PASSING = {
    "cut in the body": cut,
    "no answer": hang_up,
    "invalid JSON": broken_json,
    "slow drip": drip,
    **{str(code): status(code) for code in (424, 429, 500, 502, 503, 504)},
}


@speaks
@pytest.mark.parametrize("name", PASSING)
def test_a_passing_failure_loses_and_doubles_nothing(serve: Start, opened: Opened, speaks: str, name: str) -> None:
    server = serve(speaks, faults=[PASSING[name]] * (1 if name == "slow drip" else 3))
    reranker = opened.reranker(server, connection={"read_timeout": 1.0, "attempts": 9} if name == "slow drip" else {})
    np.testing.assert_allclose(reranker.score(QUERY, MANY), scores(MANY), atol=1e-6)
    assert sorted(server.answered) == sorted(MANY)


NAN = float("nan")
UNUSABLE: dict[str, tuple[Fault, str]] = {
    "too few": (changed(lambda values: values[:-1]), "13 results for 14 texts"),
    "too many": (changed(lambda values: [*values, 0.5]), "15 results for 14 texts"),
    "NaN": (changed(lambda values: [*values[:-1], NAN]), "NaN"),
    "infinity": (changed(lambda values: [*values[:-1], float("inf")]), "NaN"),
    "null": (changed(lambda values: [*values[:-1], None]), "NaN"),
    "raw logits": (changed(lambda values: [*values[:-1], -4.5]), "not in \\[0, 1\\].*sigmoid"),
    "large logits": (changed(lambda values: [*values[:-1], 4.5]), "not in \\[0, 1\\].*sigmoid"),
    "lists": (changed(lambda values: [[value] for value in values]), "no numbers"),
    "another form": (answered(lambda answer: {"outputs": []}), "something unusable"),
    "null answer": (answered(lambda answer: None), "something unusable"),
}


@speaks
@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_answer_is_refused(serve: Start, opened: Opened, speaks: str, name: str) -> None:
    fault, reason = UNUSABLE[name]
    server = serve(speaks, limit=64, always=fault)
    with pytest.raises(EmbedderError, match=reason) as raised:
        opened.reranker(server).score(QUERY, TEXTS)
    assert server.url in str(raised.value)
    assert len(server.posts()) == 1


@speaks
@pytest.mark.parametrize("index", [1, 99, -1, None])
def test_indexes_that_fit_no_passage_are_refused(serve: Start, opened: Opened, speaks: str, index: object) -> None:
    def wrong(answer: Any) -> Any:
        items = answer if isinstance(answer, list) else answer["results"]
        first = next(item for item in items if item["index"] == 0)
        first["index"] = index
        return answer

    with pytest.raises(EmbedderError, match=r"the indexes .* for 14 texts"):
        opened.reranker(serve(speaks, limit=64, always=answered(wrong))).score(QUERY, TEXTS)


@speaks
def test_a_dead_server_is_named_with_the_remedy(serve: Start, opened: Opened, speaks: str) -> None:
    server = serve(speaks)
    server.stop()
    with pytest.raises(EmbedderError, match=f"{server.url} failed 3 times.*Is the server running"):
        opened.reranker(server).score(QUERY, TEXTS)


@pytest.mark.parametrize(
    ("speaks", "path"),
    [("tei", ""), ("tei", "/rerank"), ("openai", ""), ("openai", "/v1"), ("openai", "/v1/rerank"), ("infinity", "")],
)
def test_the_dialect_is_found_out_at_first_use(serve: Start, opened: Opened, speaks: str, path: str) -> None:
    server = serve(speaks, model="BAAI/bge-reranker-v2-m3")
    reranker = open_reranker(server.url + path)
    opened.all.append(reranker)
    assert server.requests == []
    np.testing.assert_allclose(reranker.score(QUERY, TEXTS), scores(TEXTS), atol=1e-6)
    assert reranker.model == "BAAI/bge-reranker-v2-m3"


def test_zeroentropy_is_named(serve: Start, opened: Opened) -> None:
    server = serve("zeroentropy")
    reranker = open_reranker(server.url, dialect="zeroentropy", model="zeroentropy/zerank-2-reranker")
    opened.all.append(reranker)
    reranker.score(QUERY, TEXTS)
    assert server.posts()[0]["model"] == "zerank-2"
    assert reranker.model == "zeroentropy/zerank-2"
    with pytest.raises(ConfigurationError, match=r"'openai'\. Known: cohere, tei, zeroentropy"):
        open_reranker(server.url, dialect="openai")


def test_infinity_must_not_serve_a_causal_reranker(serve: Start, opened: Opened) -> None:
    name = "Qwen/Qwen3-Reranker-0.6B"
    with pytest.raises(ConfigurationError, match=r"strips the end of the prompt of Qwen/Qwen3-Reranker-0\.6B"):
        opened.reranker(serve("infinity", model=name), model=name).score(QUERY, TEXTS)


def test_a_server_of_another_model_is_refused(serve: Start, opened: Opened) -> None:
    for kind in ("tei", "openai", "infinity"):
        server = serve(kind, model="jina-reranker-v2-multilingual")
        with pytest.raises(ConfigurationError, match=r"serves .*jina"):
            opened.reranker(server, model="BAAI/bge-reranker-v2-m3").score(QUERY, TEXTS)


def test_an_embedder_is_no_reranker(start: Start, opened: Opened) -> None:
    with pytest.raises(ConfigurationError, match="as embedding, not as reranker"):
        opened.reranker(start("tei")).score(QUERY, TEXTS)


CAUSAL = "Qwen/Qwen3-Reranker-0.6B"


@pytest.mark.parametrize("found", [[0.5, 0.5], [0.52, 0.48], [0.1, 0.9]])
def test_a_causal_reranker_without_its_template_is_refused(serve: Start, opened: Opened, found: list[float]) -> None:
    server = serve("openai", model=CAUSAL, always=changed(lambda values: found[: len(values)]))
    reranker = opened.reranker(server, model=CAUSAL)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"does not score as Qwen/Qwen3-Reranker-0.6B.*--chat-template"):
            reranker.score(QUERY, TEXTS)
    assert not set(server.answered) & set(TEXTS)


def test_a_causal_reranker_with_its_template_is_asked_once_what_it_knows(serve: Start, opened: Opened) -> None:
    right = changed(lambda values: [0.9, 0.1] if len(values) == 2 else values)
    server = serve("openai", model=CAUSAL, always=right, limit=64)
    reranker = opened.reranker(server, model=CAUSAL)
    for _ in range(2):
        np.testing.assert_allclose(reranker.score(QUERY, TEXTS), scores(TEXTS), atol=1e-6)
    assert [body["query"] for body in server.posts()] == [*(query for query, *_ in PAIRS), QUERY, QUERY]
