"""The collection of a Qdrant server: its manifest, its parameters, its indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import ManifestError, StoreError
from ..manifest import Manifest
from .connection import Connection
from .manifests import parse_manifest
from .payload import INDEXED, VECTOR, most_indexes

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

_MANIFEST = "interlingua"
"""Key of the manifest in the collection's metadata (Qdrant 1.16 and later)."""


def open_collection(connection: Connection, collection: str, manifest: Manifest) -> Manifest:
    """The manifest of the collection, which is created with `manifest` when there is none.

    Raises ManifestError when a collection of that name is somebody else's; it is not touched.
    """
    stored = stored_manifest(connection, collection)
    if stored is None:
        stored = _create(connection, collection, manifest)
    return stored


def create_indexes(connection: Connection, collection: str) -> None:
    """Create the payload indexes that are missing: before the ingest, so that the graph is built with them."""
    if connection.local:
        return
    _create_missing(connection, collection, INDEXED)


def index_texts(connection: Connection, collection: str, paths: Sequence[str], *, reserved: bool = False) -> None:
    """Make payload indexes for texts at these paths, where there are none and there is room for more."""
    if not connection.local:
        _create_missing(connection, collection, dict.fromkeys(paths, "keyword"), reserved=reserved)


def _create_missing(
    connection: Connection, collection: str, wanted: Mapping[str, str], *, reserved: bool = False
) -> None:
    present = set(connection.call("opening", lambda client: client.get_collection(collection)).payload_schema)
    for path, kind in wanted.items():
        if path not in present and len(present) < most_indexes(reserved=reserved):
            connection.call("creating indexes", partial(_create_index, collection, path, kind))
            present.add(path)


def _create_index(collection: str, path: str, kind: str, client: QdrantClient) -> None:
    from qdrant_client import models

    integers = models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=True, range=False)
    schema = integers if kind == "integer" else models.PayloadSchemaType(kind)
    client.create_payload_index(collection, path, schema, wait=True)


def stored_manifest(connection: Connection, collection: str) -> Manifest | None:
    """The manifest of the collection, None when there is none. Raises ManifestError when it is not ours."""
    if not connection.call("opening", lambda client: client.collection_exists(collection)):
        return None
    metadata = connection.call("opening", lambda client: client.get_collection(collection)).config.metadata or {}
    name = f"collection {collection!r} at {connection.name}"
    if _MANIFEST not in metadata:
        raise ManifestError(
            f"There is a {name} that interlingua did not make: it has no manifest. Nothing was written. "
            "Use --collection NAME with a name of its own."
        )
    repair = "Restore it from a snapshot or an export, or delete the collection and ingest again."
    return parse_manifest(metadata[_MANIFEST], where=name, repair=repair)


def _create(connection: Connection, collection: str, manifest: Manifest) -> Manifest:
    from qdrant_client import models

    vectors = models.VectorParams(size=manifest.dim, distance=models.Distance.COSINE, on_disk=_quantized(manifest))
    try:
        connection.call(
            "creating the collection",
            lambda client: client.create_collection(
                collection,
                vectors_config={VECTOR: vectors},
                quantization_config=_quantization(manifest),
                on_disk_payload=True,
                metadata={_MANIFEST: manifest.to_dict()},
            ),
        )
    except StoreError:
        # Another process was first, or the answer to an attempt that succeeded was lost: then it is there now.
        if (stored := stored_manifest(connection, collection)) is not None:
            return stored
        raise
    kept = connection.call("opening", lambda client: client.get_collection(collection)).config.metadata or {}
    if _MANIFEST not in kept:
        connection.call("removing what it cannot keep", lambda client: client.delete_collection(collection))
        raise StoreError(
            f"The Qdrant server at {connection.name} does not keep the metadata of a collection. Use Qdrant 1.16 or "
            "later."
        )
    return manifest


def _quantized(manifest: Manifest) -> bool:
    return manifest.quantization != "none"


def _quantization(manifest: Manifest) -> Any:
    """The codes stay in memory and the vectors on disk: about `dim` bytes of memory per chunk for int8."""
    from qdrant_client import models

    if manifest.quantization == "int8":
        config = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
        return models.ScalarQuantization(scalar=config)
    if manifest.quantization == "binary":
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
    return None


def search_params(connection: Connection, manifest: Manifest, oversampling: float) -> models.SearchParams | None:
    """Rescore with the full vectors when the search runs on codes."""
    from qdrant_client import models

    if connection.local or not _quantized(manifest):
        return None
    return models.SearchParams(
        quantization=models.QuantizationSearchParams(rescore=True, oversampling=oversampling),
    )
