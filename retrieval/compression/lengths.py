"""Which lengths of vector a model offers."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalogue import embedding_model
from ..protocols import Embedder

_SMALLEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """`offered`, longest first, the full one included; `cut`: shorter ones are the first numbers of the full one.

    Where they are not, the model has to embed the texts again for each. `known` is False for a model of which only
    the full length is sure.
    """

    offered: tuple[int, ...]
    cut: bool
    known: bool


def lengths(embedder: Embedder) -> Lengths:
    """The lengths up to that of `embedder`: those its model lists, or halves of the full one."""
    full = embedder.dim
    listed: tuple[int, ...] | None = getattr(embedder, "dimensions", None)
    cut, smallest = True, 0
    entry = embedding_model(embedder.model)
    if listed is None and entry is not None:
        listed, smallest, cut = entry.dimensions, entry.smallest, entry.reduction != "projection"
    if smallest and not listed:
        listed = tuple(full >> halved for halved in range(12) if full >> halved >= max(smallest, _SMALLEST))
    shorter = sorted((length for length in listed or () if length < full), reverse=True)
    return Lengths(offered=(full, *shorter), cut=cut, known=listed is not None)
