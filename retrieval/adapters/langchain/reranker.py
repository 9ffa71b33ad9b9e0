"""A reranker of ours where LangChain takes a document compressor or a cross-encoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from langchain_core.callbacks import Callbacks
from langchain_core.cross_encoders import BaseCrossEncoder
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ConfigDict, Field

from ...rerankers import Reranker
from ...reranking import checked
from ...text.normalise import normalise


class InterlinguaReranker(BaseDocumentCompressor, BaseCrossEncoder):
    """Orders documents anew by how relevant a model, which reads query and text together, finds them.

        InterlinguaReranker(reranker=interlingua.retrieval.rerankers.load("BAAI/bge-reranker-v2-m3"), top_n=5)

    The async method does the same in a thread.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    reranker: Reranker
    """Such as `retrieval.rerankers.load` makes."""
    top_n: int | None = Field(default=None, ge=1)
    """How many documents to keep; None: all."""
    score_key: str | None = "relevance_score"
    """Key of the metadata that gets the score, in place of what stands there; None: metadata stay as they are."""

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Copies of the best `top_n` documents, best first, equals in the order given.

        The score is in `metadata[score_key]`, higher is better. Raises EmbedderError when the model failed.
        """
        if not documents:
            return []
        scores = self._scores(query, [document.page_content for document in documents])
        ranked = sorted(zip(scores, documents, strict=True), key=lambda pair: -pair[0])[: self.top_n]
        return [self._scored(document, score) for score, document in ranked]

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        """Relevance of the second text of each pair to the first, which is the query, in order; higher is better.

        Pairs of one query that follow one another are one call of the model. Raises EmbedderError.
        """
        scores: list[float] = []
        for query, pairs in groupby(text_pairs, key=lambda pair: pair[0]):
            scores += self._scores(query, [passage for _, passage in pairs])
        return scores

    def _scores(self, query: str, passages: Sequence[str]) -> list[float]:
        scores: list[float] = checked(
            self.reranker, self.reranker.score(normalise(query), passages), len(passages)
        ).tolist()
        return scores

    def _scored(self, document: Document, score: float) -> Document:
        added = {} if self.score_key is None else {self.score_key: score}
        return document.model_copy(update={"metadata": {**document.metadata, **added}})
