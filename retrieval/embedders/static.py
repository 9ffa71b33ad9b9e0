"""A static embedder: a text's vector is the sum of its tokens' vectors, brought to length 1; no network is run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as JsonTokenizer

from ..protocols import Tokenizer
from ..types import Matrix
from .pooling import sum_rows
from .published import Published, read

_BATCH_TEXTS = 4096  # texts tokenized at once, and
_BATCH_CHARACTERS = 2_000_000  # characters at once: tokenizers holds some 100 bytes for each token meanwhile


def bundled() -> StaticEmbedder:
    """The multilingual model that comes with the package."""
    return StaticEmbedder(Path(__file__).parent / "bundled")


class StaticTokenizer:
    """The pieces of a static model, as offsets."""

    def __init__(self, tokenizer: JsonTokenizer) -> None:
        self._tokenizer = tokenizer

    def token_starts(self, text: str) -> NDArray[np.int64]:
        """Offset (code points of `text` as given) at which each token begins, ascending, shape (tokens,).

        One character that normalises to several tokens (such as ﷺ) gives the same offset several times.
        """
        encoding = self._tokenizer.encode(_valid([text])[0], add_special_tokens=False)
        return np.fromiter((start for start, _ in encoding.offsets), np.int64, len(encoding))


class StaticEmbedder:
    """Token vectors from a folder, pooled by mean. It has no prompts: queries and passages are embedded alike.

    The files are read once, on first use; any number of threads may share one instance. Sums are whole numbers, so a
    text gets the same vector, bit for bit, in every batch. `tokenizers` uses all cores unless the user's environment
    sets TOKENIZERS_PARALLELISM=false.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._published: Published | None = None

    def _model(self) -> Published:
        if self._published is None:
            with self._lock:
                if self._published is None:
                    self._published = read(self._folder)
        return self._published

    @property
    def model(self) -> str:
        """Name of the model, from its config.json."""
        return self._model().name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._model().table.shape[1])

    @property
    def fingerprint(self) -> str:
        """Hash of weights, tokenizer, configuration and pooling; 32 hexadecimal digits."""
        return self._model().fingerprint

    @property
    def max_tokens(self) -> int:
        """Ceiling for chunks. A mean has no hard limit and nothing is cut off, but it blurs as a text grows."""
        return self._model().max_tokens

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own tokenizer."""
        return StaticTokenizer(self._model().tokenizer)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per query, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per passage, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Matrix:
        if isinstance(texts, str):
            raise TypeError("Texts must be a sequence of strings, not one string: write [text].")
        model = self._model()
        vectors = np.empty((len(texts), self.dim), np.float32)
        done = 0
        for batch in _batches(texts):
            encodings = model.tokenizer.encode_batch_fast(_valid(batch), add_special_tokens=False)
            lengths = np.fromiter(map(len, encodings), np.int64, len(encodings))
            ids = np.fromiter(chain.from_iterable(e.ids for e in encodings), np.int32, int(lengths.sum()))
            vectors[done : done + len(batch)] = _unit(sum_rows(model.table, ids, lengths))
            done += len(batch)
        return vectors


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Consecutive texts, as many at a time as keep the memory bounded."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and (len(batch) >= _BATCH_TEXTS or characters + len(text) > _BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


def _valid(texts: list[str]) -> list[str]:
    """`texts` with lone surrogates, which UTF-8 cannot hold, replaced by question marks; offsets stay."""
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return [text.encode("utf-8", "replace").decode() for text in texts]
    return texts


def _unit(sums: NDArray[np.int64]) -> Matrix:
    """Rows of length 1. A text with no known token (empty, say) gets the one direction that stands for nothing."""
    rows = sums.astype(np.float64)
    rows[~sums.any(axis=1)] = 1.0
    # Squares of sums below 2**53 add up exactly in any order, so the norm does not depend on the batch either.
    norms = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    vectors: Matrix = (rows / norms).astype(np.float32)
    return vectors
