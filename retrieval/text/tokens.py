"""How many tokens a text has when the embedder's own tokenizer is not at hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .scripts import SCRIPTS, UNSPACED, script_indices

# Tokens per letter of a 64,000-piece multilingual Unigram vocabulary over news in 67 languages, plus a tenth;
# byte-level vocabularies made for English need more in Indic scripts. Latin letters outside ASCII cost 0.83.
_PER_LETTER = {
    "Zyyy": 1.2, "Latn": 0.38, "Cyrl": 0.45, "Grek": 0.55, "Arab": 0.5, "Hebr": 0.65, "Armn": 0.65, "Geor": 0.6,
    "Deva": 0.5, "Beng": 0.55, "Taml": 0.45, "Telu": 0.6, "Knda": 0.6, "Mlym": 0.55, "Thai": 0.6, "Hang": 1.1,
}  # fmt: skip
_LATIN_MARKED = 0.9
_COSTS = np.array([_PER_LETTER.get(script, 1.0 if script in UNSPACED else 0.8) for script in SCRIPTS])
_LATIN = SCRIPTS.index("Latn")


def estimate_starts(points: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Where tokens would begin, ascending, shape (tokens,): a cautious guess, as a rule above the true number.

    A token per letter in most scripts without blanks, per 2-3 letters in others; digits and marks are tokens of their
    own.
    """
    scripts = script_indices(points)
    costs = _COSTS[scripts]
    costs[(scripts == _LATIN) & (points > 127)] = _LATIN_MARKED
    costs[points <= 32] = 0.0
    totals = np.cumsum(costs)
    count = int(np.ceil(totals[-1])) if totals.size else 0
    # The first position at which the running total passes 0, 1, 2, ...
    return np.searchsorted(totals, np.arange(count), side="right").astype(np.int64)
