"""Step 6, its other half: the teacher's vectors of the English texts and passages, each computed when first drawn.

A vector is the mean of the last layer over all tokens, brought to length 1, then turned by an orthogonal matrix that
puts the directions in which English texts differ most first. Cosines stay the same, and a vector cut to its first
numbers keeps as much as it can (principal components), which is what makes the student's vectors Matryoshka ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from .model import DIM, teacher_network
from .teacher import word_pieces
from .tokens import Ids, Ragged

TOKENS = 4096  # in a batch
SAMPLE = 50_000  # texts whose principal components are taken


def batches(lengths: Ids, tokens: int) -> Iterator[Ids]:
    """Row numbers of texts of one length, at most `tokens` tokens at a time, shortest first; empty texts left out."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        if not len(group):
            continue
        size = max(1, tokens // (int(lengths[group[0]]) + 2))
        for start in range(0, len(group), size):
            yield group[start : start + size]


class Targets:
    """Vectors by row: the English texts, then the passages. They stay in `targets.npy` of the work folder."""

    def __init__(self, work: Path, device: str = "cpu") -> None:
        self.texts = Ragged.read(work / "teacher.npz")
        self.device = device
        pieces = word_pieces()
        self.edges = pieces["[CLS]"], pieces["[SEP]"]
        network, table = teacher_network()
        self.network, self.table = network.to(device).eval(), table.to(device)
        path, shape = work / "targets.npy", (len(self.texts), DIM)
        self.vectors = np.lib.format.open_memmap(path, "r+" if path.exists() else "w+", np.float16, shape)
        self.known: NDArray[np.bool_] = self.vectors.any(axis=1)
        rotation = work / "rotation.npy"
        if not rotation.exists():
            chosen = np.sort(np.random.default_rng(0).choice(shape[0], min(SAMPLE, shape[0]), replace=False))
            sample = self._teach(chosen)
            np.save(rotation, np.linalg.eigh(sample.T @ sample)[1][:, ::-1].T)
        self.rotation = np.load(rotation)

    def prepare(self, rows: Ids) -> None:
        """Compute the vectors of the rows that are not there yet."""
        missing = np.unique(rows)
        missing = missing[~self.known[missing]]
        self.vectors[missing] = self._teach(missing) @ self.rotation.T
        self.known[missing] = True

    def take(self, rows: Ids) -> torch.Tensor:
        """Vectors, shape (rows, DIM), unit length."""
        return torch.from_numpy(self.vectors[rows].astype(np.float32)).to(self.device)

    def _teach(self, rows: Ids) -> NDArray[np.float32]:
        out = np.zeros((len(rows), DIM), np.float32)
        with torch.no_grad(), torch.autocast(self.device, dtype=torch.bfloat16):
            for places in batches(self.texts.lengths[rows], TOKENS):
                ids = np.stack([self.texts[rows[place]] for place in places])
                whole = np.pad(ids, ((0, 0), (1, 1)), constant_values=((0, 0), self.edges))
                tokens = torch.from_numpy(whole.astype(np.int64)).to(self.device)
                out[places] = functional.normalize(self.network(self.table[tokens]).float(), dim=1).cpu().numpy()
        return out
