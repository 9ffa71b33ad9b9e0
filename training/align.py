"""Step 4: the student's first token table, from what words stand for each other in the translation pairs.

IBM Model 1 (Brown et al. 1993) in both directions, trained to agree (Liang, Taskar and Klein 2006): for each piece of
another language, the English pieces that it is translated by. Its first vector is the mean of the teacher's vectors of
those, weighed by how often they were linked; a piece of the teacher's own vocabulary keeps the teacher's vector.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .model import teacher_network
from .pairs import load
from .teacher import word_pieces
from .tokens import Ids, Ragged
from .vocabulary import SPACE, SPECIAL

PER_LANGUAGE = 60_000
MAX_TOKENS = 32
ALONE, TOGETHER = 2, 3  # rounds in each direction alone, then of both together
BEST = 6  # English pieces that a vector is made of
SHARPNESS = 1.5
SEED = 2

Floats = NDArray[np.float64]


def links(texts: Ragged, english: Ragged, row: Ids, chosen: Ids, size: int) -> tuple[Ids, Floats]:
    """Expected links between the pieces of the chosen pairs: keys `piece * size + English piece`, and how many."""
    keys, left, right = [], [], []
    lefts = rights = 0
    for index in chosen.tolist():
        f, e = texts[index][:MAX_TOKENS], english[row[index]][:MAX_TOKENS]
        keys.append((f.astype(np.int64)[:, None] * size + e).ravel())
        left.append(np.repeat(np.arange(lefts, lefts + len(f)), len(e)))
        right.append(np.tile(np.arange(rights, rights + len(e)), len(f)))
        lefts += len(f)
        rights += len(e)
    kinds, cell = np.unique(np.concatenate(keys), return_inverse=True)
    of_left, of_right = np.concatenate(left).astype(np.int32), np.concatenate(right).astype(np.int32)
    piece, translation = kinds // size, kinds % size
    expected = np.bincount(cell, minlength=len(kinds)).astype(np.float64)

    def posterior(counts: Floats, given: Ids, place: NDArray[np.int32]) -> Floats:
        chance = counts / np.bincount(given, counts, size)[given]
        each = chance[cell]
        return each / np.bincount(place, each)[place]  # type: ignore[no-any-return]

    forward = backward = expected
    for _ in range(ALONE):
        forward = np.bincount(cell, posterior(forward, translation, of_left), len(kinds))
        backward = np.bincount(cell, posterior(backward, piece, of_right), len(kinds))
    for _ in range(TOGETHER):
        both = posterior(forward, translation, of_left) * posterior(backward, piece, of_right)
        forward = backward = expected = np.bincount(cell, both, len(kinds))
    kept = expected > 0.05
    return kinds[kept], expected[kept]


def align(work: Path) -> None:
    """Write `links.npz` and `first.npy`, the table that training starts from, shape (pieces, 384), float32."""
    begin = time.perf_counter()
    vocabulary = Tokenizer.from_file(str(work / "tokenizer.json")).get_vocab()
    size = len(vocabulary)
    pairs, texts, english = load(work), Ragged.read(work / "texts.npz"), Ragged.read(work / "english.npz")
    usable = (texts.lengths > 0) & (english.lengths[pairs.row] > 0)
    rng = np.random.default_rng(SEED)
    keys, counts = [], []
    for number in range(len(pairs.languages)):
        chosen = np.flatnonzero((pairs.language == number) & usable)
        if len(chosen) > PER_LANGUAGE:
            chosen = np.sort(rng.choice(chosen, PER_LANGUAGE, replace=False))
        found, expected = links(texts, english, pairs.row.astype(np.int64), chosen, size)
        keys.append(found)
        counts.append(expected)
    merged, place = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(place, np.concatenate(counts))
    np.savez(work / "links.npz", keys=merged, counts=total)
    np.save(work / "first.npy", initial(vocabulary, merged, total))
    print(f"{len(merged):,} links, {time.perf_counter() - begin:.0f} s", flush=True)


def familiar(vocabulary: dict[str, int]) -> dict[int, int]:
    """The pieces that the teacher has as well: our id -> the teacher's."""
    theirs = word_pieces()
    found = {}
    for piece, i in vocabulary.items():
        inner = piece.removeprefix(SPACE)
        name = inner if piece in SPECIAL or piece.startswith(SPACE) else "##" + inner
        if inner.isascii() and name in theirs:
            found[i] = theirs[name]
    return found


def initial(vocabulary: dict[str, int], keys: Ids, counts: Floats) -> NDArray[np.float32]:
    """The first table, shape (pieces, 384)."""
    size = len(vocabulary)
    weights = teacher_network()[1].numpy()
    rows = np.zeros((size, weights.shape[1]), np.float32)
    known = np.zeros(size, np.bool_)
    for i, j in familiar(vocabulary).items():
        rows[i], known[i] = weights[j], True
    length = np.linalg.norm(rows[known], axis=1).mean()
    piece, translation = keys // size, keys % size
    linked = known[translation] & ~known[piece]
    piece, translation, counts = piece[linked], translation[linked], counts[linked]
    order = np.lexsort((-counts, piece))
    piece, translation, counts = piece[order], translation[order], counts[order]
    rank = np.arange(len(piece)) - np.searchsorted(piece, piece)
    best = rank < BEST
    piece, translation, share = piece[best], translation[best], counts[best] ** SHARPNESS
    share /= np.bincount(piece, share, size)[piece]
    made = np.zeros_like(rows)
    np.add.at(made, piece, share[:, None].astype(np.float32) * rows[translation])
    norms = np.linalg.norm(made, axis=1)
    linked_rows = norms > 0
    made[linked_rows] *= (length / norms[linked_rows])[:, None]
    rows[linked_rows] = made[linked_rows]
    lost = ~known & ~linked_rows
    noise = np.random.default_rng(SEED).normal(0, 0.01, (int(lost.sum()), rows.shape[1]))
    rows[lost] = rows[known].mean(axis=0) + noise
    print(f"{known.sum():,} pieces of the teacher's, {linked_rows.sum():,} linked, {lost.sum():,} neither")
    return rows
