"""The embedding, the retriever and the reranker of LlamaIndex over an index of ours."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed: make test installs it")

import interlingua
from adapter_samples import Overlap, SlowEmbedder, ticks_during
from interlingua.retrieval.adapters.llamaindex import (
    InterlinguaEmbedding,
    InterlinguaRerank,
    InterlinguaRetriever,
    InterlinguaVectorStore,
)
from interlingua.retrieval.adapters.llamaindex.embedding import embedder_of, embedding_of
from interlingua.retrieval.errors import (
    ConfigurationError,
    EmbedderError,
    FilterError,
    InputError,
    ManifestError,
)
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.retriever import Retriever
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters
from llamaindex_samples import Foreign, filled, nodes
from pydantic import ValidationError
from support import SENTENCES, CountingEmbedder, NgramEmbedder, ShortNgrams

Open = Callable[..., interlingua.Index]


class TestEmbedding:
    def test_two_forms_of_one_word_have_one_vector(self) -> None:
        embedding = InterlinguaEmbedding(embedder=NgramEmbedder())
        assert embedding.get_query_embedding("ọ̀rọ̀") == embedding.get_text_embedding("o\u0323\u0300ro\u0323\u0300")

    def test_numbers_are_floats_of_python(self) -> None:
        assert {type(x) for x in InterlinguaEmbedding(embedder=NgramEmbedder()).get_query_embedding("дом")} == {float}

    def test_a_model_is_loaded_by_its_name_when_it_is_first_asked(self) -> None:
        assert InterlinguaEmbedding(model_name="support:ShortNgrams").get_query_embedding("a")[0] >= 0
        missing = InterlinguaEmbedding(model_name="no such model")
        with pytest.raises(ConfigurationError, match="no such model"):
            missing.get_query_embedding("a")

    def test_a_copy_in_another_process_is_made_anew(self, caplog: pytest.LogCaptureFixture) -> None:
        cache = SimpleKVStore()
        embedding = InterlinguaEmbedding(
            model_name="bundled", dimensions=64, embeddings_cache=cache, embed_batch_size=7
        )
        vector = embedding.get_query_embedding("Wort")
        sent = pickle.dumps(embedding)
        assert len(sent) < 100_000  # the cache, and no model
        assert caplog.records == []  # LlamaIndex warns of what it leaves out
        copied = pickle.loads(sent)
        assert (copied.get_query_embedding("Wort"), copied.embed_batch_size) == (vector, 7)
        assert copied.to_dict() == embedding.to_dict()

    def test_its_cache_goes_along_to_another_process(self) -> None:
        cache = SimpleKVStore()
        embedding = InterlinguaEmbedding(embedder=NgramEmbedder(), embeddings_cache=cache)
        embedding.get_query_embedding("Wort")
        for key in cache.get_all("interlingua"):
            cache.put(key, {"vector": [7.0]}, collection="interlingua")
        assert pickle.loads(pickle.dumps(embedding)).get_query_embedding("Wort") == [7.0]

    def test_whatever_changes_vectors_changes_the_key_of_a_pipelines_cache(self) -> None:
        node = [TextNode(text="x")]
        same = [InterlinguaEmbedding(model_name="bundled", embeddings_cache=SimpleKVStore()) for _ in range(2)]
        assert get_transformation_hash(node, same[0]) == get_transformation_hash(node, same[1])
        others = [
            InterlinguaEmbedding(dimensions=64),
            InterlinguaEmbedding(embed_metadata=True),
            InterlinguaEmbedding(embedder=NgramEmbedder()),
            InterlinguaEmbedding(embedder=ShortNgrams()),
        ]
        assert len({get_transformation_hash(node, one) for one in [same[0], *others]}) == 5

    def test_a_new_version_of_a_model_is_another_key_and_is_refused_where_the_old_one_is_meant(self) -> None:
        class Newer(NgramEmbedder):
            fingerprint = "3" * 32

        written = InterlinguaEmbedding(embedder=NgramEmbedder()).to_dict()
        assert InterlinguaEmbedding(embedder=Newer()).to_dict() != written
        with pytest.raises(ManifestError, match=r"333.*, not 000"):
            InterlinguaEmbedding(embedder=Newer(), fingerprint=written["fingerprint"]).get_query_embedding("a")

    def test_no_secret_is_written_down(self) -> None:
        embedding = InterlinguaEmbedding(
            model_name="m", url="https://user:geheim1@127.0.0.1:1/v1", key="geheim2", dialect="openai", fingerprint="0"
        )
        written = json.dumps(
            [embedding.model_dump(mode="json"), embedding.to_payload(), repr(embedding), str(embedding)]
        )
        assert "geheim" not in written
        assert "https://127.0.0.1:1/v1" in written
        assert "geheim2" in str(pickle.loads(pickle.dumps(embedding)).key)

    def test_it_is_made_again_from_what_was_written(self) -> None:
        embedding = InterlinguaEmbedding(dimensions=64)
        again = InterlinguaEmbedding.from_dict(embedding.to_dict())
        assert again.get_query_embedding("Wort") == embedding.get_query_embedding("Wort")

    def test_options_that_do_nothing_are_refused(self) -> None:
        with pytest.raises(ValidationError, match="dimension"):
            InterlinguaEmbedding(dimension=64)
        with pytest.raises(ConfigurationError, match="dimensions"):
            InterlinguaEmbedding(embedder=NgramEmbedder(), dimensions=64)

    def test_a_model_that_returns_the_wrong_shape_is_found_out(self) -> None:
        class Wrong(NgramEmbedder):
            dim = 3

            def embed_queries(self, texts: Any) -> Any:
                return NgramEmbedder().embed_queries(texts)

        with pytest.raises(EmbedderError, match=r"\(1, 256\), \(1, 3\)"):
            InterlinguaEmbedding(embedder=Wrong()).get_query_embedding("a")

    def test_an_embedding_of_others_is_an_embedder_of_unit_vectors(self) -> None:
        foreign = Foreign()
        embedder = embedder_of(foreign)
        assert (embedder.model, embedder.dim) == ("Foreign foreign-1", 8)
        assert (embedder.embed_queries(["a"]) ** 2).sum() == pytest.approx(1)
        assert embedder.embed_passages([]).shape == (0, 8)
        assert embedding_of(embedder) is foreign
        assert embedder_of(InterlinguaEmbedding(embedder=embedder)) is embedder


class TestRetriever:
    @pytest.fixture
    def searched(self, place: Store) -> Retriever:
        filled(place)
        return Retriever(NgramEmbedder(), place, reranker=Overlap())

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_options_reach_the_search(self, searched: Retriever, asynchronous: bool) -> None:
        def ids(**options: Any) -> list[str]:
            retriever = InterlinguaRetriever(searched, **options)
            found = asyncio.run(retriever.aretrieve("права")) if asynchronous else retriever.retrieve("права")
            return [node.node_id for node in found]

        assert len(ids(limit=3)) == 3
        assert ids(languages=["Japanese"]) == ["節/ja"]
        assert ids(filter={"lang": "ko"}) == ["節/ko"]
        assert ids(filter=MetadataFilters(filters=[MetadataFilter(key="lang", value="ko")])) == ["節/ko"]
        assert ids(score_threshold=0.99) == []
        assert ids(limit=5, rerank=True) != ids(limit=5)
        with pytest.raises(FilterError, match="langg"):
            ids(filter={"langg": "ko"})

    def test_of_versions_of_a_document_one_is_retrieved(self, open_index: Open) -> None:
        index = open_index(embedder=NgramEmbedder())
        group = {"translation_group": "v"}
        index.ingest([interlingua.Document(id=tag, text=SENTENCES[tag], metadata=group) for tag in ("de", "hi")])
        for reader, shown in (("hi", ["hi"]), (["ja", "de"], ["de"])):
            nodes = InterlinguaRetriever(index, reader=reader).retrieve(SENTENCES["de"])
            assert [node.node.ref_doc_id for node in nodes] == shown

    def test_nodes_say_what_they_are_and_where_they_are_from(self, open_index: Open) -> None:
        index = open_index(embedder=NgramEmbedder())
        text = "\n\n".join(SENTENCES[tag] * 8 for tag in ("ja", "ru", "hi"))
        index.ingest(
            [interlingua.Document(id="d", text=text, title="宣言", url="https://x/1", metadata={"year": 1948})]
        )
        hit = index.search(SENTENCES["hi"], limit=1)[0]
        found = InterlinguaRetriever(index, limit=1).retrieve(SENTENCES["hi"])[0]
        node = found.node
        assert (node.node_id, found.score, node.ref_doc_id) == (hit.chunk.id, hit.score, "d")
        assert isinstance(node, TextNode)
        assert text[node.start_char_idx : node.end_char_idx] == node.text == hit.chunk.text
        assert node.metadata.pop("interlingua")["language"] == "hi"
        assert node.metadata == {"year": 1948, "title": "宣言", "url": "https://x/1"}

    def test_a_language_model_sees_what_the_source_says_and_not_our_own_notes(self, open_index: Open) -> None:
        index = open_index(embedder=NgramEmbedder())
        index.ingest([interlingua.Document(id="d", text=SENTENCES["ko"], title="선언", metadata={"year": 1948})])
        node = InterlinguaRetriever(index).retrieve("자유")[0].node
        assert node.get_content(MetadataMode.LLM) == f"year: 1948\ntitle: 선언\n\n{SENTENCES['ko']}"

    def test_per_document_and_a_key_of_the_users_own_that_is_called_interlingua(self, open_index: Open) -> None:
        index = open_index(embedder=NgramEmbedder(), chunk_tokens=16)
        index.ingest([interlingua.Document(id="d", text=SENTENCES["de"] * 20, metadata={"interlingua": "mine"})])
        assert len(InterlinguaRetriever(index, limit=5).retrieve("Würde")) == 5
        (found,) = InterlinguaRetriever(index, limit=5, per_document=1).retrieve("Würde")
        assert found.metadata["interlingua"] == "mine"
        assert found.metadata["interlingua_"]["document_id"] == "d"

    def test_the_embedding_of_a_query_is_searched_with(self, place: Store) -> None:
        filled(place)
        counting = CountingEmbedder(NgramEmbedder())
        retriever = InterlinguaRetriever(Retriever(counting, place), limit=2)
        vector = NgramEmbedder().embed_queries([SENTENCES["ka"]])[0].tolist()
        assert retriever.retrieve(QueryBundle("freedom", embedding=vector))[0].node_id == "節/ka"
        assert counting.queries == []
        hypothetical = QueryBundle("freedom", custom_embedding_strs=[SENTENCES["th"], SENTENCES["he"]])
        assert {node.node_id for node in retriever.retrieve(hypothetical)} == {"節/th", "節/he"}
        assert counting.queries == [SENTENCES["th"], SENTENCES["he"]]

    def test_the_loop_goes_on_during_a_search(self, place: Store) -> None:
        filled(place)
        retriever = InterlinguaRetriever(Retriever(SlowEmbedder(), place))
        assert asyncio.run(ticks_during(lambda: retriever.aretrieve("права"))) >= 5

    def test_what_is_no_index_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="'folder' has no search"):
            InterlinguaRetriever("folder")  # type: ignore[arg-type]  # the point

    def test_callbacks_and_a_query_engine(self, searched: Retriever) -> None:
        debug = LlamaDebugHandler(print_trace_on_end=False)
        callbacks = CallbackManager([debug])
        retriever = InterlinguaRetriever(searched, limit=4, callback_manager=callbacks)
        reranker = InterlinguaRerank(reranker=Overlap(), top_n=2, callback_manager=callbacks)
        engine = RetrieverQueryEngine.from_args(
            retriever, llm=MockLLM(), node_postprocessors=[reranker], callback_manager=callbacks
        )
        response = engine.query("права")
        assert len(response.source_nodes) == 2
        assert "interlingua" not in str(response)
        assert debug.get_events(CBEventType.RETRIEVE)
        assert debug.get_events(CBEventType.RERANKING)


class TestRerank:
    given = (
        NodeWithScore(node=TextNode(id_="1", text="αβ", metadata={"n": 1}), score=0.9),
        NodeWithScore(node=TextNode(id_="2", text="αβγ", metadata={"βγδ": "βγδ"}), score=0.1),
    )

    def test_the_best_come_first_and_what_was_given_stays(self) -> None:
        before = copy.deepcopy(self.given)
        found = InterlinguaRerank(reranker=Overlap()).postprocess_nodes(list(self.given), query_str="αβγδ")
        assert [(node.node_id, node.score, node.metadata) for node in found] == [
            ("2", 0.75, {"βγδ": "βγδ"}),
            ("1", 0.5, {"n": 1}),
        ]
        found[0].metadata["mine"] = 1
        assert self.given == before

    def test_the_score_of_the_search_is_kept_for_those_who_want_it(self) -> None:
        before = copy.deepcopy(self.given)
        reranker = InterlinguaRerank(reranker=Overlap(), top_n=1, keep_retrieval_score=True)
        (found,) = reranker.postprocess_nodes(list(self.given), QueryBundle("αβγδ"))
        assert found.metadata == {"βγδ": "βγδ", "retrieval_score": 0.1}
        assert self.given == before

    def test_without_a_query_there_is_nothing_to_order_by(self) -> None:
        with pytest.raises(InputError, match="query_str"):
            InterlinguaRerank(reranker=Overlap()).postprocess_nodes(list(self.given))

    def test_equals_keep_their_order_and_none_is_none(self) -> None:
        equals = [NodeWithScore(node=TextNode(id_=str(n), text="同"), score=0.0) for n in range(5)]
        reranker = InterlinguaRerank(reranker=Overlap())
        assert [node.node_id for node in reranker.postprocess_nodes(equals, query_str="同")] == [
            "0",
            "1",
            "2",
            "3",
            "4",
        ]
        assert reranker.postprocess_nodes([], query_str="同") == []
        assert asyncio.run(reranker.apostprocess_nodes(equals[:1], query_str="同"))[0].node_id == "0"
        with pytest.raises(ValidationError):
            InterlinguaRerank(reranker=Overlap(), top_n=0)


def test_nodes_that_were_written_through_llamaindex_are_found_with_their_relations(open_index: Open) -> None:
    index = open_index(embedder=NgramEmbedder())
    InterlinguaVectorStore(index).add(nodes())
    found = InterlinguaRetriever(index, limit=1).retrieve(SENTENCES["bn"])[0].node
    assert (found.node_id, found.ref_doc_id, found.metadata["lang"]) == ("節/bn", "udhr/bn", "bn")
    assert found.metadata["seen"] == {"by": ["a", None]}
