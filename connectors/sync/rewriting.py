"""Metadata of a plan on what is stored already, without a look at the source."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np

from ...retrieval.protocols import Store
from ...retrieval.types import Metadata
from ..vanished import of_source

_BATCH = 256


def rewrite(store: Store, source: str, metadata: Metadata) -> int:
    """Put `metadata` on every stored chunk of `source` that has other values; how many had.

    Who may read a document must not wait until it can be read again: its source may be down, or the document damaged.
    """
    own = of_source(store, source)
    if own is None or not metadata:
        return 0
    stored, count = store.scan(own, vectors=True), 0
    while page := list(islice(stored, _BATCH)):
        found = [(one.chunk, one.vector) for one in page if one.vector is not None]
        other = [(c, v) for c, v in found if any(c.metadata.get(name) != metadata[name] for name in metadata)]
        if other:
            chunks = [replace(chunk, metadata={**chunk.metadata, **metadata}) for chunk, _ in other]
            store.upsert(chunks, np.array([vector for _, vector in other], dtype=np.float32))
        count += len(other)
    return count
