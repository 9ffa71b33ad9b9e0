"""The local embedder refuses what would give wrong vectors without an error, and survives a lack of memory."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.embedders.local import LocalEmbedder
from interlingua.retrieval.errors import ConfigurationError, EmbedderError

torch: Any = pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
pytest.importorskip("sentence_transformers", reason="needs the extra: pip install 'interlingua[models]'")

import tiny  # noqa: E402  # these need torch
from layouts import local  # noqa: E402
from tiny import PASSAGES, QUERIES  # noqa: E402


def test_a_model_that_reads_in_one_direction_only_is_refused_where_both_are_due(copy: Callable[[str], Path]) -> None:
    folder = copy("qwen3")
    tiny.change(folder / "1_Pooling/config.json", pooling_mode_lasttoken=False, pooling_mode_mean_tokens=True)
    with pytest.raises(EmbedderError, match="reads in one direction, not both"):
        LocalEmbedder(str(folder), catalogued="intfloat/multilingual-e5-small", device="cpu").embed_queries(QUERIES)


def test_a_model_that_reads_in_both_directions_is_refused_where_one_is_due(copy: Callable[[str], Path]) -> None:
    folder = copy("qwen3")
    tiny.change(folder / "config.json", is_causal=False)
    with pytest.raises(EmbedderError, match="reads in both directions, not one"):
        local(folder, "qwen3").embed_queries(QUERIES)


def test_another_pooling_than_that_of_the_catalogue_is_refused_with_both(copy: Callable[[str], Path]) -> None:
    folder = copy("qwen3")
    tiny.change(folder / "1_Pooling/config.json", pooling_mode_lasttoken=False, pooling_mode_mean_tokens=True)
    with pytest.raises(EmbedderError, match=r"pools by 'mean', Qwen/Qwen3-Embedding-0.6B by 'lasttoken'"):
        local(folder, "qwen3").embed_queries(QUERIES)


def test_weights_under_other_names_are_refused_since_random_ones_would_take_their_place(
    copy: Callable[[str], Path],
) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy("qzhou")
    weights = load_file(folder / "model.safetensors")
    save_file({f"inner.{key}": value for key, value in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(EmbedderError, match=r"26 of the 26 weights .*random numbers"):
        local(folder, "qzhou").embed_queries(QUERIES)


def test_a_folder_without_modules_is_refused_since_its_pooling_would_be_guessed(copy: Callable[[str], Path]) -> None:
    folder = copy("qwen3")
    (folder / "modules.json").unlink()
    for embedder in (local(folder, "qwen3"), LocalEmbedder(str(folder), device="cpu")):
        with pytest.raises(ConfigurationError, match=r"no modules.json"):
            embedder.embed_queries(QUERIES)


def test_a_tokenizer_that_breaks_up_the_suffix_is_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("zembed")
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] != "<|im_end|>"]
    content["normalizer"] = {"type": "Replace", "pattern": {"String": "\n"}, "content": ""}
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": ".+"}
    content["model"]["vocab"]["a<"] = content["model"]["vocab"].pop("<|im_end|>")
    content["model"]["merges"].insert(0, ["a", "<"])
    path.write_text(json.dumps(content), encoding="utf-8")
    tiny.change(folder / "tokenizer_config.json", eos_token=None)
    with pytest.raises(EmbedderError, match="does not keep the suffix"):
        local(folder, "zembed").embed_queries(QUERIES)


def test_the_side_of_the_padding_is_that_of_the_model(embedders: dict[str, LocalEmbedder]) -> None:
    for name, side in {"qwen3": 0, "zembed": 0, "qzhou": 0, "e5": -1, "bge": -1, "labse": -1}.items():
        network = embedders[name].network()
        features = network.features([network.ids("x"), network.ids("x k x k x k")])
        assert features["attention_mask"][0, side] == 0
        assert features["attention_mask"][0, -1 - side] == 1
        assert features["attention_mask"][1].all()


def test_vectors_that_are_not_finite_are_refused_with_their_number(folders: dict[str, Path]) -> None:
    embedder = local(folders["e5"], "e5")
    with torch.no_grad():
        embedder.network().model[0].auto_model.encoder.layer[1].output.dense.weight[0, 0] = float("nan")
    with pytest.raises(EmbedderError, match=r"gave 2 of 2 vectors with NaN.*dtype='bfloat16'"):
        embedder.embed_queries(["x", "x"])


def out_of_memory_beyond(embedder: LocalEmbedder, tokens: int, error: type[Exception]) -> list[int]:
    """Let the network fail on batches of more than `tokens`; the sizes that it was given."""
    sizes = []

    def fail(_: Any, inputs: tuple[dict[str, Any]]) -> None:
        sizes.append(inputs[0]["input_ids"].numel())
        if sizes[-1] > tokens:
            raise error("CUDA out of memory. Tried to allocate 2.00 GiB.")

    embedder.network().model[0].register_forward_pre_hook(fail)
    return sizes


@pytest.mark.parametrize("error", [RuntimeError, torch.OutOfMemoryError], ids=lambda error: str(error.__name__))
def test_out_of_memory_halves_the_batch_and_goes_on(
    folders: dict[str, Path],
    embedders: dict[str, LocalEmbedder],
    error: type[Exception],
    caplog: pytest.LogCaptureFixture,
) -> None:
    texts = PASSAGES * 3
    expected = embedders["e5"].embed_passages(texts)
    embedder = local(folders["e5"], "e5")
    sizes = out_of_memory_beyond(embedder, 300, error)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(embedder.embed_passages(texts), expected, atol=1e-5)
    assert max(sizes) > 300
    assert "ran out of memory; batches have" in caplog.text
    sizes.clear()
    embedder.embed_passages(texts)
    assert max(sizes) <= 300  # it remembers


def test_out_of_memory_with_one_text_says_how_long_it_was(folders: dict[str, Path]) -> None:
    embedder = local(folders["e5"], "e5")
    out_of_memory_beyond(embedder, 10, RuntimeError)
    with pytest.raises(EmbedderError, match=r"out of memory on cpu with one text of \d+ tokens. Make chunks shorter"):
        embedder.embed_passages(["x", "x k " * 30])
