"""A model on several devices (here the CPU twice): they share the batches, and the vectors are those of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.errors import ConfigurationError, EmbedderError

torch: Any = pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
pytest.importorskip("sentence_transformers", reason="needs the extra: pip install 'interlingua[models]'")

from interlingua.retrieval.embedders.local import LocalEmbedder  # noqa: E402
from layouts import MODELS, local  # noqa: E402  # it needs torch
from tiny import PASSAGES  # noqa: E402

TEXTS = [f"{text} {number}" for number in range(6) for text in PASSAGES]


def two(folders: dict[str, Path], **options: Any) -> LocalEmbedder:
    catalogued = MODELS["e5"][1]
    return LocalEmbedder(str(folders["e5"]), catalogued=catalogued, device="cpu, cpu", batch_tokens=200, **options)


def on_each_batch(embedder: LocalEmbedder, number: int, act: Any) -> None:
    """Call `act` with the tokens of each batch that copy `number` of the network is given."""
    copy = embedder.networks()[number].model[0]
    copy.register_forward_pre_hook(lambda _, inputs: act(inputs[0]["input_ids"].numel()))


def test_each_takes_batches_and_the_vectors_are_those_of_one(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder]
) -> None:
    embedder = two(folders)
    taken: dict[int, list[int]] = {0: [], 1: []}
    for number, tokens in taken.items():
        on_each_batch(embedder, number, tokens.append)
    vectors = embedder.embed_passages(TEXTS)
    np.testing.assert_allclose(vectors, embedders["e5"].embed_passages(TEXTS), atol=1e-5)
    assert min(len(taken[0]), len(taken[1])) > 3
    assert embedder.fingerprint == local(folders["e5"], "e5").fingerprint


def test_out_of_memory_on_one_makes_batches_smaller_and_loses_none(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder]
) -> None:
    embedder = two(folders)

    def fail(tokens: int) -> None:
        if tokens > 90:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    on_each_batch(embedder, 1, fail)
    np.testing.assert_allclose(embedder.embed_passages(TEXTS), embedders["e5"].embed_passages(TEXTS), atol=1e-5)


def test_a_failure_of_one_is_told_and_the_other_stops(folders: dict[str, Path]) -> None:
    embedder = two(folders)
    before: list[int] = []
    broken = False

    def fail(tokens: int) -> None:
        nonlocal broken
        broken = True
        raise RuntimeError("device-side assert triggered")

    def count(tokens: int) -> None:
        if broken:
            before.append(tokens)

    on_each_batch(embedder, 0, fail)
    on_each_batch(embedder, 1, count)
    with pytest.raises(EmbedderError, match="device-side assert"):
        embedder.embed_passages(TEXTS * 5)
    assert len(before) <= 2


@pytest.mark.parametrize("device", ["", "cpu,", ",cuda:0"])
def test_an_empty_device_is_refused(folders: dict[str, Path], device: str) -> None:
    with pytest.raises(ConfigurationError, match="cuda:0,cuda:1"):
        LocalEmbedder(str(folders["e5"]), device=device)
