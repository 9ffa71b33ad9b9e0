"""A reranker of ours where LlamaIndex takes a node postprocessor."""

from __future__ import annotations

from typing import Any

from llama_index.core.callbacks import CBEventType, EventPayload
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from pydantic import ConfigDict, Field

from ...errors import InputError
from ...rerankers import Reranker
from ...reranking import checked
from ...text.normalise import normalise


class InterlinguaRerank(BaseNodePostprocessor):
    """Orders nodes anew by how relevant a model, which reads query and text together, finds them.

        InterlinguaRerank(reranker=interlingua.retrieval.rerankers.load("BAAI/bge-reranker-v2-m3"), top_n=5)

    It reads the text of a node without its metadata. What it returns are copies. The async method works in a thread.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    reranker: Reranker = Field(exclude=True)
    """Such as `retrieval.rerankers.load` makes."""
    top_n: int | None = Field(default=None, ge=1)
    """How many nodes to keep; None: all."""
    keep_retrieval_score: bool = False
    """Put the score that a node had before under `retrieval_score` of its metadata."""

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex calls it in what it writes."""
        return "InterlinguaRerank"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise InputError("There is no query to order the nodes by. Give query_bundle or query_str.")
        if not nodes:
            return []
        query = query_bundle.query_str
        payload: dict[str, Any] = {
            EventPayload.NODES: nodes,
            EventPayload.MODEL_NAME: self.reranker.model,
            EventPayload.QUERY_STR: query,
            EventPayload.TOP_K: self.top_n,
        }
        with self.callback_manager.event(CBEventType.RERANKING, payload=payload) as event:
            passages = [node.node.get_content(metadata_mode=MetadataMode.NONE) for node in nodes]
            scores = checked(self.reranker, self.reranker.score(normalise(query), passages), len(passages)).tolist()
            ranked = sorted(zip(scores, nodes, strict=True), key=lambda pair: -pair[0])[: self.top_n]
            found = [self._scored(node, score) for score, node in ranked]
            event.on_end(payload={EventPayload.NODES: found})
        return found

    def _scored(self, scored: NodeWithScore, score: float) -> NodeWithScore:
        added = {"retrieval_score": scored.score} if self.keep_retrieval_score else {}
        node = scored.node.model_copy(update={"metadata": {**scored.node.metadata, **added}})
        return NodeWithScore(node=node, score=score)
