"""LlamaIndex's nodes as chunks, and chunks as LlamaIndex's nodes.

`Chunk.document_id` is the id of the document that a node comes from, its `ref_doc_id`, or its own where it has none.
What a chunk has no place for (relationships, templates, the node's own id) is `Chunk.attached`.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageDocument,
    ImageNode,
    IndexNode,
    Node,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
    TextNode,
)

from ...errors import InputError
from ...stores.payload import clean_metadata
from ...types import Chunk, Hit, Origin
from .. import passages
from ..passages import add_facts, languages_of

SOURCE = "interlingua:llamaindex"
"""`Origin.source` of what was added through LlamaIndex."""

_NAMESPACE = uuid.UUID("5b9e8a2e-6f0d-5c37-9f61-3a4f0a1d7c84")
_CLASSES: dict[str, type[BaseNode]] = {
    cls.class_name(): cls for cls in (Document, ImageDocument, ImageNode, IndexNode, Node, TextNode)
}
# Of a node's document nothing is known but its id, so all that is added has one origin: an ingest of a document of that
# id counts as a change of it.
_ORIGIN = Origin(source=SOURCE, revision="", digest="0" * 32, chunks=0)

point_id = partial(passages.point_id, _NAMESPACE)
point_ids = partial(passages.point_ids, _NAMESPACE)


def to_chunks(nodes: Mapping[str, BaseNode], *, language_key: str | None = None) -> list[Chunk]:
    """The chunk of each node, by its id, in order; the nodes are not changed.

    The text is kept as it is. Its language is what the metadata say under `language_key`, where they do, and detected
    otherwise. Raises InputError naming the node for what cannot be stored.
    """
    texts = [node.get_content() for node in nodes.values()]
    languages = languages_of(texts, [node.metadata for node in nodes.values()], language_key)
    seen: Counter[str] = Counter()
    chunks = []
    for (name, node), text, language in zip(nodes.items(), texts, languages, strict=True):
        document = node.ref_doc_id or name
        start, end = _span(node, text)
        try:
            metadata, attached = clean_metadata(node.metadata), _attached(node)
        except (InputError, ValueError) as error:
            raise InputError(f"Node {name!r}: {error}") from error
        chunks.append(
            Chunk(
                id=point_id(name),
                document_id=document,
                # Ordinal 0 is the first of its document, and counts for it: a node that says what precedes it is not.
                ordinal=max(seen[document], NodeRelationship.PREVIOUS in node.relationships),
                text=text,
                start=start,
                end=end,
                language=language.tag,
                language_confidence=language.confidence,
                metadata=metadata,
                origin=_ORIGIN,
                attached=attached,
            )
        )
        seen[document] += 1
    return chunks


def to_node(chunk: Chunk) -> BaseNode:
    """The node that `to_chunks` was given; a chunk of an ingest as a node, by the id of the chunk.

    That one says which document it is from and where it stands in it, and embeds no metadata.
    """
    metadata = dict(chunk.metadata)
    if chunk.attached is None:
        return TextNode(
            id_=chunk.id,
            text=chunk.text,
            metadata=metadata,
            excluded_embed_metadata_keys=list(metadata),
            start_char_idx=chunk.start,
            end_char_idx=chunk.end,
            relationships={
                NodeRelationship.SOURCE: RelatedNodeInfo(node_id=chunk.document_id, node_type=ObjectType.DOCUMENT)
            },
        )
    fields: dict[str, Any] = json.loads(chunk.attached)
    cls = _CLASSES[fields["class_name"]]
    if "text" in cls.model_fields:
        fields["text"] = chunk.text
    else:
        fields["text_resource"] = {**(fields.get("text_resource") or {}), "text": chunk.text}
    return cls.from_dict({**fields, "metadata": metadata})


def to_passage(hit: Hit) -> BaseNode:
    """The node of a hit, with what is known of the passage in its metadata: see `passages.add_facts`.

    Title and address of the document stand in its metadata too where they have no such key. None of it is embedded;
    a language model sees all but what is known of the passage.
    """
    node, chunk = to_node(hit.chunk), hit.chunk
    for name, value in (("title", chunk.title), ("url", chunk.url)):
        if value is not None:
            node.metadata.setdefault(name, value)
    facts = add_facts(node.metadata, hit)
    node.excluded_embed_metadata_keys = list(node.metadata)
    node.excluded_llm_metadata_keys = [*node.excluded_llm_metadata_keys, facts]
    return node


def _span(node: BaseNode, text: str) -> tuple[int, int]:
    """Where the text stands in its document, as far as the node knows."""
    start, end = getattr(node, "start_char_idx", None), getattr(node, "end_char_idx", None)
    return (start, end) if start is not None and end is not None and end - start == len(text) else (0, len(text))


def _attached(node: BaseNode) -> str:
    """The node as JSON, without what the chunk has. Raises InputError or ValueError for what is no JSON."""
    if node.class_name() not in _CLASSES:
        raise InputError(f"it is a {node.class_name()}. Nodes of {', '.join(sorted(_CLASSES))} can be stored.")
    fields = node.model_dump(
        mode="json",
        exclude={"metadata": True, "embedding": True, "text": True, "text_resource": {"text"}},
        exclude_defaults=True,
    )
    return json.dumps({**fields, "id_": node.node_id, "class_name": node.class_name()}, ensure_ascii=False)
