"""Every dialect: what reaches the model is prompt, text and suffix, byte for byte, and vectors come back in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.types import Matrix
from served_samples import EMBEDDING, EMBEDDING_ALL, Opened, expected, tiny
from server import ModelServer, changed, status, vector_of
from support import SENTENCES

Start = Callable[..., ModelServer]
TEXTS = list(SENTENCES.values())
MANY = [f"{text} {number}" for number in range(10) for text in TEXTS]

speaks = pytest.mark.parametrize("speaks", EMBEDDING_ALL)


def same(ours: Matrix, theirs: Matrix) -> bool:
    return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, atol=1e-6))


@speaks
def test_it_is_an_embedder(start: Start, opened: Opened, speaks: str) -> None:
    embedder = opened.embedder(start(speaks))
    assert isinstance(embedder, Embedder)
    assert (embedder.model, embedder.dim, embedder.tokenizer) == ("tiny", 16, None)
    assert len(embedder.fingerprint) == 32
    assert embedder.embed_passages([]).shape == embedder.embed_queries([]).shape == (0, 16)
    assert embedder.embed_passages([]).dtype == np.float32
    with pytest.raises(TypeError, match="not one string"):
        embedder.embed_passages("one")


@speaks
@pytest.mark.parametrize("tag", SENTENCES)
def test_texts_of_every_script_reach_the_model_byte_for_byte(
    start: Start, opened: Opened, speaks: str, tag: str
) -> None:
    server, text = start(speaks), SENTENCES[tag]
    embedder = opened.embedder(server)
    odd = [text, f"  {text}\n\t", "\u202b" + text + "\0", "e\u0301 \U0001f600", "", "{task} %s \\ \" '"]
    assert same(embedder.embed_queries(odd), expected(odd, "query", tiny(), speaks))
    assert same(embedder.embed_passages(odd), expected(odd, "document", tiny(), speaks))
    if speaks == "zeroentropy":
        assert server.answered == [text or "Null" for text in odd] * 2
        assert [body["input_type"] for body in server.posts()] == ["query", "document"]
    else:
        assert server.answered == [
            f"{prompt}{text or 'Null'}<|im_end|>\n"
            for prompt in ("Instruct: find\nQuery:", "passage: ")
            for text in odd
        ]
        assert all("prompt_name" not in body for body in server.posts())


@speaks
def test_order_is_kept_and_batches_stay_within_the_limit(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, limit=7, delay=0.002)
    vectors = opened.embedder(server).embed_passages(MANY)
    assert same(vectors, expected(MANY, "document", tiny(), speaks))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert max(server.batches) <= 7
    assert sorted(set(server.answered)) == sorted(server.answered)  # each text once


def test_a_tei_server_never_sees_more_than_it_said_it_takes(start: Start, opened: Opened) -> None:
    server = start("tei", limit=5)
    opened.embedder(server).embed_passages(MANY)
    assert server.refused == []
    assert max(server.batches) == 5
    assert [path for path, _, _ in server.requests].count("/info") == 1


def test_a_tei_batch_needs_no_more_permits_than_there_are(start: Start, opened: Opened) -> None:
    server = start("tei", limit=1000, info={"max_concurrent_requests": 20})
    opened.embedder(server, connection={"concurrency": 4}).embed_passages(MANY)
    assert max(server.batches) == 5  # four of them in flight


@speaks
@pytest.mark.parametrize("refusal", [413, 422])
def test_a_batch_that_is_too_large_is_halved(start: Start, opened: Opened, speaks: str, refusal: int) -> None:
    server = start(speaks, limit=3, too_large=refusal, info={"max_client_batch_size": 100})
    assert same(opened.embedder(server).embed_passages(MANY), expected(MANY, "document", tiny(), speaks))
    assert refusal in server.refused
    assert sorted(set(server.answered)) == sorted(server.answered)


@speaks
def test_payloads_stay_within_the_limit_of_the_server(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, limit=1000, info={"max_client_batch_size": 1000})
    texts = [f"{number} " + 'ก"' * 100_000 for number in range(12)]  # 300 kB each, with what JSON escapes 500 kB
    opened.embedder(server, connection={"concurrency": 1}).embed_passages(texts)
    assert 413 not in server.refused
    assert sum(server.batches) == 12


@speaks
def test_at_most_so_many_requests_are_in_flight(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, limit=128, delay=0.1, info={"max_client_batch_size": 64})
    opened.embedder(server, connection={"concurrency": 3}).embed_passages(MANY * 5)
    assert 2 <= server.most_in_flight <= 3  # two: they do run at the same time


def test_the_bound_holds_over_all_threads(start: Start, opened: Opened) -> None:
    server = start("tei", delay=0.05)
    embedder = opened.embedder(server, connection={"concurrency": 2, "read_timeout": 30.0})
    with ThreadPoolExecutor(16) as threads:
        vectors = list(threads.map(lambda text: embedder.embed_queries([text]), TEXTS))
    assert same(np.concatenate(vectors), expected(TEXTS, "query", tiny(), "tei"))
    assert server.most_in_flight <= 2
    assert len(server.posts()) == len(TEXTS)


@speaks
def test_vectors_are_of_unit_length_whatever_the_server_does(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, normalises=False)
    assert same(opened.embedder(server).embed_queries(TEXTS), expected(TEXTS, "query", tiny(), speaks))


@pytest.mark.parametrize("encoding", ["float", "base64"])
@pytest.mark.parametrize("speaks", ["openai", "infinity", "zeroentropy"])
def test_both_encodings_are_read(start: Start, opened: Opened, speaks: str, encoding: str) -> None:
    server = start(speaks, encoding=encoding)
    assert same(opened.embedder(server).embed_queries(TEXTS), expected(TEXTS, "query", tiny(), speaks))
    assert {body["encoding_format"] for body in server.posts()} == {"base64"}


@pytest.mark.parametrize("speaks", ["openai", "infinity"])
def test_vectors_are_told_apart_by_their_index(start: Start, opened: Opened, speaks: str) -> None:
    def shuffled(exchange: object) -> None:
        answer = exchange.render(exchange.values)  # type: ignore[attr-defined]  # an Exchange
        answered = {**answer, "data": answer["data"][::-1]}
        import json

        exchange.reply(200, json.dumps(answered).encode())  # type: ignore[attr-defined]  # as above

    server = start(speaks, always=shuffled)
    assert same(opened.embedder(server).embed_queries(TEXTS), expected(TEXTS, "query", tiny(), speaks))


@pytest.mark.parametrize("speaks", EMBEDDING)
def test_what_utf8_cannot_hold_becomes_a_question_mark(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks)
    vectors = opened.embedder(server).embed_passages(["a\ud800b"])
    assert same(vectors, np.stack([vector_of("passage: a?b<|im_end|>\n")]))


def test_a_text_that_is_too_long_loses_no_suffix(start: Start, opened: Opened) -> None:
    server = start("tei")
    opened.embedder(server).embed_passages(TEXTS[:1])
    opened.embedder(server, model=tiny(suffix="")).embed_passages(TEXTS[:1])
    assert [body["truncate"] for body in server.posts()] == [False, True]
    assert all(body["normalize"] is True for body in server.posts())


def test_a_refused_text_is_named(start: Start, opened: Opened) -> None:
    from interlingua.retrieval.errors import EmbedderError
    from server import Exchange

    def too_long(exchange: Exchange) -> None:
        if any("LONG" in text for text in exchange.texts):
            return status(422, "`inputs` must have less than 512 tokens. Given: 900")(exchange)
        return changed(lambda values: values)(exchange)

    server = start("tei", always=too_long)
    with pytest.raises(EmbedderError, match=r"422 .*less than 512 tokens.*chunks smaller.*text 4 of the call"):
        opened.embedder(server).embed_passages(["a", "b", "c", "LONG", "e"])
