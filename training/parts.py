"""The two parts of a vector, contextual and lexical, and how they make one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CONTEXTUAL, LEXICAL = 320, 192  # numbers of each part
WEIGHT = 0.65  # of the lexical part, of length 1, beside the contextual one

# A vector in order, as (part, first, last): cut to 128 numbers it is contextual alone, to 256 a quarter lexical, to 384
# a third.
ORDER = (
    ("contextual", 0, 128),
    ("contextual", 128, 192),
    ("lexical", 0, 64),
    ("contextual", 192, 256),
    ("lexical", 64, 128),
    ("contextual", 256, 320),
    ("lexical", 128, 192),
)
DIMENSIONS = (64, 128, 256, 384, CONTEXTUAL + LEXICAL)  # lengths that a vector may be cut to

Floats = NDArray[np.float32]


def joined(contextual: Floats, lexical: Floats) -> Floats:
    """Both parts as one vector of length 1, shape (texts, CONTEXTUAL + LEXICAL), in ORDER.

    Args:
        contextual: the first CONTEXTUAL numbers, not scaled, shape (texts, CONTEXTUAL).
        lexical: sums of the token vectors, shape (texts, LEXICAL); zeros for a text without known words.
    """
    both = {"contextual": unit(contextual), "lexical": WEIGHT * unit(lexical)}
    return unit(np.concatenate([both[part][:, first:last] for part, first, last in ORDER], axis=1))


def unit(rows: Floats) -> Floats:
    """Rows of length 1; zeros stay zeros."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)  # type: ignore[no-any-return]
