"""Each check of the probe passes for a model used rightly, and fails for the mistake that it is there for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.embedders.local import LocalEmbedder
from interlingua.retrieval.errors import EmbedderError
from interlingua.retrieval.probe import TEXTS, Finding, probe, require
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.types import Matrix

torch: Any = pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
pytest.importorskip("sentence_transformers", reason="needs the extra: pip install 'interlingua[models]'")

import tiny  # noqa: E402  # these need torch
from layouts import MODELS, local  # noqa: E402
from probe_samples import ByLength, Changed, TinyServer, WithoutMask, WithoutPrompt  # noqa: E402

Serve = Callable[..., TinyServer]


def findings(embedder: Embedder) -> dict[str, Finding]:
    return {finding.check: finding for finding in probe(embedder)}


def failed(embedder: Embedder) -> dict[str, str]:
    return {name: finding.message for name, finding in findings(embedder).items() if finding.outcome == "failed"}


@pytest.fixture
def e5(folders: dict[str, Path]) -> LocalEmbedder:
    return local(folders["e5"], "e5")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_used_as_it_was_trained_passes(folders: dict[str, Path], name: str) -> None:
    found = findings(local(folders[name], name))
    assert {finding.outcome for finding in found.values()} <= {"passed", "skipped"}, found
    assert [name for name, finding in found.items() if finding.outcome == "skipped"] == (["tail"] * (name == "qzhou"))
    assert [*found] == ["shape", "finite", "norm", "distinct", "order", "batch", "repeat", "roles", "prompt", "tail"]


@pytest.mark.parametrize("name", MODELS)
def test_a_server_of_it_passes(serve: Serve, name: str) -> None:
    found = findings(serve(name).embedder())
    assert [name for name, finding in found.items() if finding.outcome != "passed"] == ["prompt", "tail"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_passes(folders: dict[str, Path], dtype: str) -> None:
    embedder = local(folders["qwen3"], "qwen3")
    embedder.network().model.to(getattr(torch, dtype))
    assert failed(embedder) == {}


def test_the_bundled_model_passes(bundled: Embedder) -> None:
    assert failed(bundled) == {}


# Vectors


def test_another_dimension_than_the_stated_one_is_found(e5: LocalEmbedder) -> None:
    found = findings(Changed(e5, lambda vectors: vectors, dim=32))
    assert "gave shape (5, 64), not (5, 32)" in found["shape"].message
    assert {finding.outcome for name, finding in found.items() if name != "shape"} == {"skipped"}


def test_no_texts_must_give_no_rows_of_that_length(e5: LocalEmbedder) -> None:
    message = failed(Changed(e5, lambda vectors: vectors if len(vectors) else np.empty(0, np.float32)))["shape"]
    assert "no texts gave shape (0,), not (0, 64)" in message


def test_nan_is_found(e5: LocalEmbedder) -> None:
    def spoil(vectors: Matrix) -> Matrix:
        vectors[-1:, 3] = np.nan
        return vectors

    found = failed(Changed(e5, spoil))
    assert list(found) == ["finite"]
    assert "8 of 20 vectors hold NaN or infinity. In float16" in found["finite"]


def test_a_vector_that_is_not_normalised_is_found(e5: LocalEmbedder) -> None:
    found = failed(Changed(e5, lambda vectors: vectors[:, :32], dim=32))
    assert list(found) == ["norm"]
    assert "not 1. Normalise the vectors, after they are cut" in found["norm"]


def test_one_vector_for_every_text_is_found(serve: Serve) -> None:
    server = serve("labse")
    vector = server.vector("Taxi", None)
    from server import changed

    server.always = changed(lambda values: [vector] * len(values))
    found = failed(server.embedder())
    assert list(found) == ["distinct"]
    assert "have one vector (cosine 1.000000). The server answers one text for all" in found["distinct"]


def test_another_order_is_found_and_not_taken_for_padding(folders: dict[str, Path]) -> None:
    found = failed(ByLength(str(folders["labse"]), catalogued=MODELS["labse"][1], device="cpu"))
    assert list(found) == ["order", "prompt"]
    assert "'Taxi 24 h', text 1 of 5, came back at place 5" in found["order"]


def test_padding_that_reaches_the_vectors_is_found(folders: dict[str, Path]) -> None:
    found = failed(WithoutMask(str(folders["qwen3"]), catalogued=MODELS["qwen3"][1], device="cpu"))
    assert "Padding most likely reaches the vector" in found["batch"]
    assert "repeat" not in found


def test_dropout_left_on_is_found(e5: LocalEmbedder) -> None:
    e5.network().model.train()
    assert "Switch dropout off" in failed(e5)["repeat"]


# Prompts and ends


@pytest.mark.parametrize("name", ["qwen3", "zembed"])
def test_a_prompt_that_is_dropped_is_found(folders: dict[str, Path], name: str) -> None:
    found = failed(WithoutPrompt(str(folders[name]), catalogued=MODELS[name][1], device="cpu"))
    assert f"Put {MODELS[name][2]!r} before it." in found["prompt"]


def test_queries_that_are_embedded_as_passages_are_found(folders: dict[str, Path]) -> None:
    class OneVerb(LocalEmbedder):
        def embed_queries(self, texts: Any) -> Matrix:
            return self.embed_passages(texts)

    found = failed(OneVerb(str(folders["qwen3"]), catalogued=MODELS["qwen3"][1], device="cpu"))
    assert "queries begin with 'Instruct: Given" in found["roles"]
    assert "but of the text without its prompt. Put 'Instruct: Given" in found["prompt"]


def test_a_wrapper_that_goes_by_a_catalogued_name_is_held_to_its_prompts(folders: dict[str, Path]) -> None:
    plain = LocalEmbedder(str(folders["labse"]), device="cpu")
    named = Changed(plain, lambda vectors: vectors, name="intfloat/multilingual-e5-small")
    assert "queries begin with 'query: ' and passages with 'passage: '" in failed(named)["roles"]
    assert findings(Changed(plain, lambda vectors: vectors))["roles"].outcome == "skipped"


def test_a_difference_where_there_is_one_prompt_is_found(folders: dict[str, Path]) -> None:
    class Prompting(LocalEmbedder):
        def embed_queries(self, texts: Any) -> Matrix:
            return super().embed_queries([f"query: {text}" for text in texts])

    found = failed(Prompting(str(folders["labse"]), device="cpu"))
    assert "though both roles begin with ''" in found["roles"]
    assert "queries are not the vectors of 'TEXT'" in found["prompt"]


def test_another_pooling_is_found(folders: dict[str, Path]) -> None:
    class Mean(LocalEmbedder):
        def _embed(self, texts: list[str], prompt: str) -> Matrix:
            network = self.network()
            states = [network.states([network.tokens(network.ids(t).astype(np.int32))])[0].mean(0) for t in texts]
            vectors = np.array(states, np.float32).reshape(len(texts), network.dim)
            unit: Matrix = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
            return unit

    found = failed(Mean(str(folders["qwen3"]), catalogued=MODELS["qwen3"][1], device="cpu"))
    assert list(found) == ["prompt"]
    assert "Pooling, padding or suffix are not the model's own" in found["prompt"]


def test_a_tokenizer_that_appends_no_end_token_is_found(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tiny.qwen3_embedding(tmp_path / "model")
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False}
    path.write_text(json.dumps(content), encoding="utf-8")
    found = failed(local(folder, "qwen3"))
    assert list(found) == ["tail"]
    assert "not with '<|endoftext|>' as Qwen/Qwen3-Embedding-0.6B was trained. Restore tokenizer.json" in found["tail"]


@pytest.mark.parametrize(("name", "change"), [("zembed", "suffix"), ("zembed", "twice"), ("qwen3", "end")])
def test_what_ends_a_text_is_read_where_it_enters_the_network(folders: dict[str, Path], name: str, change: str) -> None:
    class Ending(LocalEmbedder):
        """Has texts end otherwise, whatever the recipe says."""

        def _embed(self, texts: list[str], prompt: str) -> Matrix:
            if change == "twice":
                return super()._embed([text + tiny.ZEMBED_SUFFIX for text in texts], prompt)
            if change == "suffix":
                return super()._embed([text.removesuffix(tiny.ZEMBED_SUFFIX) for text in texts], prompt)
            network = self.network()
            self._networks = [replace(network, around=(network.around[0], network.around[1][:0]))]
            try:
                return super()._embed(texts, prompt)
            finally:
                self._networks = [network]

    found = failed(Ending(str(folders[name]), catalogued=MODELS[name][1], device="cpu"))
    assert set(found) >= ({"prompt", "tail"} if change != "twice" else {"prompt"})
    if change != "twice":
        assert "what reaches the network ends with" in found["tail"]


# Before anything is stored


def test_a_failed_check_refuses_the_model_with_the_reason(serve: Serve) -> None:
    server = serve("labse")
    vector = server.vector("Taxi", None)
    from server import changed

    server.always = changed(lambda values: [vector] * len(values))
    with pytest.raises(EmbedderError, match=r"LaBSE gives vectors that are wrong, so nothing was stored\. distinct: "):
        require(server.embedder())


def test_only_models_in_process_and_on_servers_are_probed(bundled: Embedder, e5: LocalEmbedder, serve: Serve) -> None:
    assert require(bundled) is None
    assert require(Changed(e5, lambda vectors: vectors)) is None
    server = serve("e5")
    answer = require(server.embedder())
    assert answer is not None
    assert len(answer) < 6000
    assert len(server.posts()) == 3 + len(TEXTS)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """The tiny models are not as long as the catalogue says, and say so."""
    caplog.set_level("CRITICAL")
