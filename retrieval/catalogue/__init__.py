"""What is known about published models: prompts, pooling, dimensions, limits, licences. The facts are in models.toml.

A user's own model needs no entry: whoever loads it reads its own configuration.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from ..errors import ConfigurationError
from .models import EmbeddingModel, RerankerModel
from .reading import parse

__all__ = [
    "EmbeddingModel",
    "RerankerModel",
    "check_dimensions",
    "embedding_model",
    "embedding_models",
    "reranker_model",
    "reranker_models",
    "warn_of_licence",
]

logger = logging.getLogger(__name__)

_Model = TypeVar("_Model", EmbeddingModel, RerankerModel)


def embedding_model(name: str) -> EmbeddingModel | None:
    """The embedding model of that name or alias, case ignored; None where it is not known."""
    return _found(name, embedding_models())


def reranker_model(name: str) -> RerankerModel | None:
    """The reranker of that name or alias, case ignored; None where it is not known."""
    return _found(name, reranker_models())


def embedding_models() -> tuple[EmbeddingModel, ...]:
    """All embedding models, in the order of the file."""
    return _published()[0]


def reranker_models() -> tuple[RerankerModel, ...]:
    """All rerankers, in the order of the file."""
    return _published()[1]


def check_dimensions(model: EmbeddingModel, dimensions: int | None) -> int:
    """The length of vector to use: `dimensions`, or the full one for None.

    Raises:
        ConfigurationError: the model was not trained for that length.
    """
    if dimensions is None or dimensions == model.dim:
        return model.dim
    if dimensions in model.dimensions or (not model.dimensions and 0 < model.smallest <= dimensions < model.dim):
        return dimensions
    if model.dimensions:
        allowed = f"its vectors can have {', '.join(map(str, model.dimensions))}"
    elif model.smallest:
        allowed = f"its vectors can have {model.smallest} to {model.dim}"
    else:
        allowed = f"its vectors always have {model.dim}, and it was not trained to be cut shorter"
    raise ConfigurationError(
        f"{model.name} gives no vectors of {dimensions} dimensions: {allowed}. "
        f"Choose another, or leave it out for {model.dim}."
    )


@cache
def warn_of_licence(model: EmbeddingModel | RerankerModel) -> None:
    """Log a warning, once in a process, when the licence of `model` excludes commercial use."""
    if not model.commercial:
        logger.warning("%s is licensed as %s: not for commercial use. %s", model.name, model.licence, model.note)


@cache
def _published() -> tuple[tuple[EmbeddingModel, ...], tuple[RerankerModel, ...]]:
    return parse(Path(__file__).with_name("models.toml").read_text(encoding="utf-8"))


def _found(name: str, models: Sequence[_Model]) -> _Model | None:
    wanted = name.casefold()
    return next(filter(lambda model: wanted in map(str.casefold, (model.name, *model.aliases)), models), None)
