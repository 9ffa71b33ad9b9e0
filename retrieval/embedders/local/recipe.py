"""How a model is used: prompts by role, suffix, side of padding. From the catalogue, or from the model's own files."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...catalogue import EmbeddingModel, check_dimensions
from ...errors import ConfigurationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Text around a text, in the model's own words; `empty` replaces an empty text, `padding` is a side."""

    query_prompt: str
    passage_prompt: str
    suffix: str
    empty: str
    padding: str

    def query(self, text: str) -> str:
        """What the tokenizer is given for a query."""
        return f"{self.query_prompt}{text or self.empty}{self.suffix}"

    def passage(self, text: str) -> str:
        """What the tokenizer is given for a passage."""
        return f"{self.passage_prompt}{text or self.empty}{self.suffix}"


def catalogued_recipe(model: EmbeddingModel, task: str | None) -> Recipe:
    """The recipe of a model in the catalogue; `task` is an instruction of the user's own.

    Raises:
        ConfigurationError: it takes no instruction, and one was given.
    """
    return Recipe(
        query_prompt=model.query_prompt_for(task),
        passage_prompt=model.passage_prompt,
        suffix=model.suffix,
        empty=model.empty,
        padding=model.padding,
    )


def own_recipe(name: str, folder: Path, prompts: Mapping[str, str], padding: str, task: str | None) -> Recipe:
    """The recipe of a model that is not in the catalogue, from its sentence-transformers configuration.

    The first prompt of a role that is not empty counts: sentence-transformers adds an empty "document" to every model,
    and its `encode_document` then passes over the "passage" that an e5 model was given.

    Raises:
        ConfigurationError: a task was given: where it goes is known only of models in the catalogue.
    """
    if task is not None:
        raise ConfigurationError(
            f"{name} is not in the catalogue, so where it takes the instruction {task!r} is not known. Leave the task "
            "out; or, if it is a copy of a catalogued model, say which: catalogued='Qwen/Qwen3-Embedding-0.6B'."
        )
    path = folder / "config_sentence_transformers.json"
    suffix = str(json.loads(path.read_text(encoding="utf-8")).get("suffix", "")) if path.is_file() else ""
    query = prompts.get("query", "")
    passage = next((prompts[role] for role in ("document", "passage", "corpus") if prompts.get(role)), "")
    if not query and not passage:
        logger.info("%s has no prompts in its configuration: queries and passages are embedded alike", name)
    return Recipe(query_prompt=query, passage_prompt=passage, suffix=suffix, empty="", padding=padding)


def refuse_projection(model: EmbeddingModel, dimensions: int | None) -> None:
    """Refuse shorter vectors of a model that makes them with learned matrices.

    Raises:
        ConfigurationError: they were asked for.
    """
    if model.reduction == "projection" and check_dimensions(model, dimensions) != model.dim:
        raise ConfigurationError(
            f"{model.name} makes vectors of {dimensions} dimensions with learned matrices (projections.safetensors), "
            "whose use its authors have not published; cutting its vectors would give wrong ones without an error. "
            f"Use {model.dim} here, or a server of its authors'."
        )


def vector_length(name: str, entry: EmbeddingModel | None, full: int, dimensions: int | None) -> int:
    """How long vectors are to be, of `full` numbers that the network gives.

    Raises:
        ConfigurationError: the model gives no vectors of `dimensions`.
    """
    if entry is not None:
        if full != entry.dim:
            logger.warning("%s gives vectors of %d, the catalogue says %d for %s", name, full, entry.dim, entry.name)
        listed = tuple(size for size in entry.dimensions if size < full)
        smallest = min(entry.smallest, full)
        own = replace(entry, dim=full, dimensions=(*listed, full) if entry.dimensions else (), smallest=smallest)
        return check_dimensions(own, dimensions)
    if dimensions is None or dimensions == full:
        return full
    if not 0 < dimensions < full:
        raise ConfigurationError(
            f"{name} gives no vectors of {dimensions} dimensions: they have {full}. Choose fewer, or leave it out."
        )
    logger.warning(
        "%s is not in the catalogue: whether its vectors can be cut from %d to %d is not known. "
        "Measure it before you rely on it.",
        name,
        full,
        dimensions,
    )
    return dimensions
