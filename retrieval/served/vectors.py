"""Vectors as servers send them, made into unit rows."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Matrix

_LARGEST = float(np.finfo(np.float32).max)
_SMALLEST_NORM = 1e-6  # what is shorter has no direction


def unit_rows(vectors: Sequence[Any], *, count: int, received: int | None, keep: int | None) -> Matrix:
    """Rows of L2 norm 1, shape (count, keep).

    A vector is cut before it is normalised, and normalised again whatever the server says, since servers round and
    some do not normalise what they cut.

    Args:
        vectors: lists of numbers, or base64 of little-endian float32.
        count: how many there must be.
        received: length that each must have; None: that of the first.
        keep: numbers kept of each, from the start; None: all.

    Raises:
        ValueError: another count or length, NaN or infinity, a vector of zeros, or no numbers at all.
    """
    if len(vectors) != count:
        raise ValueError(f"{len(vectors)} vectors for {count} texts")
    rows = []
    for number, vector in enumerate(vectors, 1):
        row = _numbers(vector, number)
        received = len(row) if received is None else received
        if row.ndim != 1 or len(row) != received or not received:
            raise ValueError(f"vector {number} of {count} has shape {row.shape}, not ({received or 'any'},)")
        if not (np.abs(row) <= _LARGEST).all():  # false for NaN too
            raise ValueError(
                f"vector {number} of {count} holds NaN or infinity (a server that computes in float16 does that when "
                "a model overflows: start it with bfloat16 or float32)"
            )
        row = row[:keep]
        norm = np.linalg.norm(row)
        if not norm > _SMALLEST_NORM:
            raise ValueError(f"vector {number} of {count} has norm {norm:.1e}: it says nothing about its text")
        rows.append((row / norm).astype(np.float32))
    return np.stack(rows)


def _numbers(vector: Any, number: int) -> NDArray[np.float64]:
    if isinstance(vector, str):
        return np.frombuffer(base64.b64decode(vector, validate=True), "<f4").astype(np.float64)
    if not isinstance(vector, list):
        raise ValueError(f"vector {number} is {type(vector).__name__}, neither a list nor base64")
    # null becomes NaN here, which is how a server that cannot write NaN as JSON says it.
    return np.array(vector, np.float64)
