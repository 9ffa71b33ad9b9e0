"""Metadata of a plan on what is stored already, without a look at the source.

Who may read a document must not wait until it can be read again: its source may be down, or the document damaged.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import islice

import numpy as np

from ...retrieval.protocols import Records, Store
from ...retrieval.types import Chunk, Metadata
from ..vanished import of_source
from . import state as states
from .plan import Plan
from .state import Attached

_BATCH = 256


def attach_to_stored(store: Store, records: Records, source: str, plan: Plan, restored: str | None) -> None:
    """Make what is stored of `source` bear the metadata of `plan`, unless it is known to.

    What is known is remembered by what was read, not by the name of a table: it outlives another name and `--forget`.
    `restored` tells rollbacks apart, which bring back passages as they were. What an earlier plan set and this one does
    not is taken off. Raises StoreError.
    """
    known = states.load_attached(records, source)
    wanted = Attached(mark=plan.mark, keys=tuple(sorted(plan.metadata)), restored=restored)
    if set(known.values()) <= {wanted} and (source in known or not plan.metadata):
        return
    before = {key for one in known.values() for key in one.keys}
    if plan.metadata or before:
        rewrite(store, source, plan.metadata, remove=before - plan.metadata.keys())
        store.flush()
    states.save_attached(records, source, wanted)
    states.remove_attached(records, [within for within in known if within != source])


def rewrite(store: Store, source: str, metadata: Metadata, *, remove: Collection[str] = ()) -> int:
    """Put `metadata` on every stored chunk of `source` that has other values, without `remove`; how many had."""
    own = of_source(store, source)
    if own is None:
        return 0
    stored, count = store.scan(own, vectors=True), 0
    while page := list(islice(stored, _BATCH)):
        found = [(one.chunk, _with(one.chunk, metadata, remove), one.vector) for one in page]
        other = [(new, vector) for old, new, vector in found if vector is not None and new.metadata != old.metadata]
        if other:
            store.upsert([chunk for chunk, _ in other], np.array([vector for _, vector in other], dtype=np.float32))
        count += len(other)
    return count


def _with(chunk: Chunk, metadata: Metadata, remove: Collection[str]) -> Chunk:
    kept = {name: value for name, value in chunk.metadata.items() if name not in remove}
    return replace(chunk, metadata={**kept, **metadata})
