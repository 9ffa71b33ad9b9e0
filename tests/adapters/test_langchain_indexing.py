"""LangChain's indexing over our vector store: every way to clean up, every encoder of keys, nothing embedded twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")

from interlingua.retrieval.adapters.langchain import InterlinguaEmbeddings, InterlinguaVectorStore
from interlingua.retrieval.adapters.langchain.vectors import DeletedVectors
from interlingua.retrieval.protocols import Store
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from support import SENTENCES, CountingEmbedder, NgramEmbedder

pytestmark = pytest.mark.filterwarnings("ignore:Using SHA-1 for document hashing:UserWarning")

Cleanup = Literal["incremental", "full", "scoped_full"] | None
Encoder = Literal["sha1", "sha256", "sha512", "blake2b"] | Callable[[Document], str]


def own_encoder(document: Document) -> str:
    return f"ключ {hashlib.sha256(document.page_content.encode()).hexdigest()[:20]}"


ENCODERS: list[Encoder] = ["sha1", "sha256", "sha512", "blake2b", own_encoder]


def documents(count: int, *, per_source: int = 8) -> list[Document]:
    """With 8 to a source, every other batch of 100 ends within a source."""
    texts = list(SENTENCES.values())
    return [
        Document(page_content=f"{n}: {texts[n % len(texts)][:30]}", metadata={"source": f"s{n // per_source}", "n": n})
        for n in range(count)
    ]


class TestIndexing:
    @pytest.fixture
    def embedder(self) -> CountingEmbedder:
        return CountingEmbedder(NgramEmbedder())

    @pytest.fixture
    def store(self, place: Store, embedder: CountingEmbedder) -> InterlinguaVectorStore:
        store = InterlinguaVectorStore.open(place, InterlinguaEmbeddings(embedder))
        store.delete()
        return store

    @pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
    @pytest.mark.parametrize("cleanup", [None, "incremental", "full", "scoped_full"])
    @pytest.mark.parametrize("encoder", ENCODERS)
    def test_what_has_not_changed_is_not_embedded_again_and_what_has_is(
        self,
        store: InterlinguaVectorStore,
        embedder: CountingEmbedder,
        encoder: Encoder,
        cleanup: Cleanup,
        asynchronous: bool,
    ) -> None:
        records = InMemoryRecordManager("test")
        docs = documents(60)

        def run(wanted: list[Document]) -> Any:
            options: Any = {"cleanup": cleanup, "source_id_key": "source", "key_encoder": encoder, "batch_size": 10}
            if asynchronous:
                return asyncio.run(aindex(wanted, records, store, **options))
            return index(wanted, records, store, **options)

        assert run(docs)["num_added"] == 60
        embedder.passages.clear()
        run(docs)
        assert embedder.passages == []
        assert sorted(document.metadata["n"] for document in store.similarity_search("1", k=100)) == list(range(60))

        changed = [Document(page_content="neu", metadata=docs[0].metadata), *docs[1:]]
        run(changed)
        assert embedder.passages == ["neu"]
        left = {document.page_content for document in store.similarity_search("1", k=100)}
        assert left == {d.page_content for d in changed} | ({docs[0].page_content} if cleanup is None else set())

    def test_a_forced_update_writes_and_embeds_nothing(
        self, store: InterlinguaVectorStore, embedder: CountingEmbedder
    ) -> None:
        records, docs = InMemoryRecordManager("test"), documents(30)
        index(docs, records, store, key_encoder="blake2b")
        embedder.passages.clear()
        again = index(docs, records, store, key_encoder="blake2b", force_update=True)
        assert (again["num_updated"], embedder.passages) == (30, [])

    def test_what_is_gone_from_the_source_is_deleted(self, store: InterlinguaVectorStore) -> None:
        records, docs = InMemoryRecordManager("test"), documents(30)
        index(docs, records, store, key_encoder="sha256", cleanup="full")
        gone = index(docs[:12], records, store, key_encoder="sha256", cleanup="full")
        assert gone["num_deleted"] == 18
        assert len(store.similarity_search("1", k=100)) == 12


@pytest.mark.slow
def test_of_5000_unchanged_documents_none_is_embedded_again(tmp_path: Path) -> None:
    embedder = CountingEmbedder(NgramEmbedder())
    store = InterlinguaVectorStore.open(tmp_path / "store", InterlinguaEmbeddings(embedder))
    records, docs = InMemoryRecordManager("test"), documents(5000)
    options: Any = {"cleanup": "incremental", "source_id_key": "source", "key_encoder": "blake2b"}
    index(docs, records, store, **options)
    assert len(embedder.passages) == 5000
    embedder.passages.clear()
    index(docs, records, store, **options)
    assert embedder.passages == []
    store.close()


def test_only_so_many_bytes_of_deleted_vectors_are_kept() -> None:
    vectors = NgramEmbedder().embed_passages(["un", "deux", "trois"])
    kept = DeletedVectors(most_bytes=2 * vectors[0].nbytes)
    for text, vector in zip(["un", "deux", "deux", "trois"], vectors[[0, 1, 1, 2]], strict=True):
        kept.keep("model", text, vector)
    assert kept.find("model", "un") is None
    assert (kept.find("model", "deux") == vectors[1]).all()
    assert (kept.find("model", "trois") == vectors[2]).all()
    assert kept.find("another model", "trois") is None
