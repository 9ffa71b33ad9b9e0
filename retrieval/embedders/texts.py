"""Texts on their way to a tokenizer: made valid, in batches that keep the memory bounded, as offsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as JsonTokenizer

_BATCH_TEXTS = 1024  # texts tokenized at once, and
_BATCH_CHARACTERS = 32_000  # characters at once: tokenizers holds some 300 bytes for each token meanwhile


class Pieces:
    """The pieces of a tokenizer.json, as offsets."""

    def __init__(self, tokenizer: JsonTokenizer) -> None:
        self._tokenizer = tokenizer

    def token_starts(self, text: str) -> NDArray[np.int64]:
        """Offset (code points of `text` as given) at which each token begins, ascending, shape (tokens,).

        One character that normalises to several tokens (such as ﷺ) gives the same offset several times.
        """
        encoding = self._tokenizer.encode(_valid([text])[0], add_special_tokens=False)
        return np.fromiter((start for start, _ in encoding.offsets), np.int64, len(encoding))


def token_ids(tokenizer: JsonTokenizer, texts: Sequence[str]) -> Iterator[list[NDArray[np.int32]]]:
    """The token ids of each text, without special tokens, in batches of consecutive texts.

    Raises:
        TypeError: `texts` is one string.
    """
    if isinstance(texts, str):
        raise TypeError("Texts must be a sequence of strings, not one string: write [text].")
    for batch in _batches(texts):
        encodings = tokenizer.encode_batch_fast(_valid(batch), add_special_tokens=False)
        yield [np.array(encoding.ids, np.int32) for encoding in encodings]


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
