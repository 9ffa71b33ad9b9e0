"""Where adapters to LangChain have gone wrong: each test is a fault that another one has."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")

import interlingua
from adapter_samples import Overlap, SlowEmbedder, TwoRoles, ticks_during
from interlingua.retrieval.adapters.langchain import (
    InterlinguaEmbeddings,
    InterlinguaReranker,
    InterlinguaRetriever,
    InterlinguaVectorStore,
)
from interlingua.retrieval.errors import ConfigurationError, EmbedderError, FilterError, InputError, ManifestError
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.retriever import Retriever
from interlingua.retrieval.stores.edge import EdgeStore
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_samples import DOCUMENTS, Foreign, filled
from pydantic import ValidationError
from support import SENTENCES, CountingEmbedder, NgramEmbedder, ShortNgrams


class TestEmbeddings:
    def test_a_query_and_a_passage_go_to_the_model_each_in_its_role(self) -> None:
        embeddings = InterlinguaEmbeddings(TwoRoles())
        assert embeddings.embed_query("人权")[:2] == [1.0, 0.0]
        assert embeddings.embed_documents(["人权"])[0][:2] == [0.0, 1.0]

    def test_numbers_are_floats_of_python(self) -> None:
        embeddings = InterlinguaEmbeddings(NgramEmbedder())
        assert {type(x) for x in embeddings.embed_query("дом")} == {float}
        assert {type(x) for row in embeddings.embed_documents(["дом", "ev"]) for x in row} == {float}
        assert embeddings.embed_documents([]) == []

    def test_two_forms_of_one_word_have_one_vector(self) -> None:
        embeddings = InterlinguaEmbeddings(NgramEmbedder())
        assert embeddings.embed_query("ọ̀rọ̀") == embeddings.embed_query("o\u0323\u0300ro\u0323\u0300")

    def test_the_loop_goes_on_during_an_embedding(self) -> None:
        embeddings = InterlinguaEmbeddings(SlowEmbedder())
        assert asyncio.run(ticks_during(lambda: embeddings.aembed_query("वाक्य"))) >= 5
        assert asyncio.run(ticks_during(lambda: embeddings.aembed_documents(["वाक्य"]))) >= 5

    def test_a_model_that_returns_the_wrong_shape_is_found_out(self) -> None:
        class Wrong(NgramEmbedder):
            dim = 3

            def embed_queries(self, texts: Any) -> Any:
                return NgramEmbedder().embed_queries(texts)

        with pytest.raises(EmbedderError, match=r"\(1, 256\), \(1, 3\)"):
            InterlinguaEmbeddings(Wrong()).embed_query("a")


class TestVectorStore:
    @pytest.fixture
    def store(self, place: Store) -> InterlinguaVectorStore:
        return filled(place)

    def test_ids_and_metadata_come_back_as_they_were_given(self, store: InterlinguaVectorStore) -> None:
        found = store.similarity_search(SENTENCES["th"], k=1)[0]
        assert found == DOCUMENTS[list(SENTENCES).index("th")]
        assert found.id == "udhr/th"

    def test_what_a_search_returns_is_the_callers_to_change(self, store: InterlinguaVectorStore) -> None:
        query = SENTENCES["he"]
        before = copy.deepcopy(DOCUMENTS)
        store.similarity_search(query, k=1)[0].metadata["seen"]["by"].append("me")
        assert store.similarity_search(query, k=1)[0].metadata["seen"] == {"by": ["a", None]}
        assert before == DOCUMENTS

    @pytest.mark.parametrize(
        "name", ["1", "", "ملف رقم ١", "a" * 3000, "00000000-0000-4000-8000-00000000000a", "ab" * 32]
    )
    def test_any_string_is_an_id(self, store: InterlinguaVectorStore, name: str) -> None:
        assert store.add_texts(["一段话"], ids=[name]) == [name]
        assert [document.id for document in store.get_by_ids([name, "none"])] == [name]
        assert store.similarity_search("一段话", k=1)[0].id == name
        assert store.delete([name])
        assert store.get_by_ids([name]) == []

    def test_given_and_missing_ids_mix(self, store: InterlinguaVectorStore) -> None:
        documents = [Document(id="own", page_content="eins"), Document(page_content="zwei"), Document(page_content="3")]
        first, second, third = store.add_documents(documents, ids=[None, None, "given"])
        assert (first, third) == ("own", "given")
        assert store.get_by_ids([second])[0].page_content == "zwei"
        store.delete([first, second, third])

    def test_ids_of_another_number_or_kind_are_refused(self, store: InterlinguaVectorStore) -> None:
        with pytest.raises(InputError, match="1 ids for 2 documents"):
            store.add_documents([Document(page_content="a"), Document(page_content="b")], ids=["1"])
        with pytest.raises(InputError, match="The id 7 is a int"):
            store.add_documents([Document(page_content="a")], ids=[7])  # type: ignore[list-item]  # the point

    def test_of_two_documents_of_one_id_the_last_counts(self, store: InterlinguaVectorStore) -> None:
        assert store.add_texts(["früher", "später"], ids=["x", "x"]) == ["x", "x"]
        assert [document.page_content for document in store.get_by_ids(["x", "x"])] == ["später"]
        store.delete(["x"])

    def test_the_score_and_the_relevance_of_a_hit_are_one_number(self, store: InterlinguaVectorStore) -> None:
        query = "Alle Menschen"
        scores = [score for _, score in store.similarity_search_with_score(query, k=3)]
        relevance = store.similarity_search_with_relevance_scores(query, k=3, score_threshold=0.0)
        assert [score for _, score in relevance] == scores
        assert 0 < scores[0] < 1

    def test_a_relevance_is_never_below_zero(self, tmp_path: Path) -> None:
        class Opposites(Foreign):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return [[1.0, 0.0] if text == "yes" else [-1.0, 0.0] for text in texts]

        store = InterlinguaVectorStore.from_texts(["no"], Opposites(2))
        assert store.similarity_search_with_score("yes")[0][1] == -1
        assert store.similarity_search_with_relevance_scores("yes")[0][1] == 0

    def test_a_filter_is_a_mapping_over_the_documents_own_keys(self, store: InterlinguaVectorStore) -> None:
        assert [d.metadata["lang"] for d in store.similarity_search("права", filter={"lang": "ja"})] == ["ja"]
        assert len(store.similarity_search("права", k=20, filter={"lang": {"not": ["ja"]}})) == len(DOCUMENTS) - 1

    def test_a_misspelt_key_is_an_error_that_says_what_there_is(self, store: InterlinguaVectorStore) -> None:
        with pytest.raises(FilterError, match=r"'langg'.*article, lang, seen"):
            store.similarity_search("права", filter={"langg": "ja"})

    def test_a_filter_of_another_library_is_refused(self, store: InterlinguaVectorStore) -> None:
        with pytest.raises(FilterError, match="not a function"):
            store.similarity_search("права", filter=lambda document: True)
        with pytest.raises(FilterError, match=r"'\$eq'"):
            store.similarity_search("права", filter={"lang": {"$eq": "ja"}})

    def test_an_option_that_nothing_reads_is_an_error(self, store: InterlinguaVectorStore) -> None:
        with pytest.raises(ConfigurationError, match=r"takes no filtr\. It takes k, filter"):
            store.similarity_search("права", filtr={"lang": "ja"})
        with pytest.raises(ConfigurationError, match="takes no where"):
            store.as_retriever(where={}).invoke("права")

    def test_languages_are_detected_and_filter(self, store: InterlinguaVectorStore) -> None:
        found = store.similarity_search("rights", k=20, languages=["Japanese", "ka"])
        assert sorted(document.metadata["lang"] for document in found) == ["ja", "ka"]

    def test_a_language_that_the_metadata_state_is_believed(self) -> None:
        store = InterlinguaVectorStore.from_texts(
            ["Hotel Taxi Radio"], Foreign(), [{"language": "sw"}], language_key="language"
        )
        assert len(store.similarity_search("Taxi", languages=["sw"])) == 1

    def test_another_model_is_refused_before_anything_is_embedded(self, tmp_path: Path) -> None:
        folder = tmp_path / "store"
        InterlinguaVectorStore.from_texts(["eins"], Foreign(8), store=folder).close()
        for other, message in [(Foreign(16), "8 dim.*16 dim"), (Foreign(8, "foreign-2"), "foreign-1.*foreign-2")]:
            with pytest.raises(ManifestError, match=message):
                InterlinguaVectorStore.open(folder, other)
            assert other.embedded in ([], ["interlingua"])

    def test_nothing_is_embedded_but_what_was_given(self) -> None:
        embedder = CountingEmbedder(NgramEmbedder())
        store = InterlinguaVectorStore.from_texts(["a", "b"], InterlinguaEmbeddings(embedder))
        assert (embedder.passages, embedder.queries) == (["a", "b"], [])
        store.similarity_search("c")
        assert embedder.queries == ["c"]

    def test_metadata_are_not_embedded(self) -> None:
        embedder = CountingEmbedder(NgramEmbedder())
        InterlinguaVectorStore.from_texts(["本文"], InterlinguaEmbeddings(embedder), [{"title": "題名"}])
        assert embedder.passages == ["本文"]

    def test_documents_are_kept_over_a_reopening_and_found_by_the_same_id(self, tmp_path: Path) -> None:
        InterlinguaVectorStore.from_texts(["eins", "zwei"], Foreign(), ids=["1", "2"], store=tmp_path / "s").close()
        store = InterlinguaVectorStore.open(tmp_path / "s", Foreign())
        assert {document.id for document in store.similarity_search("eins")} == {"1", "2"}
        store.close()

    def test_diverse_results_leave_copies_for_last(self, store: InterlinguaVectorStore) -> None:
        query = SENTENCES["de"]
        store.add_texts([query, query], [{"lang": "de", "article": 1, "seen": {}}] * 2, ids=["copy 1", "copy 2"])
        plain = [document.metadata["lang"] for document in store.similarity_search(query, k=3)]
        mixed = [document.metadata["lang"] for document in store.max_marginal_relevance_search(query, k=3)]
        alone = store.max_marginal_relevance_search(query, k=3, lambda_mult=1.0)
        store.delete(["copy 1", "copy 2"])
        assert plain == ["de", "de", "de"]
        assert mixed[0] == "de"
        assert "de" not in mixed[1:]
        assert [document.metadata["lang"] for document in alone] == plain

    def test_a_vector_is_searched_for_as_a_text_is(self, store: InterlinguaVectorStore) -> None:
        vector = store.embeddings.embed_query("自由")
        assert store.similarity_search_by_vector(vector, k=3) == store.similarity_search("自由", k=3)
        assert len(store.max_marginal_relevance_search_by_vector(vector, k=2, filter={"lang": ["ja", "ko"]})) == 2

    def test_the_retriever_of_a_store_takes_options_in_both_places(self, store: InterlinguaVectorStore) -> None:
        assert len(store.as_retriever(k=2).invoke("права")) == 2
        assert len(store.as_retriever(search_kwargs={"k": 3}).invoke("права", k=1)) == 1
        assert len(store.as_retriever(search_type="mmr", k=2, fetch_k=5).invoke("права")) == 2
        threshold = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.9})
        assert [document.metadata["lang"] for document in threshold.invoke(SENTENCES["ru"])] == ["ru"]

    def test_four_searches_at_once_take_the_time_of_one(self, place: Store) -> None:
        filled(place)
        store = InterlinguaVectorStore.open(place, InterlinguaEmbeddings(SlowEmbedder()))

        async def four() -> float:
            start = time.perf_counter()
            await asyncio.gather(*[store.asimilarity_search("права", k=1) for _ in range(4)])
            return time.perf_counter() - start

        assert asyncio.run(four()) < 0.6

    def test_delete_without_ids_leaves_what_an_ingest_brought_in(
        self, open_index: Callable[..., interlingua.Index], sentences: list[interlingua.Document]
    ) -> None:
        index = open_index(embedder=NgramEmbedder())
        index.ingest(sentences)
        store = InterlinguaVectorStore(index)
        store.add_texts(["noch ein Satz über Rechte"], ids=["x"])
        found = store.similarity_search(SENTENCES["de"], k=1)[0]
        assert store.get_by_ids([found.id or ""]) == [found]  # a chunk goes by its own id
        store.delete()
        assert store.get_by_ids(["x"]) == []
        assert index.status().documents == len(sentences)
        store.close()
        assert index.search(SENTENCES["de"], limit=1)

    def test_an_index_that_moves_to_another_model_is_followed(
        self, open_index: Callable[..., interlingua.Index]
    ) -> None:
        index = open_index(embedder=NgramEmbedder())
        store = InterlinguaVectorStore(index)
        store.add_texts(["eins zwei", "drei vier"], ids=["a", "b"])
        assert index.migrate(ShortNgrams()).switched
        assert store.similarity_search_with_score("eins zwei", k=1) == [(Document(id="a", page_content="eins zwei"), 1)]
        store.delete(["a"])
        store.add_texts(["eins zwei"], ids=["a"])
        assert len(store.get_by_ids(["a", "b"])) == 2


class TestRetriever:
    @pytest.fixture
    def retriever(self, place: Store) -> InterlinguaRetriever:
        filled(place)
        return InterlinguaRetriever(index=Retriever(NgramEmbedder(), place, reranker=Overlap()), k=3)

    def test_arguments_of_a_call_go_before_those_of_the_constructor(self, retriever: InterlinguaRetriever) -> None:
        assert len(retriever.invoke("права")) == 3
        assert len(retriever.invoke("права", k=1)) == 1
        assert len(retriever.bind(k=2).invoke("права")) == 2
        assert [len(found) for found in retriever.batch(["права", "自由"], k=2)] == [2, 2]

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_named_arguments_reach_the_search(self, retriever: InterlinguaRetriever, asynchronous: bool) -> None:
        def invoke(**options: Any) -> list[Document]:
            if asynchronous:
                return asyncio.run(retriever.ainvoke("права", **options))
            return retriever.invoke("права", **options)

        assert [d.metadata["lang"] for d in invoke(languages=["ja"])] == ["ja"]
        assert [d.metadata["lang"] for d in invoke(filter={"lang": "ko"})] == ["ko"]
        assert invoke(score_threshold=0.99) == []
        assert "rerank" in invoke(rerank=True)[0].metadata["interlingua"]["scores"]
        with pytest.raises(TypeError, match="langs"):
            invoke(langs=["ja"])

    def test_a_filter_of_the_constructor_can_be_lifted(self, retriever: InterlinguaRetriever) -> None:
        narrow = InterlinguaRetriever(index=retriever.index, languages=["ja"], filter={"article": 1})
        assert len(narrow.invoke("права")) == 1
        assert len(narrow.invoke("права", languages=[], filter={})) == 4

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_of_versions_of_a_document_one_is_found(self, place: Store, asynchronous: bool) -> None:
        store = filled(place)
        group = {"translation_group": "v"}
        store.add_documents([Document(id=t, page_content=SENTENCES[t], metadata=group) for t in ("ka", "hi")])
        retriever = InterlinguaRetriever(index=Retriever(NgramEmbedder(), place), k=30, reader="hi")

        def found(**options: Any) -> set[str]:
            query = SENTENCES["ka"]
            if asynchronous:
                made = asyncio.run(retriever.ainvoke(query, **options))
            else:
                made = retriever.invoke(query, **options)
            return {document.id for document in made if "translation_group" in document.metadata}

        assert found() == {"hi"}
        assert found(reader=["ja", "ka"]) == {"ka"}
        assert found(reader=[]) == {"ka", "hi"}

    def test_a_field_that_does_not_exist_is_an_error(self, retriever: InterlinguaRetriever) -> None:
        with pytest.raises(ValidationError, match="langauges"):
            InterlinguaRetriever(index=retriever.index, langauges=["ja"])  # type: ignore[call-arg]  # the point
        with pytest.raises(ValidationError, match="Searcher"):
            InterlinguaRetriever(index="folder")  # type: ignore[arg-type]  # the point

    def test_what_is_known_of_a_passage_stands_beside_its_metadata(self, retriever: InterlinguaRetriever) -> None:
        found = retriever.invoke(SENTENCES["th"])[0]
        known = found.metadata.pop("interlingua")
        assert found == DOCUMENTS[list(SENTENCES).index("th")]
        assert known["score"] == pytest.approx(1, abs=1e-4)
        assert (known["language"], known["document_id"]) == ("th", "udhr/th")
        assert (known["start"], known["end"]) == (0, len(SENTENCES["th"]))

    def test_a_users_key_of_that_name_is_left_alone(self) -> None:
        store = InterlinguaVectorStore.from_texts(["текст"], Foreign(), [{"interlingua": "mine"}])
        index = Retriever(store._index.embedder, store._index.store)
        metadata = InterlinguaRetriever(index=index).invoke("текст")[0].metadata
        assert metadata["interlingua"] == "mine"
        assert metadata["interlingua_"]["language_confidence"] >= 0

    def test_callbacks_tags_and_tracing(self, retriever: InterlinguaRetriever) -> None:
        events: list[tuple[Any, ...]] = []

        class Listener(BaseCallbackHandler):
            def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
                events.append(("start", query, kwargs["tags"], kwargs["metadata"]))

            def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
                events.append(("end", len(documents)))

            def on_retriever_error(self, error: BaseException, **kwargs: Any) -> None:
                events.append(("error", type(error)))

        tagged = InterlinguaRetriever(index=retriever.index, k=2, tags=["mine"])
        tagged.invoke("права", {"callbacks": [Listener()], "metadata": {"run": 7}})
        (_, query, tags, metadata), end = events
        assert (query, tags, end) == ("права", ["mine"], ("end", 2))
        assert metadata["run"] == 7
        assert metadata["ls_retriever_name"] == "interlingua"
        assert metadata["ls_vector_store_provider"] == "qdrant"
        assert (metadata["ls_embedding_provider"], metadata["ls_embedding_model"]) == ("interlingua", "ngrams")
        with pytest.raises(FilterError):
            tagged.invoke("права", {"callbacks": [Listener()]}, filter={"nothing": 1})
        assert events[-1] == ("error", FilterError)

    def test_the_loop_goes_on_during_a_search(self, place: Store) -> None:
        filled(place)
        retriever = InterlinguaRetriever(index=Retriever(SlowEmbedder(), place))
        assert asyncio.run(ticks_during(lambda: retriever.ainvoke("права"))) >= 5

    def test_an_index_is_searched_as_it_is(
        self, open_index: Callable[..., interlingua.Index], sentences: list[interlingua.Document]
    ) -> None:
        index = open_index(embedder=NgramEmbedder())
        index.ingest(sentences)
        hit = index.search(SENTENCES["ka"], limit=1)[0]
        found = InterlinguaRetriever(index=index, k=1).invoke(SENTENCES["ka"])[0]
        assert (found.id, found.page_content) == (hit.chunk.id, hit.chunk.text)


class TestReranker:
    documents = (Document(id="1", page_content="αβ", metadata={"n": 1}), Document(id="2", page_content="αβγ"))

    def test_the_best_come_first_with_their_score_and_the_callers_documents_stay(self) -> None:
        before = copy.deepcopy(self.documents)
        first, second = InterlinguaReranker(reranker=Overlap()).compress_documents(self.documents, "αβγδ")
        assert (first.id, first.metadata) == ("2", {"relevance_score": 0.75})
        assert (second.id, second.metadata) == ("1", {"n": 1, "relevance_score": 0.5})
        assert self.documents == before

    def test_as_many_as_asked_for_and_no_score_where_none_is_wanted(self) -> None:
        reranker = InterlinguaReranker(reranker=Overlap(), top_n=1, score_key=None)
        assert reranker.compress_documents(self.documents, "αβγδ") == [self.documents[1]]
        assert reranker.compress_documents([], "αβγδ") == []
        with pytest.raises(ValidationError):
            InterlinguaReranker(reranker=Overlap(), top_n=0)

    def test_equals_keep_their_order(self) -> None:
        documents = [Document(id=str(n), page_content="同") for n in range(5)]
        found = InterlinguaReranker(reranker=Overlap()).compress_documents(documents, "同")
        assert [document.id for document in found] == ["0", "1", "2", "3", "4"]

    def test_a_cross_encoder_scores_pairs_in_one_call_per_query(self) -> None:
        overlap = Overlap()
        scores = InterlinguaReranker(reranker=overlap).score([("ab", "a"), ("ab", "ab"), ("c", "d")])
        assert scores == [0.5, 1.0, 0.0]
        assert {type(score) for score in scores} == {float}
        assert overlap.calls == [("ab", ["a", "ab"]), ("c", ["d"])]
        assert InterlinguaReranker(reranker=overlap).score([]) == []

    def test_it_works_in_a_thread(self) -> None:
        found = asyncio.run(InterlinguaReranker(reranker=Overlap()).acompress_documents(self.documents, "γ"))
        assert found[0].id == "2"


def test_documents_of_one_text_are_embedded_once_and_not_again_when_only_metadata_changed() -> None:
    embedder = CountingEmbedder(NgramEmbedder())
    store = InterlinguaVectorStore.from_texts(["α", "α", "β"], InterlinguaEmbeddings(embedder), ids=["1", "2", "3"])
    store.add_texts(["α"], [{"new": True}], ids=["1"])
    assert embedder.passages == ["α", "β"]
    assert store.get_by_ids(["1"])[0].metadata == {"new": True}


def test_a_folder_holds_what_the_adapter_and_the_index_write(tmp_path: Path) -> None:
    InterlinguaVectorStore.from_texts(["eins"], Foreign(), ids=["a"], store=EdgeStore(tmp_path / "s")).close()
    store = InterlinguaVectorStore.open(str(tmp_path / "s"), Foreign())
    assert store.get_by_ids(["a"])[0].page_content == "eins"
    store.close()
