"""Where integrations of LlamaIndex have gone wrong: each test is a fault that LlamaIndex, or another one, has."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed: make test installs it")

import interlingua
from adapter_samples import SlowEmbedder, TwoRoles, ticks_during
from interlingua.retrieval.adapters.llamaindex import (
    InterlinguaEmbedding,
    InterlinguaRetriever,
    InterlinguaVectorStore,
)
from interlingua.retrieval.errors import ManifestError, VectorError
from interlingua.retrieval.protocols import Store
from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document, MetadataMode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.vector_stores.types import VectorStoreQuery
from llamaindex_samples import Foreign, filled
from support import SENTENCES, CountingEmbedder, NgramEmbedder, ShortNgrams


class OtherModel(NgramEmbedder):
    """As long a vector as NgramEmbedder's, and another one."""

    model, fingerprint = "other", "2" * 32

    def embed_passages(self, texts: list[str]) -> object:
        return super().embed_passages([text[::-1].translate({ord(char): "x" for char in "aeiou "}) for text in texts])


class TestOneCacheForAll:
    """LlamaIndex caches a vector under its text alone, whatever the role and the model."""

    def test_a_query_is_not_given_a_passages_vector(self) -> None:
        embedding = InterlinguaEmbedding(embedder=TwoRoles(), embeddings_cache=SimpleKVStore())
        for _ in range(2):
            assert embedding.get_text_embedding("Paris")[:2] == [0, 1]
            assert embedding.get_query_embedding("Paris")[:2] == [1, 0]
            assert asyncio.run(embedding.aget_query_embedding("Paris"))[:2] == [1, 0]
            assert asyncio.run(embedding.aget_text_embedding_batch(["Paris"]))[0][:2] == [0, 1]

    def test_nor_through_a_cache_that_is_set_later(self) -> None:
        embedding = InterlinguaEmbedding(embedder=TwoRoles())
        embedding.embeddings_cache = SimpleKVStore()
        assert embedding.get_text_embedding("Paris") != embedding.get_query_embedding("Paris")

    def test_a_model_is_not_given_the_vector_of_another(self) -> None:
        cache = SimpleKVStore()
        InterlinguaEmbedding(embedder=NgramEmbedder(), embeddings_cache=cache).get_text_embedding("Παρίσι")
        short = InterlinguaEmbedding(embedder=ShortNgrams(), embeddings_cache=cache)
        assert len(short.get_text_embedding("Παρίσι")) == ShortNgrams.dim

    def test_what_is_cached_is_not_embedded_again(self) -> None:
        cache, counting = SimpleKVStore(), CountingEmbedder(NgramEmbedder())
        first = InterlinguaEmbedding(embedder=counting, embeddings_cache=cache).get_text_embedding_batch(
            ["α", "β", "α"]
        )
        again = InterlinguaEmbedding(embedder=counting, embeddings_cache=cache).get_text_embedding_batch(
            ["β", "γ", "α"]
        )
        assert counting.passages == ["α", "β", "γ"]
        assert (first[0], first[1], first[2]) == (again[2], again[0], again[2])


class TestAsync:
    """LlamaIndex embeds on the thread of the loop, and many texts one by one."""

    def test_the_loop_goes_on_during_an_embedding(self) -> None:
        embedding = InterlinguaEmbedding(embedder=SlowEmbedder())
        assert asyncio.run(ticks_during(lambda: embedding.aget_query_embedding("वाक्य"))) >= 5
        assert asyncio.run(ticks_during(lambda: embedding.aget_text_embedding("वाक्य"))) >= 5
        assert asyncio.run(ticks_during(lambda: embedding.aget_text_embedding_batch(["वाक्य"]))) >= 5
        assert asyncio.run(ticks_during(lambda: embedding.acall([TextNode(text="वाक्य")]))) >= 5

    def test_many_texts_go_in_batches(self) -> None:
        sizes = []

        class Batches(NgramEmbedder):
            def embed_passages(self, texts: list[str]) -> object:
                sizes.append(len(texts))
                return super().embed_passages(texts)

        embedding = InterlinguaEmbedding(embedder=Batches(), embed_batch_size=10)
        found = asyncio.run(embedding.aget_text_embedding_batch([f"{n}" for n in range(25)]))
        assert sorted(sizes) == [5, 10, 10]
        assert found == embedding.get_text_embedding_batch([f"{n}" for n in range(25)])

    def test_the_loop_goes_on_during_a_search_and_no_async_client_is_asked_for(self, place: Store) -> None:
        filled(place)
        store = InterlinguaVectorStore.open(place, InterlinguaEmbedding(embedder=SlowEmbedder()))
        search = VectorStoreIndex.from_vector_store(store, embed_model=store.embed_model).as_retriever()
        assert asyncio.run(ticks_during(lambda: search.aretrieve("права"))) >= 5
        assert asyncio.run(search.aretrieve("права")) == search.retrieve("права")
        assert asyncio.run(ticks_during(lambda: store.aquery(VectorStoreQuery(query_str="права")))) >= 5
        assert asyncio.run(ticks_during(lambda: store.async_add([TextNode(id_="x", text="новый")]))) >= 5


class TestMetadata:
    """LlamaIndex embeds the metadata with the text."""

    def test_a_pipeline_embeds_the_text_alone(self) -> None:
        counting = CountingEmbedder(NgramEmbedder())
        document = Document(text="日本語の本文", metadata={"lang": "ja", "file_path": "/corpus/ja/1.txt"})
        transformations = [InterlinguaEmbedding(embedder=counting)]
        IngestionPipeline(transformations=transformations).run(documents=[document])
        asyncio.run(IngestionPipeline(transformations=transformations).arun(documents=[document]))
        assert counting.passages == ["日本語の本文"] * 2

    def test_the_metadata_are_embedded_for_those_who_want_it(self) -> None:
        counting = CountingEmbedder(NgramEmbedder())
        InterlinguaEmbedding(embedder=counting, embed_metadata=True)([TextNode(text="本文", metadata={"lang": "ja"})])
        assert counting.passages == ["lang: ja\n\n本文"]

    def test_no_node_of_a_search_embeds_its_metadata(
        self, open_index: Callable[..., interlingua.Index], sentences: list[interlingua.Document]
    ) -> None:
        index = open_index(embedder=NgramEmbedder())
        index.ingest([interlingua.Document(id="th", text=SENTENCES["th"], metadata={"topic": "สิทธิ"}, title="หัวเรื่อง")])
        InterlinguaVectorStore(index).add([TextNode(text=SENTENCES["ja"], metadata={"lang": "ja"})])
        found = InterlinguaRetriever(index).retrieve("สิทธิ")
        assert [node.node.get_content(MetadataMode.EMBED) for node in found] == [SENTENCES["th"], SENTENCES["ja"]]


class TestPipeline:
    """What LlamaIndex's pipeline does with nodes that it has seen."""

    def pipeline(
        self, place: Store, embedding: InterlinguaEmbedding, strategy: DocstoreStrategy, *, split: bool = False
    ) -> IngestionPipeline:
        store = InterlinguaVectorStore.open(place, embedding)
        store.clear()
        return IngestionPipeline(
            transformations=[*([SentenceSplitter(chunk_size=64, chunk_overlap=0)] if split else []), embedding],
            vector_store=store,
            docstore=SimpleDocumentStore(),
            docstore_strategy=strategy,
            disable_cache=True,
        )

    @pytest.mark.parametrize("strategy", [DocstoreStrategy.UPSERTS, DocstoreStrategy.DUPLICATES_ONLY])
    def test_nodes_of_one_document_run_again_are_neither_doubled_nor_embedded_again(
        self, place: Store, strategy: DocstoreStrategy
    ) -> None:
        source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc")}
        counting = CountingEmbedder(NgramEmbedder())
        embedding = InterlinguaEmbedding(embedder=counting, embeddings_cache=SimpleKVStore())
        pipeline = self.pipeline(place, embedding, strategy)
        for _ in range(2):
            pipeline.run(nodes=[TextNode(id_=f"n{n}", text=f"段落 {n}", relationships=source) for n in range(5)])
        assert counting.passages[:5] == [f"段落 {n}" for n in range(5)]
        assert set(counting.passages[5:]) <= {"段落 0"}  # what the store tells the model by
        assert place.count() == 5

    @pytest.mark.parametrize("split", [False, True])
    def test_what_a_run_no_longer_has_is_deleted_with_and_without_a_splitter(self, place: Store, split: bool) -> None:
        strategy = DocstoreStrategy.UPSERTS_AND_DELETE
        pipeline = self.pipeline(place, InterlinguaEmbedding(embedder=NgramEmbedder()), strategy, split=split)
        documents = [Document(id_=f"udhr/{tag}", text=text) for tag, text in list(SENTENCES.items())[:4]]
        pipeline.run(documents=documents)
        assert len(set(place.document_ids())) == 4
        pipeline.run(documents=documents[:1])
        assert set(place.document_ids()) == {documents[0].id_}

    def test_a_folder_read_again_is_not_doubled(self, place: Store, tmp_path: Path) -> None:
        for tag in ("ja", "ru"):
            (tmp_path / f"{tag}.txt").write_text(SENTENCES[tag], encoding="utf-8")
        embedding = InterlinguaEmbedding(embedder=NgramEmbedder())
        pipeline = self.pipeline(place, embedding, DocstoreStrategy.UPSERTS, split=True)
        counts = []
        for moment in (1_700_000_000, 1_800_000_000):
            os.utime(tmp_path / "ja.txt", (moment, moment))
            pipeline.run(documents=SimpleDirectoryReader(tmp_path, filename_as_id=True).load_data())
            counts.append(place.count())
        assert counts[0] == counts[1] > 2

    def test_a_touched_file_of_an_ingest_is_not_embedded_again(
        self, open_index: Callable[..., interlingua.Index], tmp_path: Path
    ) -> None:
        counting = CountingEmbedder(NgramEmbedder())
        index, file = open_index(embedder=counting), tmp_path / "docs" / "ja.txt"
        file.parent.mkdir()
        file.write_text(SENTENCES["ja"], encoding="utf-8")
        for moment in (1_700_000_000, 1_800_000_000):
            os.utime(file, (moment, moment))
            index.ingest(file.parent)
        assert len(counting.passages) == len(InterlinguaRetriever(index).retrieve("自由")) == 1


class TestAnotherModel:
    """LlamaIndex finds a wrong dimension in a search, as an error of numpy, and another model never."""

    def test_a_store_is_not_opened_with_a_model_that_did_not_make_it(self, tmp_path: Path) -> None:
        InterlinguaVectorStore.open(tmp_path / "s", Foreign()).close()
        for other, message in [(Foreign(dim=16), "8 dim.*16 dim"), (Foreign(model_name="two"), "foreign-1.*two")]:
            with pytest.raises(ManifestError, match=message):
                InterlinguaVectorStore.open(tmp_path / "s", other)

    def test_a_vector_of_another_length_is_refused_before_anything_is_written(self, place: Store) -> None:
        store = filled(place)
        given = [TextNode(text="eins"), TextNode(id_="x", text="zwei", embedding=[1.0] * 16)]
        with pytest.raises(VectorError, match=r"'x' has .* 16 dimensions.*ngrams, of 256"):
            store.add(given)
        assert place.count() == len(SENTENCES)
        with pytest.raises(VectorError, match=r"query.* 16 dimensions.*ngrams, of 256"):
            store.query(VectorStoreQuery(query_embedding=[1.0] * 16))

    def test_a_vector_of_another_model_is_refused(self, place: Store) -> None:
        filled(place)
        store = InterlinguaVectorStore.open(place, InterlinguaEmbedding(embedder=NgramEmbedder()))
        other = InterlinguaEmbedding(embedder=OtherModel())
        with pytest.raises(ManifestError, match="'x' was not made by ngrams"):
            store.add(other([TextNode(id_="x", text=SENTENCES["en"])]))
        store.add(store.embed_model([TextNode(id_="y", text=SENTENCES["en"])]))
        assert [node.node_id for node in store.get_nodes(["x", "y"])] == ["y"]

    def test_a_node_that_was_embedded_with_its_metadata_is_of_the_same_model(self, place: Store) -> None:
        store = filled(place)
        many = {f"key {n}": f"ein langer Wert, Nummer {n}" for n in range(40)}
        VectorStoreIndex([TextNode(id_="x", text="kurz", metadata=many)], embed_model=store.embed_model)
        VectorStoreIndex.from_vector_store(store, embed_model=store.embed_model).insert_nodes(
            [TextNode(id_="x", text="kurz", metadata=many)]
        )
        assert store.get_nodes(["x"])


@pytest.mark.parametrize("name", ["1", "doc#1", "ملف رقم ١", "a" * 3000, "00000000-0000-4000-8000-00000000000a"])
def test_any_string_is_a_node_id(name: str) -> None:
    store = InterlinguaVectorStore.open(None, InterlinguaEmbedding(embedder=NgramEmbedder()))
    assert store.add([TextNode(id_=name, text="一段话")]) == [name]
    assert store.query(VectorStoreQuery(query_str="一段话")).ids == [name]
    assert [node.node_id for node in store.get_nodes([name, "none"])] == [name]
    store.delete_nodes([name])
    assert store.get_nodes([name]) == []


def test_a_file_in_another_encoding_is_read_as_what_it_says(
    open_index: Callable[..., interlingua.Index], tmp_path: Path
) -> None:
    index = open_index(embedder=NgramEmbedder())
    text = "プリンターの紙詰まりは、背面のカバーを開けて直します。" * 3
    (tmp_path / "sjis.txt").write_bytes(text.encode("shift_jis"))
    index.ingest(tmp_path / "sjis.txt")
    assert InterlinguaRetriever(index, limit=1).retrieve("プリンター")[0].text == text


@pytest.mark.parametrize(
    "embedding",
    [InterlinguaEmbedding(model_name="support:NgramEmbedder"), InterlinguaEmbedding(embedder=NgramEmbedder())],
    ids=["by name", "as it is"],
)
def test_a_pipeline_of_two_processes_embeds_as_one_does(embedding: InterlinguaEmbedding) -> None:
    store = InterlinguaVectorStore.open(None, embedding)
    documents = [Document(id_=tag, text=text) for tag, text in SENTENCES.items()]
    # A tokenizer of ours: the copy of LlamaIndex's own in another process is downloaded.
    pipeline = IngestionPipeline(transformations=[SentenceSplitter(tokenizer=str.split), embedding], vector_store=store)
    made = pipeline.run(documents=documents, num_workers=2)
    assert [node.embedding for node in made] == embedding.get_text_embedding_batch([node.text for node in made])
    found = store.query(VectorStoreQuery(query_str=SENTENCES["hi"], similarity_top_k=len(SENTENCES))).nodes
    assert {node.ref_doc_id for node in found} == set(SENTENCES)
    assert found[0].ref_doc_id == "hi"
