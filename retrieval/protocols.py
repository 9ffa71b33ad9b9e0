"""The seams: what an embedder, a store, a connector and a tokenizer must do. Nobody inherits from these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .filters import Filter
from .manifest import Manifest
from .types import Checkpoint, Chunk, Document, Gone, Hit, Matrix, Pending, Skip


@runtime_checkable
class Tokenizer(Protocol):
    """How an embedder counts: needed to cut text to the model's budget."""

    def token_starts(self, text: str) -> NDArray[np.int64]:
        """Offset (code points) at which each token of `text` begins, ascending, shape (tokens,); no special tokens."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Text in, unit vectors out. Queries and passages are separate verbs, since many models prompt them differently."""

    @property
    def model(self) -> str:
        """Name for people and messages, such as `bundled`."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would get another vector (weights, prompts, pooling, dimension)."""
        ...

    @property
    def max_tokens(self) -> int:
        """Tokens of one text that the model reads; the rest is cut off, so chunks stay below it."""
        ...

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The model's own tokenizer where it is at hand; None makes the chunker estimate."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per query, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per passage, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a store holds of one document. `complete`: every chunk of exactly one version is there."""

    digest: str
    revision: str
    source: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One stored chunk, with its unit vector, shape (dim,), when it was asked for."""

    chunk: Chunk
    vector: NDArray[np.float32] | None = None


class Readable(Protocol):
    """Chunks that can be searched: a store, or the part of one that may be seen. Raises as `Store` does."""

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        limit: int,
        where: Filter | None = None,
        score_threshold: float | None = None,
    ) -> list[Hit]:
        """The `limit` chunks nearest to `vector` (cosine), best first, ties by chunk id; `scores["dense"]` is set."""
        ...

    def scan(self, where: Filter | None = None, *, vectors: bool = False, after: str | None = None) -> Iterator[Stored]:
        """Every matching chunk, ordered by chunk id, read in pages; with `after`, only those with a greater id."""
        ...

    def count(self, where: Filter | None = None) -> int:
        """How many chunks match, exactly."""
        ...

    def facets(self, key: str, where: Filter | None = None, *, limit: int = 1000) -> dict[str, int]:
        """Chunks per value of `key` (a field such as `language`, or `metadata.topic`), most frequent first."""
        ...

    def index(self, where: Filter, *, reserved: bool = False) -> None:
        """Make searches with the conditions of `where` quick: all chunks are read once, and the same again is free.

        There is room for so many keys of the metadata alone; with `reserved`, also for those that callers did not pick.
        """
        ...


class Store(Readable, Protocol):
    """Chunks and their vectors.

    Every method raises StoreError (or a subclass) when the store fails, FilterError for a filter that cannot be asked,
    and `upsert` InputError for metadata or ids that cannot be stored.
    """

    def stored(self) -> Manifest | None:
        """The manifest of what is stored, None when there is nothing yet; can be asked before `prepare`.

        Raises ManifestError when it cannot be read, or what is there is not ours.
        """
        ...

    def prepare(self, manifest: Manifest) -> Manifest:
        """Create the store, or open it and check that it was made with `manifest`; the manifest in force.

        Raises ManifestError with both values when the stored one differs in model, fingerprint, dimension or schema,
        StoreLockedError when another process holds an embedded store.
        """
        ...

    def upsert(self, chunks: Sequence[Chunk], vectors: Matrix) -> None:
        """Write chunks with their vectors, replacing those of the same id. All are checked before any is written.

        On return they are visible to searches and survive the end of this process (see `flush` for power loss).
        Raises VectorError on a wrong shape, NaN or infinity.
        """
        ...

    def known(self, document_ids: Sequence[str]) -> dict[str, Known]:
        """What is stored of these documents; those of which nothing is stored are absent."""
        ...

    def document_ids(self, where: Filter | None = None) -> Iterator[str]:
        """Ids of the documents whose first chunk (ordinal 0) matches, each once, in no particular order, in pages."""
        ...

    def delete(self, where: Filter) -> int:
        """Delete the matching chunks; how many there were."""
        ...

    def flush(self) -> None:
        """Make everything written so far survive a power loss."""
        ...

    def optimize(self) -> None:
        """Build quantized segments where the engine does not do so by itself; can take long, never on a request."""
        ...

    def close(self) -> None:
        """Flush and release the store; calling it again does nothing."""
        ...

    def generations(self) -> Generations:
        """The vectors in force and those beside them; the store is prepared."""
        ...

    def records(self) -> Records:
        """What is kept beside the chunks; can be asked before `prepare`, once there is a store."""
        ...


class Records(Protocol):
    """Small named texts (some megabytes at most) that are kept with an index, whatever vectors are in force.

    No search, scan, count or facet sees them, and a new index has none. They can be read while another process has an
    embedded store open.
    """

    def get(self, name: str) -> str | None:
        """The text under that name; None when there is none."""
        ...

    def put(self, name: str, text: str) -> None:
        """Write a text, in place of the one before: after a crash all of it is there, or nothing has changed."""
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Delete what is under these names, if anything."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """All names that begin with `prefix`, sorted."""
        ...

    def hold(self, name: str) -> AbstractContextManager[Callable[[], None]]:
        """In this block nobody else holds `name`, in whatever process; it is let go when this process ends.

        Call what it gives every few minutes, and before anything that only the holder may do. Both raise
        StoreLockedError, that one when it was lost to another, `hold` when another has it, saying who.
        """
        ...


class Generations(Protocol):
    """The sets of vectors of one place: those in force, those that they replaced, and those that are being built.

    Asked anew each time, since a switch changes the answers. Not for two threads at once.
    """

    def previous(self) -> Manifest | None:
        """What made the vectors that were in force before and are kept; None when there are none."""
        ...

    def building(self) -> Manifest | None:
        """What the vectors that are being built, or were left unfinished, are made with; None when there are none."""
        ...

    def begin(self, manifest: Manifest) -> Store:
        """A store, opened, for vectors made with `manifest` beside those in force.

        It goes on with what was left unfinished, or with the kept vectors, where `manifest` made them; what was left
        unfinished for another manifest is deleted. Raises StoreError when there is too little room for them.
        """
        ...

    def open_previous(self) -> Store:
        """The kept vectors as a store, opened. Raises StoreError when there are none, or they are still in use."""
        ...

    def switch(self, store: Store) -> None:
        """Put `store`, from `begin` or `open_previous`, in force, in one step that a crash cannot halve.

        Those in force so far are kept, and the ones kept before are deleted. The stores that are open go on as they
        are: this decides what is opened next.
        """
        ...

    def discard(self) -> None:
        """Delete the kept and the unfinished vectors. Raises StoreError when this process has them open."""
        ...


class Connector(Protocol):
    """Where documents come from."""

    @property
    def source(self) -> str:
        """Stable name of what is read; documents of one source that it no longer lists count as deleted."""
        ...

    @property
    def complete(self) -> bool:
        """Whether `documents()` lists all that the source holds, so that what is missing may be deleted."""
        ...

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All documents, lazily, in a stable order; can be called again. What cannot be read is yielded as Skip."""
        ...


class Incremental(Connector, Protocol):
    """A connector whose source can tell what has changed."""

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """What has changed since the checkpoint with the cursor `since`; a Checkpoint ends it.

        None lists everything, as `documents` does, with checkpoints on the way: a listing that broke off goes on from
        its last one. A document that changed while it was listed is given again, now or next time. Raises SourceError
        when the source cannot be reached, and CursorLostError when it no longer knows `since`, so that everything must
        be listed again.
        """
        ...
