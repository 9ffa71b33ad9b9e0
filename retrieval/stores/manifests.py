"""What the manifests of an embedded store say: which shard is in force, which is kept, which is being built.

manifest.json   the vectors in force, the name of their shard, and under `previous` those that they replaced
next.json       the vectors that are being built beside them

Replacing manifest.json is one rename: that is how an index moves to another model, and back.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from ..errors import ManifestError, StoreError
from ..manifest import Manifest, Quantization
from .folder import REPAIR, sync_folder

FIRST = "shard"
"""The shard of a store that has never moved to another model; those after it are shard-2, shard-3, …"""
FRESH = "shard.new"
"""A shard that is being created; never holds data."""
_SHARD = re.compile(r"shard(?:-([1-9]\d*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """One set of vectors: what made them, and the folder of their shard within that of the store."""

    manifest: Manifest
    shard: str = FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The vectors in force, and those that they replaced."""

    current: Vectors
    previous: Vectors | None = None


def read_layout(folder: Path) -> Layout | None:
    """What manifest.json says; None when there is none. Raises ManifestError when it cannot be read."""
    path = folder / "manifest.json"
    values = _read(path)
    if values is None:
        return None
    current = _vectors(values, where=str(path))
    previous = values.get("previous")
    return Layout(
        current=current, previous=None if previous is None else _vectors(previous, where=f"{path} (previous)")
    )


def write_layout(folder: Path, layout: Layout) -> None:
    """Replace manifest.json: on return, and after a crash, either all of it holds or nothing has changed."""
    values = _values(layout.current)
    if layout.previous is not None:
        values["previous"] = _values(layout.previous)
    _write(folder, "manifest.json", values)


def read_next(folder: Path, layout: Layout) -> Vectors | None:
    """The vectors that are being built, None when there are none.

    A crash right after the switch leaves a next.json that names the shard in force: that one is no longer being built.
    """
    path = folder / "next.json"
    values = _read(path)
    found = None if values is None else _vectors(values, where=str(path))
    if found is None or found.shard == layout.current.shard or not (folder / found.shard).is_dir():
        return None
    return found


def write_next(folder: Path, vectors: Vectors) -> None:
    """Note that `vectors`, whose shard is there, are being built."""
    _write(folder, "next.json", _values(vectors))


def remove_next(folder: Path) -> None:
    """Nothing is being built any more."""
    (folder / "next.json").unlink(missing_ok=True)
    sync_folder(folder)


def shards(folder: Path) -> list[str]:
    """Names of the shards in the folder, whether or not a manifest names them, sorted."""
    return sorted(path.name for path in folder.glob("shard*") if path.is_dir() and _SHARD.fullmatch(path.name))


def free_shard(folder: Path) -> str:
    """The name for another shard."""
    numbers = [int(match[1] or 1) for name in shards(folder) if (match := _SHARD.fullmatch(name))]
    return f"shard-{max(numbers, default=0) + 1}"


def parse_manifest(values: Any, *, where: str, repair: str = REPAIR) -> Manifest:
    """The manifest in `values`, every field of the right type. Raises ManifestError."""
    if not isinstance(values, Mapping):
        raise ManifestError(f"The manifest of {where} is damaged: {values!r} is no mapping. {repair}")
    try:
        manifest = Manifest.from_dict(values, where=where)
    except ManifestError as error:
        raise ManifestError(f"{error}. {repair}") from error
    sound = (
        isinstance(manifest.model, str)
        and isinstance(manifest.fingerprint, str)
        and type(manifest.dim) is int
        and manifest.dim > 0
        and manifest.quantization in get_args(Quantization)
        and type(manifest.schema) is int
    )
    if not sound:
        raise ManifestError(f"The manifest of {where} is damaged: {dict(values)}. {repair}")
    return manifest


def _vectors(values: Any, *, where: str) -> Vectors:
    manifest = parse_manifest(values, where=where)
    shard = values.get("shard", FIRST)
    if not isinstance(shard, str) or not _SHARD.fullmatch(shard):
        raise ManifestError(f"The manifest of {where} is damaged: {shard!r} is no name of a shard. {REPAIR}")
    return Vectors(manifest=manifest, shard=shard)


def _values(vectors: Vectors) -> dict[str, Any]:
    return vectors.manifest.to_dict() | {"shard": vectors.shard}


def _read(path: Path) -> Any:
    """The JSON in a file; None when there is no file."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path} is damaged: {error}. {REPAIR}") from error
    return {} if values is None else values


def _write(folder: Path, name: str, values: Mapping[str, Any]) -> None:
    """Write a file so that it is there in full or not at all, also after a power loss."""
    temporary = folder / f"{name}.new"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(values, file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / name)
        sync_folder(folder)
    except OSError as error:
        raise StoreError(f"{folder / name} cannot be written: {error}.") from error
