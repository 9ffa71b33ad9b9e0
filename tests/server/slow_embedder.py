"""An embedder that takes its time; other processes reach it as `slow_embedder:SlowEmbedder`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from interlingua.retrieval.types import Matrix
from support import NgramEmbedder


class SlowEmbedder(NgramEmbedder):
    """Half a second for each batch of passages."""

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        time.sleep(0.5)
        return super().embed_passages(texts)
