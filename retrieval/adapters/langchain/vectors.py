"""The vectors of documents: made before and not embedded again, or made now."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...protocols import Embedder, Store
from ...text.normalise import normalise
from ...types import Chunk, Matrix
from ..vectors import by_id, checked

_MOST_BYTES = 64 * 2**20


class DeletedVectors:
    """The vectors of texts that were deleted lately, for when they come back; safe to share between threads.

    `langchain_core.indexing.index(cleanup="incremental")` cleans after each batch: of a source that lies across two
    batches it deletes the chunks that have not come by yet, and adds the same ones a moment later. 100 of 5,000
    unchanged documents were embedded anew on every run. Keeps up to 64 MiB of vectors, the latest.
    """

    def __init__(self, *, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._vectors: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, fingerprint: str, text: str, vector: NDArray[np.float32]) -> None:
        """Keep the vector, shape (dim,), that the model of `fingerprint` gave to `text`."""
        key = _key(fingerprint, text)
        with self._lock:
            before = self._vectors.pop(key, None)
            self._vectors[key] = vector
            self._bytes += vector.nbytes - (0 if before is None else before.nbytes)
            while self._bytes > self._most_bytes:
                self._bytes -= self._vectors.popitem(last=False)[1].nbytes

    def find(self, fingerprint: str, text: str) -> NDArray[np.float32] | None:
        """The vector, shape (dim,); None when it is not kept."""
        with self._lock:
            return self._vectors.get(_key(fingerprint, text))


def vectors_of(
    chunks: Sequence[Chunk], embedder: Embedder, store: Store, *, stored: Sequence[str], deleted: DeletedVectors
) -> Matrix:
    """The vector of each chunk, shape (len(chunks), dim); the embedder is asked only for texts without one.

    Args:
        chunks: to be written to `store`.
        embedder: that the store was prepared for. A text goes to it in the Unicode form that a query has.
        store: looked into for the chunks of the ids `stored`, which may be there with the same text.
        stored: ids of chunks.
        deleted: looked into for the others.

    Raises:
        EmbedderError: the model failed or returned something unusable.
    """
    vectors = {}
    for matching in by_id(stored):
        for known in store.scan(matching, vectors=True):
            vectors[known.chunk.text] = known.vector
    for chunk in chunks:
        if vectors.get(chunk.text) is None:
            vectors[chunk.text] = deleted.find(embedder.fingerprint, chunk.text)
    missing = list(dict.fromkeys(chunk.text for chunk in chunks if vectors[chunk.text] is None))
    if missing:
        made = embedder.embed_passages([normalise(text) for text in missing])
        vectors.update(zip(missing, checked(embedder, made, len(missing)), strict=True))
    return np.array([vectors[chunk.text] for chunk in chunks], np.float32)


def _key(fingerprint: str, text: str) -> bytes:
    return hashlib.blake2b(f"{fingerprint}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
