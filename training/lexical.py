"""The second part of a vector: which words a text holds, so that names and rare terms count as themselves.

A text's lexical part is the sum of one vector per token, brought to length 1. A piece's vector joins directions that
are all random, so that only what is equal scores: its own; those of the groups of three to five letters that it has
when written in Latin letters, so that a name scores with its other forms and spellings (Обамы with Obama); and half of
its square comes from the English pieces that `align.py` linked it with, so that a word scores with its translation. Its
length grows with the cube of how rare the piece is; function words hardly count. Nothing is learned.

Gained on the half-trained student (nDCG@10 same language, across, English; first `ntrex_documents`, then
`belebele_en_de`), all with 384 numbers:

    contextual alone                               .390  .280  .640    .732  .582  .881
    256 contextual, 128 lexical, weight 0.5        .410  .280  .640    .774  .597  .899
    256 contextual, 128 lexical, weight 0.7        .421  .273  .634    .791  .592  .905

With 384 lexical numbers besides the 384 contextual ones: .433 .282 .653 and .814 .615 .918.

And on the third student (see README.md), with 256 contextual numbers:

    contextual alone                               .433  .316  .674    .766  .642  .893
    128 lexical without spellings, weight 0.6      .460  .313  .665    .814  .652  .916
    192 lexical without spellings, weight 0.65     .463  .315  .662    .826  .657  .925
    192 lexical, weight 0.65                       .463  .317  .678    .826  .667  .924
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .align import SHARPNESS, familiar
from .parts import LEXICAL, Floats, unit
from .tokens import Ids, Ragged
from .vocabulary import SPACE, SPECIAL

TRANSLATED = 0.5  # share of a vector's square that its translations make
SPELLED = 0.6  # share of the rest that its spelling makes
GROUPS = (3, 4, 5)  # letters of a group
BEST = 4  # translations of a piece
RARITY = 3
SEED = 0
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")


def prepare(work: Path) -> None:
    """Write `lexical.npy`, shape (pieces, LEXICAL), float32; zeros for the special tokens."""
    vocabulary = Tokenizer.from_file(str(work / "tokenizer.json")).get_vocab()
    texts, english, links = (
        Ragged.read(work / "texts.npz"),
        Ragged.read(work / "english.npz"),
        np.load(work / "links.npz"),
    )
    size = len(vocabulary)
    counts = np.bincount(texts.ids, minlength=size) + 3 * np.bincount(english.ids, minlength=size)
    rarity = np.log1p(1 / (counts / counts.sum() + 1e-8))
    table = directions(links["keys"], links["counts"], vocabulary) * (rarity / rarity.max())[:, np.newaxis] ** RARITY
    table[[vocabulary[piece] for piece in SPECIAL]] = 0
    np.save(work / "lexical.npy", table.astype(np.float32))


def directions(keys: Ids, counts: NDArray[np.float64], vocabulary: dict[str, int]) -> Floats:
    """A unit vector for each piece, shape (pieces, LEXICAL), from the links that `align.py` found."""
    size = len(vocabulary)
    own = unit(np.random.default_rng(SEED).normal(size=(size, LEXICAL)).astype(np.float32))
    spelled = spellings(vocabulary)
    has = spelled.any(axis=1)
    own[has] = unit((1 - SPELLED) ** 0.5 * own[has] + SPELLED**0.5 * spelled[has])
    known = np.zeros(size, np.bool_)
    known[list(familiar(vocabulary))] = True
    piece, translation = keys // size, keys % size
    linked = known[translation] & ~known[piece]
    piece, translation, counts = piece[linked], translation[linked], counts[linked]
    order = np.lexsort((-counts, piece))
    piece, translation, counts = piece[order], translation[order], counts[order]
    best = np.arange(len(piece)) - np.searchsorted(piece, piece) < BEST
    translated = np.zeros_like(own)
    share = (counts[best] ** SHARPNESS)[:, np.newaxis].astype(np.float32)
    np.add.at(translated, piece[best], share * own[translation[best]])
    has = translated.any(axis=1)
    mixed = own.copy()
    mixed[has] = (1 - TRANSLATED) ** 0.5 * own[has] + TRANSLATED**0.5 * unit(translated[has])
    return unit(mixed)


def spellings(vocabulary: dict[str, int]) -> Floats:
    """A unit vector for the spelling of each piece, shape (pieces, LEXICAL); zeros where it has no letters.

    Han has no spelling: what anyascii writes for a character is how it sounds in Mandarin.
    """
    summed = np.zeros((len(vocabulary), LEXICAL), np.float32)
    for piece, row in vocabulary.items():
        word = "".join(filter(str.isalnum, "" if _HAN.search(piece) else anyascii(piece.lstrip(SPACE)).lower()))
        if piece not in SPECIAL and word:
            marked = f"^{word}" if piece.startswith(SPACE) else word
            starts = ((size, start) for size in GROUPS for start in range(len(marked) - size + 1))
            groups = [marked[start : start + size] for size, start in starts] or [marked]
            summed[row] = np.sum([_group(letters) for letters in groups], axis=0)
    return unit(summed)


@cache
def _group(letters: str) -> Floats:
    direction = np.random.default_rng(zlib.crc32(letters.encode())).normal(size=LEXICAL)
    return unit(direction[np.newaxis].astype(np.float32))[0]  # type: ignore[no-any-return]
