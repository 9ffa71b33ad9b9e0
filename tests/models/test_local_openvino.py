"""By OpenVINO a model gives the vectors that it gives by torch. Skipped without the extra `openvino`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from interlingua.retrieval.errors import ConfigurationError, MissingExtraError

pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")

from interlingua.retrieval.embedders.local import LocalEmbedder
from layouts import MODELS  # it needs torch
from tiny import PASSAGES, QUERIES

INSTALLED = importlib.util.find_spec("optimum") is not None


def by_openvino(folder: Path, name: str) -> LocalEmbedder:
    return LocalEmbedder(str(folder), catalogued=MODELS[name][1], device="openvino")


@pytest.mark.skipif(not INSTALLED, reason="needs the extra: pip install 'interlingua[openvino]'")
@pytest.mark.filterwarnings("ignore")  # the exporter's
@pytest.mark.parametrize("name", ["qwen3", "e5", "labse"])
def test_vectors_are_those_by_torch(folders: dict[str, Path], embedders: dict[str, LocalEmbedder], name: str) -> None:
    ours = by_openvino(folders[name], name)
    np.testing.assert_allclose(ours.embed_passages(PASSAGES), embedders[name].embed_passages(PASSAGES), atol=1e-4)
    np.testing.assert_allclose(ours.embed_queries(QUERIES), embedders[name].embed_queries(QUERIES), atol=1e-4)
    assert ours.fingerprint == embedders[name].fingerprint


@pytest.mark.skipif(not INSTALLED, reason="needs the extra: pip install 'interlingua[openvino]'")
def test_a_model_of_stock_modules_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigurationError, match="Choose the device cpu"):
        by_openvino(folders["zembed"], "zembed").network()


@pytest.mark.skipif(INSTALLED, reason="it is installed")
def test_without_the_extra_the_command_is_named(folders: dict[str, Path]) -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'interlingua\[openvino\]'"):
        by_openvino(folders["e5"], "e5").network()
