"""The models whose layouts are tested, and their vectors as their authors make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tiny
import torch
from interlingua.retrieval.embedders.local import LocalEmbedder
from numpy.typing import NDArray
from tiny import QWEN_PROMPT, ZEMBED_PASSAGE, ZEMBED_QUERY, ZEMBED_SUFFIX

Array = NDArray[np.float32]

MODELS: dict[str, tuple[Callable[[Path], Path], str, str, str, str]] = {
    "qwen3": (tiny.qwen3_embedding, "Qwen/Qwen3-Embedding-0.6B", QWEN_PROMPT, "", ""),
    "zembed": (tiny.zembed, "zeroentropy/zembed-1", ZEMBED_QUERY, ZEMBED_PASSAGE, ZEMBED_SUFFIX),
    "qzhou": (tiny.qzhou, "Kingsoft-LLM/QZhou-Embedding", QWEN_PROMPT, "", ""),
    "e5": (tiny.e5, "intfloat/multilingual-e5-small", "query: ", "passage: ", ""),
    "bge": (tiny.bge_m3, "BAAI/bge-m3", "", "", ""),
    "labse": (tiny.labse, "sentence-transformers/LaBSE", "", "", ""),
}
"""Model -> how to make it, its name in the catalogue, what its authors put before a query, a passage, and after."""


def local(folder: Path, name: str, **options: Any) -> LocalEmbedder:
    return LocalEmbedder(str(folder), catalogued=MODELS[name][1], device="cpu", **options)


def reference(folder: Path, name: str, texts: Sequence[str]) -> Array:
    """Vectors as the authors of each model make them: one whole text at a time, nothing padded."""
    from safetensors.torch import load_file
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    rows = []
    with torch.no_grad():
        for text in texts:
            inputs = dict(tokenizer(text, return_tensors="pt"))
            if name == "qzhou":
                tokens = inputs["input_ids"].shape[1]
                inputs["attention_mask"] = {"full_attention": torch.zeros(1, 1, tokens, tokens)}
            states = network(**inputs).last_hidden_state[0]
            if name in ("qwen3", "zembed"):
                row = states[-1]
            elif name == "bge":
                row = states[0]
            elif name == "labse":
                dense = load_file(folder / "2_Dense/model.safetensors")
                row = torch.tanh(dense["linear.weight"] @ states[0] + dense["linear.bias"])
            else:
                row = states.mean(0)
            rows.append((row / row.norm()).numpy())
    return np.stack(rows)


def cut(vectors: Array, dimensions: int) -> Array:
    shorter: Array = vectors[:, :dimensions] / np.linalg.norm(vectors[:, :dimensions], axis=1, keepdims=True)
    return shorter
