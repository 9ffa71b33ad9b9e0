"""The suites of langchain-tests as they are, on each kind of store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("langchain_tests", reason="langchain-tests is not installed: make test installs it")

from interlingua.retrieval.adapters.langchain import (
    InterlinguaEmbeddings,
    InterlinguaRetriever,
    InterlinguaVectorStore,
)
from interlingua.retrieval.filters import Filter
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.retriever import Retriever
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests
from support import SENTENCES, NgramEmbedder


class TestEmbeddings(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[InterlinguaEmbeddings]:
        return InterlinguaEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"embedder": NgramEmbedder()}


class TestEmbeddingsInUse(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[InterlinguaEmbeddings]:
        return InterlinguaEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"embedder": NgramEmbedder()}


class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, place: Store) -> Iterator[InterlinguaVectorStore]:
        store = InterlinguaVectorStore.open(place, self.get_embeddings())
        assert place.count() == 0
        yield store
        place.delete(Filter())


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _filled(self, place: Store) -> None:
        store = InterlinguaVectorStore.open(place, InterlinguaEmbeddings(NgramEmbedder()))
        store.add_texts(list(SENTENCES.values()))
        self.searched = Retriever(NgramEmbedder(), place)

    @property
    def retriever_constructor(self) -> type[InterlinguaRetriever]:
        return InterlinguaRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self.searched}

    @property
    def retriever_query_example(self) -> str:
        return "人人生而自由"
