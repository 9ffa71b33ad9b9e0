"""`load` makes an embedder from a name, a folder or a class, and says what to write where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from interlingua.retrieval.embedders import KNOWN, load
from interlingua.retrieval.errors import ConfigurationError


class Incomplete:
    """Has a name and nothing else."""

    model = "incomplete"


class Demanding:
    """Cannot be made without arguments."""

    def __init__(self, url: str) -> None:
        self.url = url


def test_a_class_is_loaded_by_module_and_name() -> None:
    assert load("interlingua.retrieval.embedders.onnx:bundled").model == "bundled"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bundeld", r"'bundeld'.*Known: bundled"),
        ("no.such.module:Class", r"cannot be imported.*Known: bundled"),
        (".relative:Class", r"cannot be imported"),
        ("interlingua.retrieval.types:", r"package\.module:Class"),
        ("interlingua.retrieval.types:NoSuchClass", r"has no class NoSuchClass"),
        (f"{__name__}:Demanding", r"without arguments"),
        (f"{__name__}:Incomplete", r"lacks dim, fingerprint"),
    ],
)
def test_what_is_no_embedder_is_refused_with_the_fix(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(name)


def test_every_known_name_can_be_made() -> None:
    for name in KNOWN:
        load(name)


def test_a_folder_that_holds_no_model_is_refused_when_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"a model of another kind")
    embedder = load(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"holds no ONNX model.*It needs config\.json"):
        embedder.embed_queries(["x"])
