"""What identifies a model: its files, hashed whole, since two fine-tunes may differ in a few numbers only."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

_CONFIGURATIONS = ("config.json", "modules.json", "tokenizer.json", "tokenizer_config.json", "*/config.json")
_OTHER_BACKENDS = {"onnx", "openvino"}  # weights once more, for a runtime that is not used here
_PIECE = 1 << 24


def folder_digest(folder: Path) -> str:
    """Hash of the weights and configurations of a model's folder; 32 hexadecimal digits.

    Reads every byte once in a process: about a second for each gigabyte.
    """
    weights = _found(folder, "**/*.safetensors") or _found(folder, "**/*.bin")
    others = [path for pattern in _CONFIGURATIONS for path in _found(folder, pattern)]
    digest = hashlib.blake2b(digest_size=16)
    for path in (*weights, *others):
        status = path.stat()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{status.st_size}\0".encode())
        digest.update(_file_digest(path, status.st_size, status.st_mtime_ns))
    return digest.hexdigest()


def _found(folder: Path, pattern: str) -> list[Path]:
    paths = sorted(folder.glob(pattern))
    return [path for path in paths if path.is_file() and not _OTHER_BACKENDS & set(path.relative_to(folder).parts)]


@lru_cache(maxsize=1024)
def _file_digest(path: Path, size: int, modified: int) -> bytes:
    """Hash of one file; size and time of its last change are there to notice that it is another one."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()
