"""Creating and opening the Qdrant Edge shard of a folder, so that a crash at any point leaves something usable."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from ..errors import InterlinguaError, ManifestError, StoreError, StoreLockedError
from ..manifest import Manifest
from .folder import REPAIR, sync_folder
from .manifests import FIRST, FRESH, Layout, Vectors, shards, write_layout
from .payload import INDEXED, VECTOR, most_indexes


def create(folder: Path, manifest: Manifest) -> Layout:
    """Create the store: its first shard, then the manifest. The caller holds the folder.

    The manifest comes last: what a crash leaves behind holds nothing. A shard with data but without a manifest is never
    touched.
    """
    for name in shards(folder):
        _discard_if_empty(folder, name)
    create_shard(folder, FIRST, manifest)
    layout = Layout(current=Vectors(manifest=manifest))
    write_layout(folder, layout)
    return layout


def create_shard(folder: Path, name: str, manifest: Manifest) -> None:
    """Create an empty shard: made under another name and renamed when it is whole, so that half of one has no name."""
    fresh = folder / FRESH
    shutil.rmtree(fresh, ignore_errors=True)
    shard = edge.EdgeShard.create(str(fresh), _config(manifest))
    for field, kind in INDEXED.items():
        shard.update(edge.UpdateOperation.create_field_index(field, _KINDS[kind]))
    shard.flush()
    shard.close()
    fresh.rename(folder / name)
    sync_folder(folder)


def load(folder: Path, name: str) -> edge.EdgeShard:
    """Open a shard. Raises StoreError, or StoreLockedError when another program opened the shard itself."""
    path = folder / name
    if not path.is_dir():
        raise StoreError(f"{folder} has a manifest but its shard folder is gone. {REPAIR}")
    with errors(folder, "opening"):
        return edge.EdgeShard.load(str(path))


def index_texts(shard: edge.EdgeShard, paths: Iterable[str], *, reserved: bool = False) -> None:
    """Make payload indexes for texts at these paths, where there are none and there is room for more."""
    present = set(shard.info().payload_schema)
    for path in paths:
        if path not in present and len(present) < most_indexes(reserved=reserved):
            shard.update(edge.UpdateOperation.create_field_index(path, edge.PayloadSchemaType.Keyword))
            present.add(path)
    shard.flush()


def count(shard: edge.EdgeShard) -> int:
    """Points in the shard."""
    return shard.count(edge.CountRequest(exact=True))


@contextmanager
def errors(folder: Path, doing: str) -> Iterator[None]:
    """Turn what the engine raises (bare Exception, and pyo3's PanicException, a BaseException) into StoreError."""
    try:
        yield
    except InterlinguaError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if "WouldBlock" in str(error):
            raise StoreLockedError(
                f"{folder} is in use by a program that opened its shard without interlingua. Stop it, or use another "
                "--store or a Qdrant server."
            ) from error
        hint = "The disk is full: make room and run it again." if "No space left" in str(error) else REPAIR
        raise StoreError(f"{doing.capitalize()} the store in {folder} failed: {error}. {hint}") from error


_KINDS: dict[str, edge.PayloadSchemaType | edge.IntegerIndexParams] = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.IntegerIndexParams(lookup=True, range=False),  # ranges would take 124 bytes of memory a chunk
}


def _config(manifest: Manifest) -> edge.EdgeConfig:
    """Cosine, the write-ahead log on (it also holds the engine's lock), and no graph.

    Without a graph `optimize` takes 8 s instead of 122 s (50k x 1024) and a quantized scan finds everything.
    """
    quantization: Any = None
    if manifest.quantization == "int8":
        quantization = edge.ScalarQuantizationConfig(edge.ScalarType.Int8)
    elif manifest.quantization == "binary":
        quantization = edge.BinaryQuantizationConfig()
    return edge.EdgeConfig(
        vectors={VECTOR: edge.EdgeVectorParams(size=manifest.dim, distance=edge.Distance.Cosine)},
        quantization_config=quantization,
        hnsw_config=edge.HnswIndexConfig(0, 100, 10000),
    )


def _discard_if_empty(folder: Path, name: str) -> None:
    shard = load(folder, name)
    points = count(shard)
    shard.close()
    if points:
        raise ManifestError(
            f"{folder} holds {points} chunks but its manifest.json is gone, so the model that made them is not known. "
            f"{REPAIR}"
        )
    shutil.rmtree(folder / name)
