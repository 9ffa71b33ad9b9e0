"""Which dimension and quantization an index should have, measured on the user's own texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..connectors.sampled import Sampled, chunks
from ..connectors.sources import Source
from ..retrieval.chunks import Chunking
from ..retrieval.compression import Measured, Sample, embedded, measure, stored
from ..retrieval.compression.lengths import lengths
from ..retrieval.protocols import Embedder
from ..retrieval.types import Chunk, Matrix, Skip
from .index import Index
from .settings import Settings
from .wiring import configured_embedder, connector_of

DOCUMENTS = 2_000
"""Documents of a source that are read."""


def plan_index(index: Index, **options: Any) -> Measured:
    """Measure on the vectors that `index` holds; `options` as in `plan_sources`."""
    settings = index.settings.model_copy(update={"embedder": index.manifest.model})
    return _measured(stored(index.store), index.embedder, settings, **options)


def plan_sources(
    sources: Sequence[Source],
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    documents: int = DOCUMENTS,
    skipped: Callable[[Skip], None] | None = None,
    **options: Any,
) -> Measured:
    """Measure on documents that are in no index yet; nothing is stored.

    Args:
        sources: as for an ingest.
        settings: name the model and how texts are cut.
        embedder: in place of the one in the settings.
        documents: read from each source at most.
        skipped: is told what could not be read.
        options: dimensions to try (empty: those that the model offers), queries of the user's own, target and
            for_chunks of `compression.measure`.

    Raises:
        InputError: there is too little to measure, or no such dimension.
    """
    embedder = embedder or configured_embedder(settings)
    chunking = Chunking(
        max_tokens=min(settings.chunk_tokens, embedder.max_tokens), overlap_sentences=settings.chunk_overlap
    )
    found: list[Chunk] = []
    for source in sources:
        part = Sampled(connector_of(source, settings), documents)
        for item in chunks(part, chunking=chunking, tokenizer=embedder.tokenizer):
            if isinstance(item, Chunk):
                found.append(item)
            elif skipped is not None:
                skipped(item)
    return _measured(embedded(found, embedder), embedder, settings, **options)


def _measured(
    sample: Sample,
    embedder: Embedder,
    settings: Settings,
    *,
    dimensions: Sequence[int] = (),
    queries: Sequence[str] = (),
    **options: Any,
) -> Measured:
    offered = lengths(embedder)

    def again(dim: int) -> tuple[Matrix, Matrix]:
        other = configured_embedder(settings.model_copy(update={"dimensions": dim}))
        texts = [chunk.text for chunk in sample.chunks]
        return other.embed_queries(queries or sample.queries), other.embed_passages(texts)

    return measure(
        sample,
        embedder,
        dimensions=dimensions or offered.offered,
        at=None if offered.cut else again,
        queries=queries,
        **options,
    )
