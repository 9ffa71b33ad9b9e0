"""The last stage of a search, on demand: a reranker reads the query with each candidate and orders them anew."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .errors import EmbedderError
from .rerankers import Reranker
from .types import Hit

logger = logging.getLogger(__name__)

Scores = NDArray[np.float32]


def rerank(reranker: Reranker, query: str, hits: Sequence[Hit], *, budget: float | None = None) -> list[Hit]:
    """`hits` by the reranker's score, best first, ties by chunk id; `scores["rerank"]` is set and is the score.

    Args:
        reranker: its scores are higher where a passage is more relevant.
        query: as the user typed it.
        hits: candidates, best first.
        budget: seconds that the reranker may take. Past it `hits` come back as they were, without
            `scores["rerank"]`, and a warning is logged; the reranker ends by itself in the background.

    Raises:
        EmbedderError: the reranker failed, or returned something else than one finite number per passage.
    """
    if not hits:
        return []
    passages = [hit.chunk.text for hit in hits]
    scores = reranker.score(query, passages) if budget is None else _within(budget, reranker, query, passages)
    if scores is None:
        logger.warning(
            "%s did not rank %d passages within %g s: they keep the order of the search. Allow more time, or rerank "
            "fewer candidates.",
            reranker.model,
            len(hits),
            budget,
        )
        return list(hits)
    ranked = [
        replace(hit, score=score, scores={**hit.scores, "rerank": score})
        for hit, score in zip(hits, checked(reranker, scores, len(hits)).tolist(), strict=True)
    ]
    return sorted(ranked, key=lambda hit: (-hit.score, hit.chunk.id))


def checked(reranker: Reranker, scores: Scores, count: int) -> Scores:
    """`scores`, if they are `count` finite numbers; EmbedderError otherwise."""
    if scores.shape != (count,) or not np.isfinite(scores).all():
        raise EmbedderError(
            f"{reranker.model} returned no usable scores: shape {scores.shape}, ({count},) of finite numbers was "
            "expected."
        )
    return scores


def _within(budget: float, reranker: Reranker, query: str, passages: Sequence[str]) -> Scores | None:
    """The scores, or None when they take longer than `budget` seconds."""
    found: list[Scores] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(reranker.score(query, passages))
        except BaseException as error:
            failed.append(error)

    # Not a pool: its threads would be waited for at exit.
    thread = threading.Thread(target=run, name="interlingua-rerank", daemon=True)
    thread.start()
    thread.join(budget)
    if failed:
        raise failed[0]
    return found[0] if found else None
