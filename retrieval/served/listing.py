"""Which models an OpenAI-compatible server serves, and under which path: GET /v1/models or /models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..catalogue import EmbeddingModel, RerankerModel, embedding_model, reranker_model
from ..errors import ConfigurationError
from .connection import Connection

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the server lists: its models by id; `prefix` is the path before its endpoints. Empty where it lists none."""

    prefix: str
    models: Mapping[str, Mapping[str, Any]]

    def max_tokens(self, model: str) -> int | None:
        """Length that vLLM reports for its model; other servers do not."""
        length = self.models.get(model, {}).get("max_model_len")
        return length if isinstance(length, int) and length > 0 else None

    def owner(self, model: str) -> str:
        """`vllm`, `infinity` and the like: which server it is."""
        return str(self.models.get(model, {}).get("owned_by", ""))


def list_models(connection: Connection, version: str | None) -> Listing:
    """Ask for the list; `version` is the path that the user gave, None where both usual ones are to be tried.

    A server that refuses to list (no such path, a key that may not) is taken at its word later, when it is used.
    """
    tried = ["/v1", ""] if version is None else [version]
    for prefix in tried:
        answer = connection.ask(f"{prefix}/models")
        items = answer.get("data") if isinstance(answer, Mapping) else None
        if isinstance(items, list):
            named = (item for item in items if isinstance(item, Mapping) and "id" in item)
            return Listing(prefix=prefix, models={str(item["id"]): item for item in named})
    return Listing(prefix=tried[0], models={})


def served_name(
    connection: Connection, listing: Listing, name: str | None, known: EmbeddingModel | RerankerModel | None
) -> str:
    """What the server calls the model that the user named, or its only one where none was named.

    Some servers answer for their one model whatever name is asked for, so a wrong name is refused here.

    Raises:
        ConfigurationError: it does not serve that model, or serves several and none was named.
    """
    ids = list(listing.models)
    if not ids:
        if name is None:
            raise ConfigurationError(f"{connection.name} does not list its models. Name the one to use.")
        return name
    if name is None and len(ids) == 1:
        return ids[0]
    if name is not None:
        for exact in (name, f"{name}:latest"):  # Ollama's way to list what was pulled without a tag
            if exact in ids:
                return exact
        same = [each for each in ids if known is not None and _entry_name(each) == known.name]
        # One model under a name that says nothing (--served-model-name, a path): the user says what it is.
        alone = ids if known is not None and len(ids) == 1 and _entry_name(ids[0]) is None else []
        if len(same or alone) == 1:
            return (same or alone)[0]
    shown = ", ".join(sorted(ids)[:_SHOWN]) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")
    which = "several models" if name is None else f"no {name}"
    raise ConfigurationError(f"{connection.name} serves {which}: {shown}. Name one of them.")


def _entry_name(name: str) -> str | None:
    entry = embedding_model(name) or reranker_model(name)
    return None if entry is None else entry.name
