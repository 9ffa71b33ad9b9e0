"""What an embedder behind a server settles at first use: names, prompts, limits, and how long vectors are."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..catalogue import EmbeddingModel, check_dimensions, embedding_model, warn_of_licence
from ..errors import ConfigurationError
from ..types import Matrix
from .connection import Connection
from .dialects import EmbeddingDialect, Request, Role, Served, ask_in_parts
from .vectors import unit_rows

logger = logging.getLogger(__name__)

_UNKNOWN_MAX_TOKENS = 512  # what nearly every embedding model reads
_SPECIAL_TOKENS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long vectors are.

    Attributes:
        received: as the server sends them; None: not known.
        kept: numbers kept of each, from the start; None: all.
        asked: what the server is told to shorten them to; None: nothing.
    """

    received: int | None = None
    kept: int | None = None
    asked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How texts are sent and vectors read.

    `prompts`: what stands before a text of each role. `query_prompt`: the model's own, whatever the task.
    """

    dialect: EmbeddingDialect
    served: Served
    name: str
    prompts: Mapping[Role, str]
    query_prompt: str
    suffix: str
    empty: str
    max_tokens: int
    length: Length

    def text(self, text: str, role: Role) -> str:
        """What is sent for `text`, byte for byte."""
        content = text or self.empty
        return content if self.dialect.own_prompts else f"{self.prompts[role]}{content}{self.suffix}"

    def ask(self, connection: Connection, texts: Sequence[str], positions: range, role: Role) -> list[Matrix]:
        """The vectors of the texts at `positions`, as one unit row each. `texts` are as they are sent.

        Raises:
            EmbedderError: the server failed, refused, or answered something unusable.
        """
        length = self.length

        def build(part: range) -> Request:
            asked = [texts[position] for position in part]
            return self.dialect.request(
                asked, self.served, role=role, dimensions=length.asked, truncate=not self.suffix
            )

        def read(answer: Any, part: range) -> list[Matrix]:
            vectors = self.dialect.vectors(answer, len(part))
            return list(unit_rows(vectors, count=len(part), received=length.received, keep=length.kept))

        return ask_in_parts(connection, positions, build, read)


def settle(
    connection: Connection,
    dialect: EmbeddingDialect,
    *,
    model: str | EmbeddingModel | None,
    dimensions: int | None,
    task: str | None,
    ask_dimensions: bool,
) -> Plan:
    """Ask the server about itself and bring it together with the catalogue.

    Raises:
        ConfigurationError: the server serves another model, or the model takes no such dimension or task.
        EmbedderError: the server does not answer.
    """
    name = model.name if isinstance(model, EmbeddingModel) else model
    known = model if isinstance(model, EmbeddingModel) else _in_catalogue(name)
    served = dialect.describe(connection, name, known)
    known = known or (embedding_model(served.model) if name is None else None)
    if known is None:
        plan = _plan_of_unknown(dialect, served, name or served.model, dimensions, task=task, ask=ask_dimensions)
        vector = plan.ask(connection, [plan.name], range(1), "document")[0]  # how long vectors are, nobody else knows
        return replace(plan, length=replace(plan.length, received=len(vector), kept=len(vector)))
    warn_of_licence(known)
    return Plan(
        dialect=dialect,
        served=served,
        name=known.name,
        prompts={"query": known.query_prompt_for(task), "document": known.passage_prompt},
        query_prompt=known.query_prompt,
        suffix=known.suffix,
        empty=known.empty,
        max_tokens=_max_tokens(known, served),
        length=_length(known, dimensions, ask=ask_dimensions, own=dialect.own_dimensions),
    )


def _in_catalogue(name: str | None) -> EmbeddingModel | None:
    return None if name is None else embedding_model(name)


def _length(model: EmbeddingModel, dimensions: int | None, *, ask: bool, own: bool) -> Length:
    """How vectors of a model come to have `dimensions`; `own`: the server reduces as the model's authors do."""
    kept = check_dimensions(model, dimensions)
    if kept == model.dim:
        return Length(received=kept, kept=kept)
    if model.reduction == "projection" and not own:
        raise ConfigurationError(
            f"{model.name} gives vectors of {kept} dimensions by learned projections, which this server does not "
            f"apply; slices of the {model.dim} numbers are other, worse vectors. "
            f"Leave the dimensions out for {model.dim}."
        )
    if own or ask:
        return Length(received=kept, kept=kept, asked=kept)
    return Length(received=model.dim, kept=kept)


def _plan_of_unknown(
    dialect: EmbeddingDialect, served: Served, name: str, dimensions: int | None, *, task: str | None, ask: bool
) -> Plan:
    if task is not None:
        raise ConfigurationError(
            f"{name} is not in the catalogue, so where its task belongs is not known. Leave the task out, or give the "
            "model's facts as an EmbeddingModel."
        )
    if dimensions is not None and not ask:
        raise ConfigurationError(
            f"{name} is not in the catalogue, so whether its vectors may be cut to {dimensions} is not known. Leave "
            "the dimensions out, or have the server shorten them (ask_dimensions) where its model was trained for that."
        )
    logger.warning(
        "%s is not in the catalogue: its texts are sent without prompts. If it needs some, its vectors are worse than "
        "they could be; name the catalogue's model, or give its facts as an EmbeddingModel.",
        name,
    )
    return Plan(
        dialect=dialect,
        served=served,
        name=name,
        prompts={"query": "", "document": ""},
        query_prompt="",
        suffix="",
        empty="",
        max_tokens=(served.max_tokens or _UNKNOWN_MAX_TOKENS) - _SPECIAL_TOKENS,
        length=Length(received=dimensions, asked=dimensions),
    )


def _max_tokens(model: EmbeddingModel, served: Served) -> int:
    """What is left for a passage: prompt and suffix take at most a token for each byte."""
    around = len((model.passage_prompt + model.suffix).encode()) + _SPECIAL_TOKENS
    return max(1, min(model.max_tokens, served.max_tokens or model.max_tokens) - around)
