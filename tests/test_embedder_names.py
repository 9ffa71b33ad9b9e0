"""`load` makes an embedder from a name, a folder or a class, and says what to write where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from interlingua.retrieval.catalogue import embedding_models
from interlingua.retrieval.embedders import load
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


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("bundled", {"task": "Find laws"}, r"task does not apply to bundled"),
        ("bundled", {"device": "cuda"}, r"device does not apply to bundled"),
        ("bundled", {"key": "k"}, r"key does not apply to bundled without a url"),
        ("bundled", {"url": "http://localhost:1", "device": "cuda"}, r"device does not apply"),
        (f"{__name__}:Incomplete", {"dimensions": 3}, r"dimensions does not apply"),
    ],
)
def test_an_option_that_does_not_apply_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(name, **options)


@pytest.mark.parametrize("name", [model.name for model in embedding_models()])
def test_every_model_of_the_catalogue_can_be_named_without_being_loaded(name: str) -> None:
    assert load(name.casefold()).model == name
    assert load(name, url="http://localhost:1")  # nothing is asked of the server


def test_a_folder_that_holds_no_model_is_refused_when_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"a model of another kind")
    embedder = load(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"holds no ONNX model.*It needs config\.json"):
        embedder.embed_queries(["x"])
