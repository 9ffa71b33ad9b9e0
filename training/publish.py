"""Step 5: correct the table (`fold.py`), quantize it to int8 and write the published folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from .fold import fold
from .train import UNKNOWN

NAME = "bundled"
VERSION = 1
MAX_TOKENS = 512
CLIPPED = 99.99  # per cent of the values that keep their size; the rest is cut off at the largest of these


def quantize(table: NDArray[np.float32]) -> NDArray[np.int8]:
    """One scale for the whole table, shape unchanged.

    A text's vector is a sum of rows, so the error that counts is the absolute one, alike for all rows; and with one
    scale that drops out at normalisation the sum stays in whole numbers. Unknown pieces get a row of zeros.
    """
    scale = 127 / np.percentile(np.abs(table), CLIPPED)
    quantized: NDArray[np.int8] = np.clip(np.rint(table * scale), -127, 127).astype(np.int8)
    quantized[UNKNOWN] = 0
    return quantized


def publish(work: Path, out: Path) -> None:
    """Write `model.safetensors`, `tokenizer.json` and `config.json` to `out`, in the layout that model2vec reads."""
    table = fold(work, np.load(work / "table.npy").astype(np.float32))
    counts = json.loads((work / "counts.json").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    save_file({"embeddings": quantize(table)}, out / "model.safetensors")
    shutil.copyfile(work / "tokenizer.json", out / "tokenizer.json")
    config = {
        "name": NAME,
        "version": VERSION,
        "dim": table.shape[1],
        "max_tokens": MAX_TOKENS,
        "pooling": "mean",
        "data": {
            "languages": len(counts["languages"]) + 1,
            "sentence_pairs": sum(counts["sentences"].values()),
            "dictionary_pairs": sum(counts["dictionary"].values()),
        },
        # What model2vec looks for:
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "hidden_dim": table.shape[1],
        "normalize": True,
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        print(f"{out / name}: {(out / name).stat().st_size:,} bytes")
