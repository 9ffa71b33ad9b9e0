"""An ONNX folder as the one module of a SentenceTransformer, which the folder's modules.json names.

`SentenceTransformer(folder, trust_remote_code=True)` reads the folder where sentence-transformers is installed.
sentence-transformers can run ONNX by itself only with optimum-onnx, which does not exist for transformers 5. Nothing in
interlingua imports this module.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]  # the extra `models`
from numpy.typing import NDArray
from sentence_transformers.base.modules import InputModule  # type: ignore[import-not-found, unused-ignore]  # as above

from .onnx import FILES, OnnxEmbedder
from .texts import token_ids


class OnnxTransformer(InputModule):  # type: ignore[misc, unused-ignore]  # Any where the extra is missing
    """Texts to unit vectors, each text run alone, as OnnxEmbedder runs it."""

    def __init__(self, folder: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]  # torch
        self._folder = Path(folder)
        self.network = OnnxEmbedder(self._folder).network()
        self.max_seq_length = self.network.positions

    @classmethod
    def load(cls, model_name_or_path: str, *arguments: Any, **options: Any) -> OnnxTransformer:
        """The module from a folder; the options are for models of other kinds."""
        return cls(model_name_or_path)

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **options: Any) -> dict[str, torch.Tensor]:
        """`input_ids`, special tokens included, and `attention_mask`, padded to the longest text."""
        texts = [(prompt or "") + text for text in inputs]
        rows = [self.network.tokens(ids) for batch in token_ids(self.network.tokenizer, texts) for ids in batch]
        return {
            "input_ids": _padded(rows),
            "attention_mask": _padded([np.ones_like(row) for row in rows]),
        }

    def forward(self, features: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Add `sentence_embedding`, shape (texts, dim)."""
        masks = features["attention_mask"].bool().cpu()
        rows = [row[mask].numpy() for row, mask in zip(features["input_ids"].cpu(), masks, strict=True)]
        vectors = torch.from_numpy(np.stack([self.network.run(row) for row in rows]))
        return {**features, "sentence_embedding": vectors.to(features["input_ids"].device)}

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self.network.dim

    def save(self, output_path: str, *arguments: Any, **options: Any) -> None:
        """Copy the three files of the network."""
        for name in FILES:
            shutil.copyfile(self._folder / name, Path(output_path) / name)


def _padded(rows: list[NDArray[Any]]) -> torch.Tensor:
    """One tensor, with zeros after the shorter rows."""
    return torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True)
