"""The catalogue of models is complete, consistent and found by any of a model's names."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest
from interlingua.retrieval import catalogue
from interlingua.retrieval.catalogue import (
    EmbeddingModel,
    RerankerModel,
    check_dimensions,
    embedding_model,
    embedding_models,
    reranker_model,
    reranker_models,
    warn_of_licence,
)
from interlingua.retrieval.catalogue.reading import parse
from interlingua.retrieval.errors import ConfigurationError

FILE = Path(catalogue.__file__).with_name("models.toml")
PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

EMBEDDERS = [
    "qwen3-embedding-0.6b",
    "qwen3-embedding-4b",
    "qwen3-embedding-8b",
    "zembed-1",
    "qzhou-embedding",
    "multilingual-e5-small",
    "multilingual-e5-base",
    "multilingual-e5-large",
    "multilingual-e5-large-instruct",
    "bge-m3",
    "embeddinggemma-300m",
    "labse",
    "paraphrase-multilingual-minilm-l12-v2",
]
RERANKERS = [
    "qwen3-reranker-0.6b",
    "qwen3-reranker-4b",
    "qwen3-reranker-8b",
    "zerank-2",
    "bge-reranker-v2-m3",
    "jina-reranker-v2-multilingual",
]


def known(name: str) -> EmbeddingModel:
    model = embedding_model(name)
    assert model is not None
    return model


def known_reranker(name: str) -> RerankerModel:
    model = reranker_model(name)
    assert model is not None
    return model


@pytest.mark.parametrize("alias", EMBEDDERS)
def test_an_embedding_model_is_found_by_alias_by_hub_id_and_in_any_case(alias: str) -> None:
    model = known(alias)
    assert model is embedding_model(model.name) is embedding_model(alias.upper()) is embedding_model(model.name.lower())
    assert reranker_model(alias) is None


@pytest.mark.parametrize("alias", RERANKERS)
def test_a_reranker_is_found_by_alias_by_hub_id_and_in_any_case(alias: str) -> None:
    model = known_reranker(alias)
    assert model is reranker_model(model.name) is reranker_model(alias.upper()) is reranker_model(model.name.lower())
    assert embedding_model(alias) is None


def test_the_lists_hold_every_model_in_the_order_of_the_file() -> None:
    assert [known(alias) for alias in EMBEDDERS] == list(embedding_models())
    assert [known_reranker(alias) for alias in RERANKERS] == list(reranker_models())


@pytest.mark.parametrize("name", ["nobody/nothing", "", "qwen3-embedding"])
def test_an_unknown_model_is_none(name: str) -> None:
    assert embedding_model(name) is None
    assert reranker_model(name) is None


@pytest.mark.parametrize("model", [*embedding_models(), *reranker_models()], ids=lambda model: str(model.name))
def test_every_entry_says_who_made_it_under_which_licence_and_what_it_needs(
    model: EmbeddingModel | RerankerModel,
) -> None:
    assert model.name.count("/") == 1
    assert model.aliases
    assert model.licence
    assert model.requires
    assert model.note
    assert model.max_tokens >= 128


def test_prompts_are_those_that_the_models_were_trained_with_byte_for_byte() -> None:
    task = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
    for name in ("qwen3-embedding-0.6b", "qwen3-embedding-4b", "qwen3-embedding-8b", "qzhou"):
        assert (known(name).query_prompt, known(name).passage_prompt, known(name).suffix) == (task, "", "")
    assert known("multilingual-e5-large-instruct").query_prompt == task + " "
    zembed = known("zembed-1")
    assert zembed.query_prompt == "<|im_start|>system\nquery<|im_end|>\n<|im_start|>user\n"
    assert zembed.passage_prompt == "<|im_start|>system\ndocument<|im_end|>\n<|im_start|>user\n"
    assert zembed.suffix == "<|im_end|>\n"
    assert (known("multilingual-e5-small").query_prompt, known("multilingual-e5-small").passage_prompt) == (
        "query: ",
        "passage: ",
    )


def test_the_template_of_a_causal_reranker_keeps_its_last_newlines() -> None:
    template = known_reranker("qwen3-reranker-0.6b").template
    assert template.endswith("<Document>: {document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert "user\n<Instruct>: {instruction}\n<Query>: {query}\n<Document>" in template
    assert known_reranker("zerank-2").template.endswith("<|im_start|>assistant\n")


def test_a_task_of_the_users_own_fills_the_instruction() -> None:
    assert known("qwen3-embedding-4b").query_prompt_for("Find {code}") == "Instruct: Find {code}\nQuery:"
    assert known("qwen3-embedding-4b").query_prompt_for(None) == known("qwen3-embedding-4b").query_prompt
    default = "Given a web search query, retrieve relevant passages that answer the query"
    assert known("qzhou").query_prompt_for(default) == known("qzhou").query_prompt


def test_a_task_for_a_model_without_instructions_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"bge-m3 takes no instruction, and 'Find code'"):
        known("bge-m3").query_prompt_for("Find code")


@pytest.mark.parametrize("model", embedding_models(), ids=lambda model: str(model.name))
def test_the_full_dimension_is_always_allowed(model: EmbeddingModel) -> None:
    assert check_dimensions(model, None) == check_dimensions(model, model.dim) == model.dim


@pytest.mark.parametrize("dimensions", [32, 33, 256, 1023])
def test_qwen_takes_any_dimension_from_32(dimensions: int) -> None:
    assert check_dimensions(known("qwen3-embedding-0.6b"), dimensions) == dimensions


@pytest.mark.parametrize("dimensions", [-1, 0, 31, 1025])
def test_a_dimension_outside_the_range_is_refused_with_both_values(dimensions: int) -> None:
    with pytest.raises(ConfigurationError, match=rf"Qwen3-Embedding-0.6B .* {dimensions} dimensions: .* 32 to 1024"):
        check_dimensions(known("qwen3-embedding-0.6b"), dimensions)


def test_zembed_takes_only_the_widths_of_its_projections() -> None:
    zembed = known("zembed-1")
    allowed = (40, 80, 160, 320, 640, 1280, 2560)
    assert tuple(check_dimensions(zembed, dimensions) for dimensions in allowed) == allowed == zembed.dimensions
    assert zembed.reduction == "projection"
    with pytest.raises(ConfigurationError, match=r"zembed-1 .* 256 dimensions: .* 40, 80, 160, 320, 640, 1280, 2560"):
        check_dimensions(zembed, 256)


@pytest.mark.parametrize("dimensions", [1792, 3583, 128])
def test_qzhou_takes_no_other_dimension_than_its_own(dimensions: int) -> None:
    with pytest.raises(ConfigurationError, match=rf"{dimensions} dimensions: its vectors always have 3584"):
        check_dimensions(known("qzhou"), dimensions)


def test_a_licence_without_commercial_use_is_warned_of_once_by_name(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_licence.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            warn_of_licence(known_reranker("jina-reranker-v2-multilingual"))
            warn_of_licence(known("qwen3-embedding-0.6b"))
    (record,) = caplog.records
    assert "jinaai/jina-reranker-v2-base-multilingual" in record.getMessage()
    assert "CC-BY-NC-4.0" in record.getMessage()


def test_the_file_travels_with_the_package() -> None:
    assert "interlingua.retrieval.catalogue" in PYPROJECT["tool"]["setuptools"]["packages"]
    assert "*.toml" in PYPROJECT["tool"]["setuptools"]["package-data"]["interlingua.retrieval.catalogue"]
    assert FILE.suffix == ".toml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'pooling = "last"',
            'pooling = "lats"',
            r"Qwen3-Embedding-0.6B: pooling = 'lats' is not one of 'last', 'mean'",
        ),
        ('padding = "left"\n', "", "Qwen3-Embedding-0.6B: padding is missing"),
        ("dim = 1024", 'dim = "1024"', "dim = '1024' is not of type int"),
        ("causal = true", "causal = 1", "causal = 1 is not of type bool"),
        ("dimensions = []", "dimensions = [1024.0]", r"dimensions = \[1024.0\] is not a list of int"),
        ("dim = 1024", "dim = 1024\nprompt = 'x'", "prompt is not a key"),
        ("Instruct: {task}", "Instruct: task", r"instruction has no \{task\}"),
        ("smallest = 32", "smallest = 0", "slice needs either dimensions or smallest"),
        ("smallest = 32", "smallest = 2048", "smallest = 2048 is not within 0 to 1024"),
        ("640, 1280, 2560]", "640, 2560, 1280]", "must ascend to dim = 2560"),
        ('aliases = ["bge-m3"]', 'aliases = ["LaBSE"]', "BAAI/bge-m3 and .*LaBSE both go by 'labse'"),
        ("<Document>: {document}", "<Document>: document", r"template with \{query\} and \{document\} once"),
        ("<Instruct>: {instruction}", "<Instruct>: none", r"instruction and \{instruction\}"),
        ("[[reranker]]", "[[rerankers]]", "no 'rerankers'"),
        ('licence = "MIT"', "licence = MIT", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_said_with_its_place(old: str, new: str, said: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ConfigurationError, match=said):
        parse(text.replace(old, new, 1))
