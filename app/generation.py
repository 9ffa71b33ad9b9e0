"""An embedder with the vectors that it made: what a search uses from its beginning to its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..retrieval.errors import InterlinguaError
from ..retrieval.manifest import Manifest
from ..retrieval.protocols import Embedder, Store
from ..retrieval.rerankers import Reranker
from ..retrieval.retriever import Retriever

logger = logging.getLogger(__name__)


class Generation:
    """One model's vectors, in use by any number of threads; once retired, its store is closed with the last of them."""

    def __init__(self, embedder: Embedder, store: Store, manifest: Manifest, reranker: Reranker | None) -> None:
        self.embedder = embedder
        self.store = store
        self.manifest = manifest
        self.reranker = reranker
        self.retriever = Retriever(embedder, store, reranker=reranker)
        self._users = 0
        self._retired = False
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def enter(self) -> bool:
        """Begin to use it; False when it was retired and may be closed at any moment."""
        with self._lock:
            self._users += not self._retired
            return not self._retired

    def leave(self) -> None:
        """End what `enter` began."""
        with self._lock:
            self._users -= 1
            last = self._retired and not self._users
        if last:
            self._close()

    def retire(self) -> None:
        """Let nobody new in, and close the store as soon as nobody uses it."""
        with self._lock:
            self._retired = True
            last = not self._users
        if last:
            self._close()

    def wait_closed(self, seconds: float) -> bool:
        """Wait for the end of those who still use it; whether it came in time."""
        return self._closed.wait(seconds)

    def _close(self) -> None:
        try:
            self.store.close()
        except InterlinguaError as error:  # the search that happened to be the last is not to blame
            logger.warning("Closing the vectors of %s failed: %s", self.manifest.model, error)
        finally:
            self._closed.set()


class Current:
    """The generation in force. Whoever uses one keeps it to the end, whatever is in force by then."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._replaced: list[Generation] = []

    def get(self) -> Generation:
        """The one in force, for a look at it; `using` for work that must not lose it."""
        return self._generation

    @contextmanager
    def using(self) -> Iterator[Generation]:
        """The one in force, open until the end of the block."""
        while not (generation := self._generation).enter():
            pass  # it was replaced this very moment
        try:
            yield generation
        finally:
            generation.leave()

    def replace(self, generation: Generation) -> None:
        """Put another one in force, in one step."""
        before, self._generation = self._generation, generation
        self._replaced.append(before)
        before.retire()

    def wait_replaced(self, seconds: float) -> None:
        """Wait until those that were replaced are closed; after so many seconds, go on as it is."""
        self._replaced = [generation for generation in self._replaced if not generation.wait_closed(seconds)]

    def close(self) -> None:
        """Close the one in force and those that were replaced."""
        for generation in (*self._replaced, self._generation):
            generation.store.close()
