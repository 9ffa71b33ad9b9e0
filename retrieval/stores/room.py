"""Whether the disk has room for another set of vectors."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..errors import StoreError
from ..manifest import Manifest
from .manifests import Vectors

_SPARE = 64 * 1024**2
"""The write-ahead log and what the engine keeps twice while it merges segments."""
_CODES = {"int8": 1.0, "binary": 0.125, "none": 0.0}
"""Bytes per dimension of the compressed vectors."""


def check_room(folder: Path, current: Vectors, wanted: Vectors, *, chunks: int) -> None:
    """Raise StoreError when the disk is too small for `wanted` beside `current`, as far as can be told."""
    whole = estimate(size(folder / current.shard), current.manifest, wanted.manifest, chunks=chunks)
    needed = whole - size(folder / wanted.shard)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StoreError(
            f"The vectors of {wanted.manifest.model} ({wanted.manifest.dim} dimensions) need about "
            f"{_gib(needed)} beside those in force, and {_gib(free)} are free where {folder} is. Make room, choose "
            "fewer dimensions, or delete vectors that were kept: interlingua migrate --discard"
        )


def estimate(present: int, current: Manifest, wanted: Manifest, *, chunks: int) -> int:
    """Bytes that the `chunks` of a shard of `present` bytes take with other vectors: the same text, new vectors."""
    text = max(0, present - round(chunks * _per_chunk(current)))
    return text + round(chunks * _per_chunk(wanted)) + _SPARE


def size(folder: Path) -> int:
    """Bytes that the files of a folder really occupy (the write-ahead log is sparse); 0 when it is not there."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _per_chunk(manifest: Manifest) -> float:
    return manifest.dim * (4 + _CODES[manifest.quantization])


def _gib(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB"
