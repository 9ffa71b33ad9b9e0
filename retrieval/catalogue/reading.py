"""Read a catalogue from TOML and check it: a typing error in it would be a silent loss of quality."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ..errors import ConfigurationError
from .models import EmbeddingModel, RerankerModel

_Model = TypeVar("_Model", EmbeddingModel, RerankerModel)


def parse(text: str) -> tuple[tuple[EmbeddingModel, ...], tuple[RerankerModel, ...]]:
    """The models of a catalogue in TOML, checked.

    Raises:
        ConfigurationError: it is no TOML, a key is missing, unknown or of the wrong type, two models share a name, or
            an entry contradicts itself.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The model catalogue is not valid TOML: {error}.") from error
    if unknown := set(content) - {"embedding", "reranker"}:
        raise ConfigurationError(f"The model catalogue has no {min(unknown)!r}, only [[embedding]] and [[reranker]].")
    embedders = tuple(_entry(EmbeddingModel, entry) for entry in content.get("embedding", []))
    rerankers = tuple(_entry(RerankerModel, entry) for entry in content.get("reranker", []))
    for embedder in embedders:
        _refuse(embedder.name, _contradictions(embedder))
    for reranker in rerankers:
        _refuse(reranker.name, _contradictions_of_reranker(reranker))
    _check_names((*embedders, *rerankers))
    return embedders, rerankers


def _entry(kind: type[_Model], entry: Mapping[str, Any]) -> _Model:
    """One table of the file as a value; every key must be there, so that nothing is left to a guess."""
    name, hints = entry.get("name", "without a name"), get_type_hints(kind)
    expected = {field.name for field in fields(kind)}
    wrong = [f"{key} is missing" for key in sorted(expected - set(entry))]
    wrong += [f"{key} is not a key" for key in sorted(set(entry) - expected)]
    wrong += [
        f"{key} = {value!r} is not {_said(hints[key])}"
        for key, value in entry.items()
        if key in expected and not _fits(value, hints[key])
    ]
    _refuse(name, wrong)
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return kind(**values)


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, list) and all(type(item) is get_args(hint)[0] for item in value)
    return type(value) is hint  # not isinstance: True would pass for an int


def _said(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    return f"a list of {get_args(hint)[0].__name__}" if get_origin(hint) is tuple else f"of type {hint.__name__}"


def _contradictions(model: EmbeddingModel) -> list[str]:
    listed = model.dimensions
    wrong = {
        "instruction has no {task}": bool(model.instruction) and "{task}" not in model.instruction,
        "dim and max_tokens must be positive": min(model.dim, model.max_tokens) <= 0,
        f"dimensions must ascend to dim = {model.dim}": bool(listed)
        and (list(listed) != sorted(set(listed)) or listed[-1] != model.dim or listed[0] <= 0),
        "reduction none takes neither dimensions nor smallest": model.reduction == "none"
        and bool(listed or model.smallest),
        "reduction projection needs dimensions": model.reduction == "projection" and not listed,
        "reduction slice needs either dimensions or smallest": model.reduction == "slice"
        and bool(listed) == bool(model.smallest),
        f"smallest = {model.smallest} is not within 0 to {model.dim}": not 0 <= model.smallest <= model.dim,
    }
    return [message for message, true in wrong.items() if true]


def _contradictions_of_reranker(model: RerankerModel) -> list[str]:
    causal, slots = model.kind == "causal", [model.template.count(slot) for slot in ("{query}", "{document}")]
    wrong = {
        "scale and max_tokens must be positive": min(model.scale, model.max_tokens) <= 0,
        "a causal one needs true_token and a template with {query} and {document} once": causal
        and (slots != [1, 1] or not model.true_token),
        "a cross-encoder takes no template, instruction or tokens": not causal
        and bool(model.template or model.instruction or model.true_token or model.false_token),
        "instruction and {instruction} in the template need each other": bool(model.instruction)
        != ("{instruction}" in model.template),
    }
    return [message for message, true in wrong.items() if true]


def _check_names(models: tuple[EmbeddingModel | RerankerModel, ...]) -> None:
    owner: dict[str, str] = {}
    for model in models:
        for name in {name.casefold() for name in (model.name, *model.aliases)}:
            if name in owner:
                raise ConfigurationError(f"In the model catalogue {owner[name]} and {model.name} both go by {name!r}.")
            owner[name] = model.name


def _refuse(name: str, wrong: list[str]) -> None:
    if wrong:
        raise ConfigurationError(f"In the model catalogue, {name}: {'; '.join(wrong)}.")
