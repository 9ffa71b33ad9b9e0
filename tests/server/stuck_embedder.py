"""An embedder that does not come back; other processes reach it as `stuck_embedder:StuckEmbedder`."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from interlingua.retrieval.types import Matrix
from support import NgramEmbedder

STUCK = "ติดขัด"


class StuckEmbedder(NgramEmbedder):
    """A minute for what has the text `STUCK`, unless `go` is set."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        self._wait(texts)
        return super().embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        self._wait(texts)
        return super().embed_passages(texts)

    def _wait(self, texts: Sequence[str]) -> None:
        if STUCK in texts:
            self.go.wait(60)
