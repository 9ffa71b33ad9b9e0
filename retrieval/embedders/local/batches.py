"""Cut texts into batches by tokens: little padding, and a bound on what one batch needs of memory."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigurationError, EmbedderError
from ...precedence import SEARCHES

logger = logging.getLogger(__name__)

Ids = NDArray[np.int64]
Run = Callable[[Ids], NDArray[np.float32]]

_BUDGETS = {"cuda": 32_768, "mps": 8_192, "cpu": 4_096}  # tokens of a batch, padding included
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")
_SPREAD = 0.8  # the shortest text of a batch has at least this share of the tokens of the longest, less
_SLACK = 4  # so many tokens: else very short texts would run nearly alone


def batch_start(lengths: Ids, end: int, budget: int) -> int:
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


def padded(rows: list[Ids], *, filler: int, left: bool) -> tuple[Ids, Ids]:
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
    """Runs networks batch by batch, each one batch at a time whoever asks, and learns how much the memory allows.

    Args:
        name: of the model, for messages.
        tokens: of a batch, padding included; None: by device. What one device has no memory for, none is given again.
    """

    def __init__(self, name: str, tokens: int | None) -> None:
        if tokens is not None and tokens < 1:
            raise ConfigurationError(f"batch_tokens is {tokens}. Give 1 or more, or leave it out.")
        self._name, self._tokens = name, tokens
        self._running: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

    def run(self, lengths: Ids, networks: Sequence[tuple[Run, str]]) -> Iterator[tuple[Ids, NDArray[np.float32]]]:
        """What the networks give for batches of texts, each with the places of those texts; all texts once.

        Args:
            lengths: tokens of each text.
            networks: copies of one network, each with the device that it runs on; they take batches in turn, each when
                it is done with its last. A call gives results of the texts at the given places, one row each.

        Raises:
            EmbedderError: one failed, or memory does not suffice for one text.
        """
        order = np.argsort(lengths, kind="stable")
        ascending, left = lengths[order], len(lengths)
        claiming = threading.Lock()

        def work(number: int) -> Iterator[tuple[Ids, NDArray[np.float32]]]:
            nonlocal left
            network, device = networks[number]
            try:
                while True:
                    with claiming:
                        end = left
                        left = batch_start(ascending, end, self._budget(device)) if end else 0
                        begin = left
                    if not end:
                        return
                    while end > begin:  # once, unless memory runs out
                        start = max(begin, batch_start(ascending, end, self._budget(device)))
                        if len(lengths) > 1:
                            SEARCHES.give_way()
                        with self._running[number]:
                            result = self._attempt(network, order[start:end], int(ascending[end - 1]), device)
                        if result is None:
                            _release(device)
                            continue
                        yield order[start:end], result
                        end = start
            except BaseException:
                with claiming:
                    left = 0  # the others end with the batch that they are at
                raise

        if len(networks) == 1:
            yield from work(0)
            return
        with ThreadPoolExecutor(len(networks), thread_name_prefix="interlingua-local") as threads:
            for found in threads.map(lambda number: list(work(number)), range(len(networks))):
                yield from found

    def _budget(self, device: str) -> int:
        return self._tokens or _BUDGETS.get(device.split(":")[0], _BUDGETS["cpu"])

    def _attempt(self, network: Run, places: Ids, longest: int, device: str) -> NDArray[np.float32] | None:
        """The results of one batch; None, and half of its tokens from now on, where memory ran out."""
        try:
            return network(places)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            if not any(words in str(error).lower() for words in _OUT_OF_MEMORY):
                raise EmbedderError(f"{self._name} failed on {len(places)} texts: {error}") from error
            if len(places) == 1:
                raise EmbedderError(
                    f"{self._name} ran out of memory on {device} with one text of {longest} tokens. "
                    "Make chunks shorter, or use a smaller model or more memory."
                ) from error
            self._tokens = min(self._budget(device), longest * len(places) // 2)
            logger.warning("%s ran out of memory; batches have %d tokens now", self._name, self._tokens)
        return None


def _release(device: str) -> None:
    """Give memory that torch keeps for later back to the device; outside the handler, whose traceback holds tensors."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
