"""The texts of the probe, what an embedder gives for them, and how vectors are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocols import Embedder
from ..types import Matrix

TEXTS = (
    "Taxi 24 h",
    "東京駅は1914年に開業した。",
    "ताजमहल 1653 में पूरा हुआ।",
    "بدأ بناء الجسر سنة 1894 وانتهى بعد ثماني سنوات.",
    "The library lends books for 28 days; whoever needs one for longer may renew it twice, at the desk or by "
    "telephone, unless another reader has asked for it.",
)
"""Of ragged length, on five matters. Each has digits, so that a model of one language can tell them apart too."""

SAME = 0.999
"""Cosine from which two vectors of one embedder count as the same.

bfloat16 gives a text alone and in a ragged batch 0.9999 with 2 layers of random weights and 0.9991 with 28 of them,
which round worse than trained ones; padding on the wrong side gives 0.4.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What an embedder gave for TEXTS: as queries, as passages together, again, each alone; and for no texts."""

    dim: int
    queries: Matrix
    passages: Matrix
    again: Matrix
    alone: tuple[Matrix, ...]
    none: Matrix


def draw(embedder: Embedder) -> Sample:
    """Embed TEXTS: three batches, and each text alone."""
    return Sample(
        dim=embedder.dim,
        queries=embedder.embed_queries(TEXTS),
        passages=embedder.embed_passages(TEXTS),
        again=embedder.embed_passages(TEXTS),
        alone=tuple(embedder.embed_passages([text]) for text in TEXTS),
        none=embedder.embed_passages([]),
    )


def cosines(first: Matrix, second: Matrix) -> NDArray[np.float64]:
    """Cosine of each row of `first` with the same row of `second`, shape (n,)."""
    cosine: NDArray[np.float64] = (unit(first) * unit(second)).sum(axis=1)
    return cosine


def unit(vectors: Matrix) -> NDArray[np.float64]:
    """The rows brought to length 1; zeros stay."""
    rows = vectors.astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return rows


def shown(place: int | np.integer[Any]) -> str:
    """A text of the probe in a message."""
    text = TEXTS[place]
    return repr(text if len(text) < 40 else f"{text[:30]}…")
