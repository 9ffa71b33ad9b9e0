"""Cut texts into batches by tokens: little padding, and a bound on what one batch needs of memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigurationError, EmbedderError

logger = logging.getLogger(__name__)

_BUDGETS = {"cuda": 32_768, "mps": 8_192, "cpu": 4_096}  # tokens of a batch, padding included
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")
_SPREAD = 0.8  # the shortest text of a batch has at least this share of the tokens of the longest, less
_SLACK = 4  # so many tokens: else very short texts would run nearly alone


def batch_start(lengths: NDArray[np.int64], end: int, budget: int) -> int:
    """Where the batch begins that ends before `end`; at least one text, however long it is.

    Args:
        lengths: tokens of each text, ascending, so that the batch with the longest texts comes first and what does not
            fit into memory is known at once.
        end: how many texts are left.
        budget: tokens, padding included, that a batch may have.
    """
    longest = int(lengths[end - 1])
    fits = end - max(1, budget // max(1, longest))
    alike = int(np.searchsorted(lengths[:end], _SPREAD * longest - _SLACK, side="left"))
    return max(0, fits, alike)


def padded(rows: list[NDArray[np.int64]], *, filler: int, left: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and attention mask, each of shape (rows, tokens of the longest), padded with `filler` on one side."""
    width = max(map(len, rows))
    ids = np.full((len(rows), width), filler, np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        part = slice(width - len(row), None) if left else slice(0, len(row))
        ids[i, part] = row
        mask[i, part] = 1
    return ids, mask


class Batches:
    """Runs a network batch by batch, one at a time whoever asks, and learns how much the memory allows.

    Args:
        name: of the model, for messages.
        tokens: of a batch, padding included; None: by device.
    """

    def __init__(self, name: str, tokens: int | None) -> None:
        if tokens is not None and tokens < 1:
            raise ConfigurationError(f"batch_tokens is {tokens}. Give 1 or more, or leave it out.")
        self._name, self._tokens, self._running = name, tokens, threading.Lock()

    def run(
        self,
        lengths: NDArray[np.int64],
        network: Callable[[NDArray[np.int64]], NDArray[np.float32]],
        *,
        device: str,
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """What `network` gives for batches of texts, each with the places of those texts; all texts once.

        Args:
            lengths: tokens of each text.
            network: results of the texts at the given places, one row each.
            device: where it runs.

        Raises:
            EmbedderError: it failed, or memory does not suffice for one text.
        """
        order = np.argsort(lengths, kind="stable")
        ascending, end = lengths[order], len(lengths)
        while end:
            budget = self._tokens or _BUDGETS.get(device.split(":")[0], _BUDGETS["cpu"])
            places = order[batch_start(ascending, end, budget) : end]
            result = self._attempt(network, places, int(ascending[end - 1]), device)
            if result is None:
                _release(device)
                continue
            yield places, result
            end -= len(places)

    def _attempt(
        self,
        network: Callable[[NDArray[np.int64]], NDArray[np.float32]],
        places: NDArray[np.int64],
        longest: int,
        device: str,
    ) -> NDArray[np.float32] | None:
        """The results of one batch; None, and half of its tokens from now on, where memory ran out."""
        try:
            with self._running:
                return network(places)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            if not any(words in str(error).lower() for words in _OUT_OF_MEMORY):
                raise EmbedderError(f"{self._name} failed on {len(places)} texts: {error}") from error
            if len(places) == 1:
                raise EmbedderError(
                    f"{self._name} ran out of memory on {device} with one text of {longest} tokens. "
                    "Make chunks shorter, or use a smaller model or more memory."
                ) from error
            self._tokens = longest * len(places) // 2
            logger.warning("%s ran out of memory; batches have %d tokens now", self._name, self._tokens)
        return None


def _release(device: str) -> None:
    """Give memory that torch keeps for later back to the device; outside the handler, whose traceback holds tensors."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
