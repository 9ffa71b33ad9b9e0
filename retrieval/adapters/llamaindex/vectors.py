"""The vectors of nodes: those that LlamaIndex made, checked, and those that are made here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from llama_index.core.schema import BaseNode, MetadataMode

from ...errors import ManifestError, VectorError
from ...protocols import Embedder
from ...text.normalise import normalise
from ...types import Matrix
from ..vectors import checked

_LIKE = 0.5
"""Cosine of a node's vector with the one that the store's model gives its text, below which another model made it.

One model reaches this even where more than the text was embedded; two models agree by chance alone, around 0.
"""


def check_dimensions(nodes: Sequence[BaseNode], embedder: Embedder) -> None:
    """Raise VectorError, with both values, for a node whose vector is not one of this model."""
    for node in nodes:
        if node.embedding is not None and len(node.embedding) != embedder.dim:
            raise VectorError(
                f"Node {node.node_id!r} has an embedding of {len(node.embedding)} dimensions; this store holds those "
                f"of {embedder.model}, of {embedder.dim}. Embed with the embed_model of the store."
            )


def check_model(nodes: Sequence[BaseNode], embedder: Embedder) -> bool:
    """Raise ManifestError if the first vector of the nodes is not like the model's own; whether there is one."""
    node = next((node for node in nodes if node.embedding is not None), None)
    if node is None:
        return False
    # LlamaIndex embeds the metadata with the text, unless they are excluded.
    texts = [normalise(node.get_content(metadata_mode=mode)) for mode in (MetadataMode.NONE, MetadataMode.EMBED)]
    given = np.asarray(node.embedding, np.float32)
    likeness = float((checked(embedder, embedder.embed_passages(texts), 2) @ given).max() / np.linalg.norm(given))
    if likeness < _LIKE:
        raise ManifestError(
            f"The embedding of node {node.node_id!r} was not made by {embedder.model}, as those of this store: its "
            f"cosine with that model's own is {likeness:.2f}. Embed with the embed_model of the store, or use "
            "another store."
        )
    return True


def vectors_of(nodes: Sequence[BaseNode], embedder: Embedder) -> Matrix:
    """The vector of each node, shape (len(nodes), dim): its own, or one of its text without metadata.

    Raises:
        VectorError: one is of another dimension.
        EmbedderError: the model failed or returned something unusable.
    """
    check_dimensions(nodes, embedder)
    without = [row for row, node in enumerate(nodes) if node.embedding is None]
    vectors = np.zeros((len(nodes), embedder.dim), np.float32)
    for row, node in enumerate(nodes):
        if node.embedding is not None:
            vectors[row] = node.embedding
    if without:
        texts = [normalise(nodes[row].get_content(metadata_mode=MetadataMode.NONE)) for row in without]
        vectors[without] = checked(embedder, embedder.embed_passages(texts), len(texts))
    return vectors
