"""Servers and the catalogue: names, prompts, dimensions, fingerprints, and servers that would be silently wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.catalogue import EmbeddingModel, embedding_model
from interlingua.retrieval.errors import ConfigurationError, EmbedderError
from interlingua.retrieval.served import open_embedder
from served_samples import EMBEDDING, EMBEDDING_ALL, Opened, expected, tiny
from server import ModelServer, vector_of
from support import SENTENCES

Start = Callable[..., ModelServer]
TEXTS = list(SENTENCES.values())
QWEN, ZEMBED = "Qwen/Qwen3-Embedding-0.6B", "zeroentropy/zembed-1"

speaks = pytest.mark.parametrize("speaks", EMBEDDING_ALL)
sliced = pytest.mark.parametrize("speaks", EMBEDDING)


def known(name: str) -> EmbeddingModel:
    entry = embedding_model(name)
    assert entry is not None
    return entry


# Opening


@pytest.mark.parametrize("dialect", [None, "named"])
@pytest.mark.parametrize("speaks", EMBEDDING)
def test_the_dialect_is_found_out_at_first_use(start: Start, opened: Opened, speaks: str, dialect: str | None) -> None:
    server = start(speaks, model=QWEN, dim=1024)
    name = None if dialect is None else {"tei": "tei"}.get(speaks, "openai")
    embedder = open_embedder(server.url, dialect=name)
    opened.all.append(embedder)
    assert server.requests == []
    vectors = embedder.embed_queries(["安全"])
    prompt = known(QWEN).query_prompt
    np.testing.assert_allclose(vectors, [vector_of(f"{prompt}安全", 1024)], atol=1e-6)
    assert embedder.model == QWEN
    assert server.posts()[-1].get("model", QWEN) == QWEN


@pytest.mark.parametrize(
    ("speaks", "path"),
    [
        ("openai", "/v1"),
        ("openai", "/v1/"),
        ("openai", "/v1/embeddings"),
        ("openai", ""),
        ("infinity", "/"),
        ("infinity", "/embeddings"),
        ("tei", "/v1"),
        ("tei", "/embed"),
    ],
)
def test_addresses_are_understood_with_and_without_their_paths(
    start: Start, opened: Opened, speaks: str, path: str
) -> None:
    embedder = open_embedder(start(speaks, model="unknown").url + path)
    opened.all.append(embedder)
    assert embedder.embed_passages(["a"]).shape == (1, 16)


@pytest.mark.parametrize("path", ["", "/v1", "/v1/models/embed"])
def test_zeroentropy_is_named(start: Start, opened: Opened, path: str) -> None:
    server = start("zeroentropy", dim=2560)
    embedder = open_embedder(server.url + path, dialect="zeroentropy", key="k")
    opened.all.append(embedder)
    assert embedder.model == ZEMBED
    np.testing.assert_allclose(embedder.embed_queries(["ما هو"]), [vector_of("query|ما هو", 2560)], atol=1e-6)
    assert server.posts()[-1]["model"] == "zembed-1"


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'grpc'\. Known: openai, tei, zeroentropy"):
        open_embedder("http://localhost", dialect="grpc")


# Names


@pytest.mark.parametrize("served", ["qwen3-embedding-0.6b", "default", "/data/model"])
@sliced
def test_a_server_may_call_the_model_otherwise(start: Start, opened: Opened, speaks: str, served: str) -> None:
    server = start(speaks, model=served, dim=1024)
    embedder = opened.embedder(server, model=QWEN)
    embedder.embed_passages(["a"])
    assert embedder.model == QWEN
    assert server.posts()[-1].get("model", served) == served


@sliced
def test_a_server_of_another_model_is_refused(start: Start, opened: Opened, speaks: str) -> None:
    embedder = opened.embedder(start(speaks, model="BAAI/bge-m3", dim=1024), model=QWEN)
    with pytest.raises(ConfigurationError, match=r"serves .*(BAAI/bge-m3|Qwen).*"):
        embedder.embed_passages(["a"])


@pytest.mark.parametrize("speaks", ["openai", "infinity"])
def test_one_of_several_models_has_to_be_named(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, models=[{"id": "one"}, {"id": "two:latest"}])
    with pytest.raises(ConfigurationError, match="several models: one, two:latest"):
        opened.embedder(server, model=None).embed_passages(["a"])
    with pytest.raises(ConfigurationError, match="no three: one, two:latest"):
        opened.embedder(server, model="three").embed_passages(["a"])
    opened.embedder(server, model="two").embed_passages(["a"])
    assert server.posts()[-1]["model"] == "two:latest"


def test_a_model_that_the_catalogue_does_not_know_gets_no_prompts_and_is_said(
    start: Start, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    server = start("openai", model="own-model", dim=24)
    embedder = opened.embedder(server, model=None)
    with caplog.at_level(logging.WARNING):
        assert (embedder.model, embedder.dim, embedder.max_tokens) == ("own-model", 24, 510)
    assert "own-model is not in the catalogue: its texts are sent without prompts" in caplog.text
    np.testing.assert_allclose(embedder.embed_queries(["a"]), [vector_of("a", 24)], atol=1e-6)
    with pytest.raises(ConfigurationError, match="not in the catalogue, so where its task"):
        _ = opened.embedder(server, model=None, task="Find laws").dim


# Tasks and limits


@sliced
def test_a_task_replaces_the_query_prompt(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, model=QWEN, dim=1024)
    embedder = opened.embedder(server, model=QWEN, task="Find the law")
    embedder.embed_queries(["الحق"])
    embedder.embed_passages(["الحق"])
    assert server.answered == ["Instruct: Find the law\nQuery:الحق", "الحق"]


def test_a_task_for_a_model_that_takes_none_is_refused(start: Start, opened: Opened) -> None:
    with pytest.raises(ConfigurationError, match="takes no instruction"):
        _ = opened.embedder(start("openai", model="BAAI/bge-m3"), model="BAAI/bge-m3", task="Find").dim


def test_chunks_leave_room_for_prompt_and_suffix(start: Start, opened: Opened) -> None:
    around = len(b"passage: " + b"<|im_end|>\n") + 2
    assert opened.embedder(start("tei", info={"max_input_length": 512})).max_tokens == 512 - around
    assert opened.embedder(start("tei", info={"max_input_length": 10**6})).max_tokens == 32768 - around
    listed = [{"id": "tiny", "max_model_len": 2048, "owned_by": "vllm"}]
    assert opened.embedder(start("openai", models=listed)).max_tokens == 2048 - around


# Dimensions


@sliced
@pytest.mark.parametrize("dimensions", [4, 7, 15, 16])
def test_shorter_vectors_are_cut_here_and_normalised_after(
    start: Start, opened: Opened, speaks: str, dimensions: int
) -> None:
    server = start(speaks)
    embedder = opened.embedder(server, dimensions=dimensions)
    full = expected(TEXTS, "document", tiny(), speaks)[:, :dimensions]
    wanted = full / np.linalg.norm(full, axis=1, keepdims=True)
    np.testing.assert_allclose(embedder.embed_passages(TEXTS), wanted, atol=1e-6)
    assert embedder.dim == dimensions
    assert all("dimensions" not in body for body in server.posts())


@sliced
def test_the_server_cuts_only_when_told_to(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks)
    vectors = opened.embedder(server, dimensions=8, ask_dimensions=True).embed_passages(TEXTS)
    np.testing.assert_allclose(vectors, opened.embedder(server, dimensions=8).embed_passages(TEXTS), atol=1e-6)
    assert [body.get("dimensions") for body in server.posts()].count(8) == len(server.posts()) / 2


@speaks
def test_dimensions_that_the_model_has_not_are_refused(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks)
    for dimensions in (3, 17, 0, -1):
        with pytest.raises(ConfigurationError, match=f"of {dimensions} dimensions"):
            _ = opened.embedder(server, dimensions=dimensions).dim
    assert server.posts() == []


@sliced
@pytest.mark.parametrize("ask", [False, True])
def test_zembed_is_never_sliced(start: Start, opened: Opened, speaks: str, ask: bool) -> None:
    server = start(speaks, model=ZEMBED, dim=2560)
    embedder = opened.embedder(server, model=ZEMBED, dimensions=640, ask_dimensions=ask)
    with pytest.raises(ConfigurationError, match=r"640 dimensions by learned projections.*other, worse vectors.*2560"):
        embedder.embed_passages(["a"])
    assert server.posts() == []
    assert opened.embedder(server, model=ZEMBED, dimensions=2560).embed_passages(["a"]).shape == (1, 2560)


def test_zeroentropy_applies_the_projections_itself(start: Start, opened: Opened) -> None:
    server = start("zeroentropy", dim=2560)
    embedder = opened.embedder(server, model=ZEMBED, dimensions=640)
    assert embedder.embed_passages(["a"]).shape == (1, 640)
    assert server.posts()[-1]["dimensions"] == 640
    assert "dimensions" not in (opened.embedder(server, model=ZEMBED).embed_passages(["a"]), server.posts()[-1])[1]


@sliced
def test_an_unknown_model_is_cut_only_by_its_server(start: Start, opened: Opened, speaks: str) -> None:
    server = start(speaks, model="unknown")
    with pytest.raises(ConfigurationError, match="whether its vectors may be cut to 8 is not known"):
        _ = opened.embedder(server, model=None, dimensions=8).dim
    assert opened.embedder(server, model=None, dimensions=8, ask_dimensions=True).dim == 8


def test_a_server_that_ignores_the_dimensions_asked_for_is_found_out(start: Start, opened: Opened) -> None:
    from server import answered

    whole = answered(lambda answer: [list(map(float, vector_of("a")))])
    with pytest.raises(EmbedderError, match=r"shape \(16,\), not \(8,\)"):
        opened.embedder(start("tei", always=whole), dimensions=8, ask_dimensions=True).embed_passages(["a"])


# Fingerprints


def test_one_model_has_one_fingerprint_on_every_server(start: Start, opened: Opened) -> None:
    named = {"tei": ZEMBED, "openai": "zembed-1", "infinity": "/data/zembed", "zeroentropy": "-"}
    embedders = [opened.embedder(start(kind, model=name), model=ZEMBED) for kind, name in named.items()]
    assert len({embedder.fingerprint for embedder in embedders}) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"model": tiny(name="another")},
        {"model": tiny(query_prompt="Instruct: find\nQuery: ")},
        {"model": tiny(passage_prompt="")},
        {"model": tiny(suffix="")},
        {"model": tiny(empty="")},
        {"dimensions": 8},
    ],
)
def test_whatever_changes_vectors_of_passages_changes_the_fingerprint(
    start: Start, opened: Opened, other: dict[str, Any]
) -> None:
    server = start("tei")
    assert opened.embedder(server).fingerprint == opened.embedder(server, model=tiny()).fingerprint
    assert opened.embedder(server).fingerprint == opened.embedder(server, task="Find the law").fingerprint
    assert opened.embedder(server).fingerprint != opened.embedder(server, **other).fingerprint


# Servers that would answer, and wrongly


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_server_that_pools_otherwise_is_refused(start: Start, opened: Opened, pooling: str) -> None:
    server = start("tei", info={"model_type": {"embedding": {"pooling": pooling}}})
    with pytest.raises(ConfigurationError, match=f"by {pooling}.*trained with last_token.*--pooling last-token"):
        opened.embedder(server).embed_passages(["a"])
    assert opened.embedder(server, model=replace(tiny(), pooling=pooling)).embed_passages(["a"]).shape == (1, 16)


def test_a_server_too_old_for_causal_models_is_refused(start: Start, opened: Opened) -> None:
    server = start("tei", info={"version": "1.7.2"})
    with pytest.raises(ConfigurationError, match=r"1\.7\.2, which gives wrong vectors for causal models"):
        opened.embedder(server).embed_passages(["a"])
    assert opened.embedder(server, model=tiny(causal=False)).embed_passages(["a"]).shape == (1, 16)


def test_a_reranker_is_no_embedder(start: Start, opened: Opened) -> None:
    kind = {"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}}
    with pytest.raises(ConfigurationError, match="serves tiny as reranker, not as embedding"):
        opened.embedder(start("tei", info={"model_type": kind})).embed_passages(["a"])


def test_a_server_of_another_kind_is_no_tei(start: Start, opened: Opened) -> None:
    from served_samples import TeiEmbedding

    with pytest.raises(EmbedderError, match="404 to GET /info"):
        opened.embedder(start("openai"), dialect=TeiEmbedding()).embed_passages(["a"])
