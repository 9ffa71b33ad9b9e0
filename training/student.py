"""Students and the teacher as embedders that run in torch: what evaluation compares the published model with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from interlingua.retrieval.types import Matrix
from numpy.typing import NDArray
from tokenizers import Tokenizer

from . import model, parts, teacher
from .targets import batches
from .tokens import Ragged


class TorchEmbedder:
    """A network over a table, with a tokenizer that adds the special tokens. Texts are cut to 512 tokens.

    With `lexical` (token vectors, shape (pieces, numbers)), vectors have both parts, as the published model's.
    """

    def __init__(
        self,
        network: model.Network,
        table: torch.Tensor,
        tokenizer: Tokenizer,
        rotation: torch.Tensor | None = None,
        lexical: NDArray[np.float32] | None = None,
    ) -> None:
        self.network, self.table, self.tokenizer = network.eval(), table, tokenizer
        self.rotation = torch.eye(model.DIM) if rotation is None else rotation
        self.lexical = lexical
        self.half = False  # bf16: faster, and as good for a look at a run

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, shape (len(texts), 384)."""
        ids = Ragged.of(e.ids[: model.POSITIONS] for e in self.tokenizer.encode_batch_fast(list(texts)))
        out = np.zeros((len(texts), model.DIM), np.float32)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
            for rows in batches(ids.lengths, 4096):
                whole = torch.from_numpy(np.stack([ids[row] for row in rows]))
                out[rows] = (self.network(self.table[whole]) @ self.rotation.T).float().numpy()
        if self.lexical is None:
            return out / np.linalg.norm(out, axis=1, keepdims=True)  # type: ignore[no-any-return]
        words = np.stack([self.lexical[ids[row]].sum(axis=0) for row in range(len(texts))])
        return parts.joined(out[:, : parts.CONTEXTUAL], words)

    embed_queries = embed_passages


def _tokenizer(work: Path) -> Tokenizer:
    return Tokenizer.from_file(str(work / "tokenizer.json"))


def student(work: Path) -> TorchEmbedder:
    """The student that training wrote last, both parts, in 32 bits."""
    network, table, rotation = model.load(work / "student")
    return TorchEmbedder(network, table, _tokenizer(work), rotation, np.load(work / "lexical.npy"))


def contextual(work: Path) -> TorchEmbedder:
    """The student without its lexical part: 384 contextual numbers."""
    network, table, rotation = model.load(work / "student")
    return TorchEmbedder(network, table, _tokenizer(work), rotation)


def untrained(work: Path) -> TorchEmbedder:
    """The student before training and without its lexical part: the teacher's layers over the aligned table."""
    return TorchEmbedder(model.teacher_network()[0], torch.from_numpy(np.load(work / "first.npy")), _tokenizer(work))


def teachers() -> TorchEmbedder:
    """The teacher itself."""
    return TorchEmbedder(*model.teacher_network(), teacher.tokenizer())
