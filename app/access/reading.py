"""What is read of the part of a store that a key sees, beside searches and documents."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from ...retrieval.errors import InputError
from ...retrieval.filters import AnyOf, Filter, Range, where
from ...retrieval.protocols import Readable, Stored
from ...retrieval.stores.answers import FIRST_CHUNK
from ...retrieval.text.codes import language_and_variants
from ...retrieval.text.identify import SURE
from ...retrieval.types import UNDETERMINED, Chunk
from .values import Counts, Overview, Sample

MAX_PAGE = 1000
MAX_SAMPLE = 2000

_UNDETERMINED = where(language=language_and_variants(UNDETERMINED))
_UNSURE = Filter((AnyOf((_UNDETERMINED, Filter((Range(key="language_confidence", lt=SURE),)))),))


def check_limit(limit: int, most: int) -> None:
    """Raise InputError for a limit that is not from 1 to `most`."""
    if not 1 <= limit <= most:
        raise InputError(f"limit is {limit}; it must be from 1 to {most}.")


def passage(seen: Readable, names: Sequence[str], ordinal: int) -> Stored | None:
    """A passage with its vector, of the first of the documents `names` that has it; None where none has.

    While a document is being replaced it may be that of either version.
    """
    for name in names:
        for stored in seen.scan(where(document_id=name, ordinal=ordinal), vectors=True):
            return stored
    return None


def sample(seen: Readable, limit: int, dim: int) -> Sample:
    """The first `limit` passages of a scan; see `View.sample`."""
    found = list(islice(seen.scan(vectors=True), limit))
    vectors = np.array([stored.vector for stored in found], np.float32).reshape(len(found), dim)
    return Sample(chunks=tuple(stored.chunk for stored in found), vectors=vectors)


def overview(seen: Readable, *, sources: bool) -> Overview:
    """Counts; see `View.overview`."""
    passages, documents = seen.facets("language"), seen.facets("language", FIRST_CHUNK)
    languages = {tag: Counts(documents=documents.get(tag, 0), passages=count) for tag, count in passages.items()}
    return Overview(
        documents=seen.count(FIRST_CHUNK),
        passages=seen.count(),
        languages=languages,
        sources=seen.facets("source") if sources else None,
    )


def unsure(seen: Readable, limit: int) -> list[Chunk]:
    """Passages whose language is a guess; see `View.unsure`."""
    return [stored.chunk for stored in islice(seen.scan(_UNSURE), limit)]
