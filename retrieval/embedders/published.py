"""Read the folder of a static model: `model.safetensors`, `tokenizer.json`, `config.json`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as JsonTokenizer

from ..errors import ConfigurationError, EmbedderError

FILES = ("config.json", "tokenizer.json", "model.safetensors")

_POOLING = (
    b"static-1: unknown tokens count nothing, sum of rows, unit length"  # change it when the code changes vectors
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A model as read: `table` has one row per token id, shape (tokens, dim)."""

    name: str
    max_tokens: int
    table: NDArray[np.int8]
    tokenizer: JsonTokenizer
    fingerprint: str


def read(folder: Path) -> Published:
    """Read the three files of a static model.

    Raises:
        ConfigurationError: the folder or one of the files is not there.
        EmbedderError: a file is damaged, or the files do not belong together.
    """
    contents = {name: _bytes(folder, name) for name in FILES}
    digest = hashlib.blake2b(_POOLING, digest_size=16)
    for content in contents.values():
        digest.update(len(content).to_bytes(8, "big") + content)
    try:
        config = json.loads(contents["config.json"])
        name, max_tokens, dim = str(config["name"]), int(config["max_tokens"]), int(config["dim"])
        table = _embeddings(contents["model.safetensors"])
    except (ValueError, KeyError, TypeError) as error:
        raise EmbedderError(f"The static model in {folder} is damaged: {error!r}. {_remedy()}") from error
    try:
        tokenizer = JsonTokenizer.from_buffer(contents["tokenizer.json"])
    except Exception as error:  # tokenizers raises bare Exceptions
        raise EmbedderError(f"{folder / 'tokenizer.json'} is damaged: {error}. {_remedy()}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if table.shape != (tokenizer.get_vocab_size(), dim):
        raise EmbedderError(
            f"The static model in {folder} does not fit together: the table is {table.shape}, "
            f"the tokenizer and config.json say {(tokenizer.get_vocab_size(), dim)}. {_remedy()}"
        )
    return Published(name=name, max_tokens=max_tokens, table=table, tokenizer=tokenizer, fingerprint=digest.hexdigest())


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{folder} holds no static model: {name} cannot be read ({error.strerror}). "
            f"It needs {', '.join(FILES)}. {_remedy()}"
        ) from error


def _embeddings(data: bytes) -> NDArray[np.int8]:
    """The int8 tensor `embeddings` of a safetensors file: 8 bytes of header length, a JSON header, the tensors."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 + size:
        raise ValueError(f"model.safetensors is cut off at {len(data)} bytes")
    entry = json.loads(data[8 : 8 + size])["embeddings"]
    if entry["dtype"] != "I8":
        raise ValueError(f"the tensor 'embeddings' is {entry['dtype']}, not I8")
    begin, end = entry["data_offsets"]
    rows, dim = entry["shape"]
    if len(data) < 8 + size + end or end - begin != rows * dim:
        raise ValueError(f"model.safetensors is cut off at {len(data)} bytes, not {8 + size + end}")
    return np.frombuffer(data, np.int8, rows * dim, 8 + size + begin).reshape(rows, dim)


def _remedy() -> str:
    return "Reinstall interlingua if it is the bundled model; else make the folder again with `python -m training`."
