"""An embedder that is long in coming; other processes reach it as `late_embedder:LateEmbedder`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from interlingua.retrieval.types import Matrix
from support import NgramEmbedder


class LateEmbedder(NgramEmbedder):
    """Three seconds for the first query."""

    def __init__(self) -> None:
        self._loaded = False

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        if not self._loaded and "ready" in texts:
            time.sleep(3)
            self._loaded = True
        return super().embed_queries(texts)
