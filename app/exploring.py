"""What a sample of an index shows at a glance: a map of its passages, translations among them, their scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..retrieval.errors import InputError, MissingExtraError, VectorError
from ..retrieval.text.codes import base_language, script_of
from ..retrieval.types import UNDETERMINED, Chunk, Matrix
from .access.values import Sample

LEAST = 0.75
"""Cosine from which on `translations` takes two passages for the same: of the bundled model, on the demo."""
UNKNOWN_SCRIPT = "Zzzz"
"""ISO 15924 for a script that is not known."""

_FEW = 50
"""Points up to which their two principal components are as good a map as any."""
_COMPONENTS = 50
_ITERATIONS = 500
"""Twice as many, scikit-learn's default, keep no more of the nearest ten: 54 % of them for 2,000 of the demo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two passages of different documents and languages, and the cosine of their vectors."""

    first: Chunk
    second: Chunk
    score: float


def projected(vectors: Matrix) -> NDArray[np.float32]:
    """A place in the plane for each vector, shape (n, 2): near ones are near each other, equal ones at one place.

    By t-SNE (van der Maaten and Hinton 2008) on the first 50 principal components; up to 50 different vectors by the
    first two alone. Nothing is left to chance: the same vectors, in any order, give the same map. 500 vectors take
    0.7 s, 2,000 take 4.

    Raises:
        VectorError: the vectors are no matrix, or hold NaN or infinity.
        MissingExtraError: scikit-learn is not installed, and there are more than 50 vectors.
    """
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        what = f"have the shape {vectors.shape}, not (n, dim)" if vectors.ndim != 2 else "hold NaN or infinity"
        raise VectorError(f"The vectors {what}, so there is no map of them.")
    if not len(vectors):
        return np.zeros((0, 2), np.float32)
    different, places = np.unique(vectors, axis=0, return_inverse=True)
    points = _neighbours_kept(_principal(different, _COMPONENTS)) if len(different) > _FEW else _principal(different, 2)
    mapped: NDArray[np.float32] = points.astype(np.float32)[places.reshape(-1)]
    return mapped


def translations(sample: Sample, *, least: float = LEAST, limit: int = 100) -> list[Pair]:
    """Pairs of passages that say nearly the same in different languages and documents, best first, ties in order.

    Passages of an unknown language are left out, and those of equal text. `least` is a cosine, and each model has its
    own. Of the bundled model's 6.2 million pairs among the demo's 3,566 passages in 49 languages, 1,137 have 0.75 or
    more: 97 % are from translations of one document, 87 % from the same place in it, and more than that is no surer.
    From 0.65 on it is 4,725, 83 % and 63 %; from 0.55 on 33,308, 58 % and 30 %. They are few of all that there are:
    5 % of the pairs that cover the same place. Raises InputError for a limit under 1.
    """
    if limit < 1:
        raise InputError(f"limit is {limit}; it must be 1 or more.")
    languages = [base_language(chunk.language) for chunk in sample.chunks]
    known = np.array([language != UNDETERMINED for language in languages], bool)
    wanted = known[:, None] & known[None, :]
    for values in (languages, [c.document_id for c in sample.chunks], [c.text for c in sample.chunks]):
        numbers = _numbered(values)
        wanted &= numbers[:, None] != numbers[None, :]
    scores = np.round(sample.vectors @ sample.vectors.T, 6)  # as hits are: above the noise of float32
    firsts, seconds = np.nonzero(np.triu(wanted & (scores >= least), 1))
    best = np.argsort(-scores[firsts, seconds], kind="stable")[:limit]
    return [
        Pair(first=sample.chunks[first], second=sample.chunks[second], score=round(float(scores[first, second]), 6))
        for first, second in zip(firsts[best].tolist(), seconds[best].tolist(), strict=True)
    ]


def scripts(languages: Mapping[str, int]) -> dict[str, int]:
    """Passages per script (ISO 15924: `Arab`, `Latn`), most first, from passages per language tag.

    The script is that of the tag, else the usual one of its language; `Zzzz` where that is not known.
    """
    counts: Counter[str] = Counter()
    for tag, passages in languages.items():
        counts[script_of(tag) or UNKNOWN_SCRIPT] += passages
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _principal(vectors: Matrix, count: int) -> NDArray[np.float64]:
    """The first `count` principal components, shape (n, count); zeros for those that there are not."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    found = (left * sizes)[:, :count]
    components: NDArray[np.float64] = np.pad(found, ((0, 0), (0, count - found.shape[1])))
    return components


def _neighbours_kept(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points in the plane by t-SNE, from their first two components on.

    In one thread: beside other work, threads that wait for one another at every step made 500 points take 18 s, not 1.
    """
    try:
        from sklearn.manifold import TSNE  # takes a second
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "ui") from error
    with threadpool_limits(1, user_api="openmp"):
        start = 1e-4 * points[:, :2] / points[:, 0].std()  # as small as scikit-learn makes it
        model = TSNE(init=start.astype(np.float32), max_iter=_ITERATIONS)
        places: NDArray[np.float64] = model.fit_transform(points)
    return places


def _numbered(values: Iterable[str]) -> NDArray[np.int64]:
    """A number for each value, the same for equal ones."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)
