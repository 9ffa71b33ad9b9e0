"""Two embedders of one model side by side, such as a server and a copy in this process; and why they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..embedders.local import LocalEmbedder
from ..protocols import Embedder
from ..types import Matrix
from .answers import NEAR
from .networks import misuses
from .sample import TEXTS, cosines, unit

_EQUAL = 0.99999  # float32 on both sides
_ALIKE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Cosines of the two vectors of each text of the probe, by role; none where the dimensions differ.

    `agree`: a store made with one can be searched with the other. `diagnosis`: why not, as far as it can be told.
    """

    queries: tuple[float, ...]
    passages: tuple[float, ...]
    agree: bool
    diagnosis: str

    @property
    def difference(self) -> float | None:
        """The largest 1 - cosine."""
        return 1 - min(*self.queries, *self.passages) if self.queries else None


def compare(first: Embedder, second: Embedder) -> Comparison:
    """Embed the texts of the probe with both.

    Raises:
        ConfigurationError, EmbedderError: one of them cannot be had, or gives no vectors at all.
    """
    if first.dim != second.dim:
        diagnosis = (
            f"one gives {first.dim} dimensions, the other {second.dim}: another model, or --dimensions is not the same"
        )
        return Comparison(queries=(), passages=(), agree=False, diagnosis=diagnosis)
    ours = {"queries": first.embed_queries(TEXTS), "passages": first.embed_passages(TEXTS)}
    theirs = {"queries": second.embed_queries(TEXTS), "passages": second.embed_passages(TEXTS)}
    cosine = {role: cosines(ours[role], theirs[role]) for role in ours}
    lowest = min(float(values.min()) for values in cosine.values())
    if lowest >= NEAR:
        diagnosis = "the same vectors" if lowest >= _EQUAL else "the same but for rounding, as another precision gives"
    else:
        diagnosis = "; ".join(
            f"{role}: {_cause(first, second, ours[role], theirs[role], query=role == 'queries')}"
            for role, values in cosine.items()
            if values.min() < NEAR
        )
        agreeing = [role for role, values in cosine.items() if values.min() >= NEAR]
        diagnosis += f" ({agreeing[0]} agree)" if agreeing else ""
    return Comparison(
        queries=tuple(map(float, cosine["queries"])),
        passages=tuple(map(float, cosine["passages"])),
        agree=lowest >= NEAR,
        diagnosis=diagnosis,
    )


def _cause(first: Embedder, second: Embedder, ours: Matrix, theirs: Matrix, *, query: bool) -> str:
    """Why vectors of one role differ: tried out where one of the two is in this process, else read off the cosines."""
    for local, other, which in ((first, theirs, "second"), (second, ours, "first")):
        if isinstance(local, LocalEmbedder):
            for way, vectors in misuses(local.network(), TEXTS, query=query):
                if cosines(vectors, other).min() >= NEAR:
                    return f"those of the {which} are what the model gives {way}"
    between = unit(ours) @ unit(theirs).T
    cosine = between.diagonal()
    if (between.max(axis=1) >= NEAR).all():
        return "the same vectors in another order"
    differing = cosine < NEAR
    longest = int(np.argmax([len(text) for text in TEXTS]))
    if differing.sum() == 1 and differing[longest]:
        return "only the longest text differs: one of them cuts texts off earlier"
    if not differing[longest] and differing.any():
        return "only the longest of the batch, which is not padded, agrees: padding reaches the vectors of the others"
    if cosine.min() >= _ALIKE:
        return (
            f"all differ a little (cosine {cosine.min():.4f} and more): a coarser precision or quantization, a "
            "fine-tune of the model, or a prompt that differs by a character"
        )
    return (
        f"everything differs (cosine {cosine.min():.4f} and more): another model, prompt, pooling, end token or "
        "attention"
    )
