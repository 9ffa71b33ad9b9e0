"""Our stores as vector stores of LlamaIndex."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed: make test installs it")

import interlingua
from adapter_samples import Waiting, during_a_switch
from interlingua.retrieval.adapters.llamaindex import InterlinguaEmbedding, InterlinguaVectorStore
from interlingua.retrieval.errors import ConfigurationError, FilterError, InputError
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.transfer import export_lines, import_lines
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from llama_index.core.vector_stores.utils import build_metadata_filter_fn
from llamaindex_samples import Foreign, filled
from support import SENTENCES, CountingEmbedder, NgramEmbedder, ShortNgrams

Open = Callable[..., interlingua.Index]
ONE = TextNode(
    id_="ein Knoten",
    text="Der Drucker druckt nicht.",
    metadata={"year": 2025, "nested": {"a": [1, None]}, "ok": True},
    excluded_llm_metadata_keys=["ok"],
    excluded_embed_metadata_keys=["year"],
    start_char_idx=10,
    end_char_idx=35,
    text_template="{content}",
    relationships={
        NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc", metadata={"year": 2025}, hash="x"),
        NodeRelationship.PREVIOUS: RelatedNodeInfo(node_id="davor"),
    },
)


def ids(store: InterlinguaVectorStore, query: str = "права", **options: Any) -> list[str]:
    """Of the nodes that a query finds, sorted."""
    keywords = {name: options.pop(name) for name in ("languages", "filter", "score_threshold") if name in options}
    found = store.query(VectorStoreQuery(query_str=query, similarity_top_k=50, **options), **keywords)
    return sorted(found.ids or [])


def where(*filters: tuple[str, str, Any] | MetadataFilters, condition: str = "and") -> MetadataFilters:
    made = [
        one
        if isinstance(one, MetadataFilters)
        else MetadataFilter(key=one[0], operator=FilterOperator(one[1]), value=one[2])
        for one in filters
    ]
    return MetadataFilters(filters=made, condition=FilterCondition(condition))


class TestNodes:
    @pytest.fixture
    def store(self, place: Store) -> InterlinguaVectorStore:
        return filled(place)

    @pytest.mark.parametrize(
        "node",
        [
            ONE,
            TextNode(text="ohne alles"),
            Document(id_="d", text="文書", metadata={"file_path": "/a"}),
            Node(id_="n", text_resource=MediaResource(text="узел", mimetype="text/markdown")),
            IndexNode(id_="i", text="índice", index_id="other"),
            ImageNode(id_="p", text="छवि", image="aGk="),
        ],
        ids=lambda node: type(node).__name__,
    )
    def test_a_node_comes_back_as_it_was_given(self, store: InterlinguaVectorStore, node: BaseNode) -> None:
        before = copy.deepcopy(node)
        assert store.add([node]) == [node.node_id]
        assert node == before
        assert store.get_nodes([node.node_id]) == [node]
        assert [type(found) for found in store.get_nodes([node.node_id])] == [type(node)]
        found = store.query(VectorStoreQuery(query_str=node.get_content(), similarity_top_k=1))
        assert found.nodes == [node]
        assert found.similarities == pytest.approx([1], abs=1e-4)
        found.nodes[0].metadata.get("nested", {})["mine"] = 1
        assert store.get_nodes([node.node_id]) == [node]

    def test_where_a_node_stands_in_its_document_is_stored(self, store: InterlinguaVectorStore, place: Store) -> None:
        store.add([ONE])
        (chunk,) = (stored.chunk for stored in place.scan() if stored.chunk.document_id == "doc")
        assert (chunk.start, chunk.end, chunk.ordinal, chunk.language) == (10, 35, 1, "de")

    def test_a_node_of_the_same_id_is_replaced(self, store: InterlinguaVectorStore, place: Store) -> None:
        added = [TextNode(id_="x", text="früher"), TextNode(id_="x", text="später")]
        assert store.add(added) == ["x", "x"]
        store.add([TextNode(id_="x", text="zuletzt")])
        assert [node.get_content() for node in store.get_nodes(["x", "x"])] == ["zuletzt"]
        assert place.count() == len(SENTENCES) + 1

    def test_vectors_of_the_nodes_are_taken_and_missing_ones_are_made(self, place: Store) -> None:
        counting = CountingEmbedder(NgramEmbedder())
        store = filled(place, counting)
        vector = NgramEmbedder().embed_passages(["ein anderer Text"])[0].tolist()
        store.add([TextNode(id_="a", text="ein anderer Text!", embedding=vector), TextNode(id_="b", text="ohne")])
        assert counting.passages[-1] == "ohne"
        for name, query in [("a", "ein anderer Text"), ("b", "ohne")]:
            found = store.query(VectorStoreQuery(query_str=query))
            assert (found.ids, found.similarities) == ([name], pytest.approx([1], abs=1e-4))

    def test_nodes_are_deleted_by_their_document_by_id_and_by_filter(self, store: InterlinguaVectorStore) -> None:
        everything = ids(store)
        store.delete("udhr/ja")
        store.delete_nodes(["節/ko", "節/none"])
        store.delete_nodes(["節/de", "節/ru"], where(("lang", "==", "ru")))
        store.delete_nodes(filters=where(("lang", "in", ["he", "ar"])))
        gone = {f"節/{tag}" for tag in ("ja", "ko", "ru", "he", "ar")}
        assert ids(store) == sorted(set(everything) - gone)

    def test_what_would_delete_all_by_accident_is_refused(self, store: InterlinguaVectorStore) -> None:
        for nothing in (None, MetadataFilters(filters=[])):
            with pytest.raises(InputError, match="clear"):
                store.delete_nodes(filters=nothing)
        for nested in (where(where()), where(where(where())), where(where(), ("lang", "==", "ja"), condition="or")):
            with pytest.raises(FilterError, match="empty MetadataFilters within others"):
                store.delete_nodes(filters=nested)
        with pytest.raises(FilterError, match="langg"):
            store.delete_nodes(filters=where(("langg", "!=", "ja")))
        assert len(ids(store)) == len(SENTENCES)

    def test_nodes_are_got_by_id_in_the_order_asked_for_and_by_filter(self, store: InterlinguaVectorStore) -> None:
        wanted = ["節/ru", "節/none", "節/de", "節/ja"]
        assert [node.node_id for node in store.get_nodes(wanted)] == ["節/ru", "節/de", "節/ja"]
        assert [node.node_id for node in store.get_nodes(wanted, where(("lang", "==", "ja")))] == ["節/ja"]
        assert [node.node_id for node in store.get_nodes(filters=where(("lang", "==", "th")))] == ["節/th"]
        assert len(store.get_nodes()) == len(SENTENCES)

    def test_clear_leaves_what_an_ingest_brought_in(
        self, open_index: Open, sentences: list[interlingua.Document]
    ) -> None:
        index = open_index(embedder=NgramEmbedder())
        index.ingest(sentences)
        store = InterlinguaVectorStore(index)
        store.add([ONE])
        found = store.query(VectorStoreQuery(query_str=SENTENCES["ka"]))
        assert [node.ref_doc_id for node in store.get_nodes(found.ids)] == ["udhr/ka"]
        store.clear()
        assert store.get_nodes(["ein Knoten"]) == []
        assert index.status().documents == len(sentences)
        store.close()
        assert index.search("Rechte", limit=1)

    def test_nodes_of_one_document_count_as_one(self, open_index: Open) -> None:
        index = open_index(embedder=NgramEmbedder())
        source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc")}
        InterlinguaVectorStore(index).add([TextNode(text=f"段落 {n}", relationships=source) for n in range(3)])
        assert (index.status().documents, index.status().chunks, [*index.documents()]) == (1, 3, ["doc"])

    def test_all_nodes_of_a_document_survive_an_export(self, open_index: Open) -> None:
        index = open_index(embedder=NgramEmbedder())
        source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc")}
        given = [TextNode(id_=f"{n}", text=f"段落 {n}", relationships=source) for n in range(300)]
        InterlinguaVectorStore(index).add(given)
        other = InterlinguaVectorStore.open(None, InterlinguaEmbedding(embedder=NgramEmbedder()))
        lines = export_lines(index.store, index.manifest)
        assert list(import_lines(lines, other.client, index.manifest))[-1] == 300
        assert other.get_nodes([node.node_id for node in given]) == given

    def test_they_survive_another_model_and_a_reopening(self, open_index: Open) -> None:
        index = open_index(embedder=NgramEmbedder())
        InterlinguaVectorStore(index).add([ONE])
        index.migrate(ShortNgrams(), sampled=0)
        assert InterlinguaVectorStore(index).get_nodes(["ein Knoten"]) == [ONE]
        index.close()
        again = open_index(embedder=ShortNgrams())
        assert InterlinguaVectorStore(again).get_nodes(["ein Knoten"]) == [ONE]

    def test_what_is_added_during_a_change_of_models_is_in_the_new_vectors(self, open_index: Open) -> None:
        embedder = Waiting()
        index = open_index(embedder=embedder)
        store = InterlinguaVectorStore(index)
        assert during_a_switch(index, embedder, lambda: store.add([ONE])) == [["ein Knoten"]]
        assert store.query(VectorStoreQuery(query_str=ONE.text)).similarities == pytest.approx([1], abs=1e-4)

    @pytest.mark.parametrize(
        ("node", "message"),
        [
            (TextNode(id_="x", text="a", metadata={"when": {1, 2}}), r"'x'.*metadata\.when"),
            (TextNode(id_="x\ud800", text="a"), "surrogate"),
        ],
    )
    def test_what_no_store_keeps_is_refused_by_name(self, node: TextNode, message: str) -> None:
        store = InterlinguaVectorStore.open(None, Foreign())
        with pytest.raises(InputError, match=message):
            store.add([node])

    def test_options_that_nothing_reads_are_errors(self, store: InterlinguaVectorStore) -> None:
        with pytest.raises(ConfigurationError, match=r"query takes no filtr\. It takes languages, filter"):
            store.query(VectorStoreQuery(query_str="a"), filtr={})
        with pytest.raises(ConfigurationError, match="takes no delete_from"):
            store.delete("a", delete_from=1)
        with pytest.raises(ConfigurationError, match="takes no batch"):
            store.add([], batch=1)


@pytest.fixture(scope="class")
def unchanged(place: Store) -> InterlinguaVectorStore:
    """For tests that only look."""
    return filled(place)


class TestQueries:
    def test_an_index_of_llamaindex_over_it(self, place: Store) -> None:
        store = filled(place)
        storage = StorageContext.from_defaults(vector_store=store)
        index = VectorStoreIndex(
            [TextNode(id_="new", text="紙詰まり")], storage_context=storage, embed_model=store.embed_model
        )
        assert index.as_retriever(similarity_top_k=1).retrieve("紙詰まり")[0].node_id == "new"
        options = {"languages": ["ja"], "score_threshold": 0.9}
        assert len(index.as_retriever(vector_store_kwargs=options).retrieve("紙詰まり")) == 1
        index.delete_nodes(["new"])
        index.delete_ref_doc("udhr/ja")
        assert index.as_retriever(filters=where(("lang", "==", "ja"))).retrieve("紙詰まり") == []

    def test_everything_works_without_blocking(self, place: Store) -> None:
        store = filled(place)

        async def work() -> list[Any]:
            await store.async_add([ONE])
            found = await store.aquery(VectorStoreQuery(query_str=ONE.text))
            got = await store.aget_nodes(["ein Knoten"])
            await store.adelete("doc")
            await store.adelete_nodes(["節/ja"])
            left = await store.aget_nodes()
            await store.aclear()
            return [found.ids, got, len(left), await store.aget_nodes()]

        assert asyncio.run(work()) == [["ein Knoten"], [ONE], len(SENTENCES) - 1, []]

    def test_documents_nodes_languages_and_filters_narrow_a_query(self, unchanged: InterlinguaVectorStore) -> None:
        assert ids(unchanged, doc_ids=["udhr/ja", "udhr/th"]) == ["節/ja", "節/th"]
        assert ids(unchanged, node_ids=["節/ja", "none"]) == ["節/ja"]
        assert ids(unchanged, doc_ids=["udhr/ja"], node_ids=["節/th"]) == []
        assert ids(unchanged, languages=["Japanese"]) == ["節/ja"]
        assert ids(unchanged, filter={"lang": ["ja", "ko"]}, filters=where(("lang", "!=", "ja"))) == ["節/ko"]

    def test_diverse_results_leave_copies_for_last(self, place: Store) -> None:
        store, text = filled(place), SENTENCES["de"]
        store.add([TextNode(id_=f"copy {n}", text=text) for n in range(2)])

        def found(mode: str, *, limit: int = 3, **options: Any) -> list[str]:
            query = VectorStoreQuery(query_str=text, similarity_top_k=limit, mode=VectorStoreQueryMode(mode))
            return store.query(query, **options).ids or []

        assert set(found("default")) == {"節/de", "copy 0", "copy 1"}
        assert len({"節/de", "copy 0", "copy 1"} & set(found("mmr"))) == 1
        assert set(found("mmr", mmr_threshold=1.0)) == {"節/de", "copy 0", "copy 1"}
        assert set(found("mmr", mmr_prefetch_k=3)) == {"節/de", "copy 0", "copy 1"}
        assert len(found("mmr", limit=300)) == len(SENTENCES) + 2
        with pytest.raises(InputError, match="from 0 to 1"):
            found("mmr", mmr_threshold=2.0)

    @pytest.mark.parametrize("mode", sorted({mode.value for mode in VectorStoreQueryMode} - {"default", "mmr"}))
    def test_a_mode_that_no_store_serves_is_refused_by_name(self, unchanged: InterlinguaVectorStore, mode: str) -> None:
        with pytest.raises(InputError, match=f"'{mode}'.*'default' or 'mmr'"):
            unchanged.query(VectorStoreQuery(query_str="a", mode=VectorStoreQueryMode(mode)))

    def test_fields_that_no_store_serves_are_refused(self, unchanged: InterlinguaVectorStore) -> None:
        with pytest.raises(InputError, match="output_fields"):
            unchanged.query(VectorStoreQuery(query_str="a", output_fields=["text"]))

    def test_embeddings_of_others_work_and_are_told_apart(self, tmp_path: Path) -> None:
        store = InterlinguaVectorStore.open(tmp_path / "s", Foreign())
        store.add([TextNode(id_="a", text="eins"), *store.embed_model([TextNode(id_="b", text="zwei")])])
        assert isinstance(store.embed_model, Foreign)
        assert ids(store, "eins") == ["a", "b"]
        store.close()

    def test_a_language_that_the_metadata_state_is_believed(self) -> None:
        store = InterlinguaVectorStore(InterlinguaVectorStore.open(None, Foreign())._index, language_key="language")
        store.add([TextNode(id_="sw", text="Hotel Taxi Radio", metadata={"language": "sw"})])
        assert ids(store, "Taxi", languages=["sw"]) == ["sw"]


DATED = dt.datetime(2024, 5, 1, tzinfo=dt.UTC).isoformat()
METADATA: dict[str, dict[str, Any]] = {
    "a": {"topic": "здоровье", "year": 2020, "rate": 0.1, "tags": ["x", "y"], "when": "2020-01-01", "none": []},
    "b": {"topic": "法律", "year": 2021, "rate": 4.0, "tags": ["y"], "when": DATED, "none": "full"},
    "c": {"topic": "health", "year": 2022.0, "rate": 4, "tags": ["z", "x"], "when": "2026-01-01"},
    "d": {"year": 2023, "tags": [], "numbers": [1, 2.5], "big": 2**60 + 1},
}


@pytest.fixture(scope="class")
def four(place: Store) -> InterlinguaVectorStore:
    """A node for each of METADATA."""
    store = InterlinguaVectorStore.open(place, InterlinguaEmbedding(embedder=NgramEmbedder()))
    store.clear()
    store.add([TextNode(id_=name, text=name * 3, metadata=metadata) for name, metadata in METADATA.items()])
    return store


class TestFilters:
    @pytest.mark.parametrize(
        "condition",
        [
            ("topic", "==", "法律"),
            ("topic", "!=", "法律"),
            ("year", "==", 2022),
            ("year", "==", 2021.0),
            ("rate", "==", 4),
            ("rate", "==", 0.1),
            ("rate", "!=", 4.0),
            ("year", ">", 2021),
            ("year", ">=", 2021),
            ("year", "<", 2021.5),
            ("year", "<=", 2022),
            ("topic", "in", ["法律", "health", "none"]),
            ("year", "in", [2020, 2022]),
            ("rate", "in", [0.1, 7.5]),
            ("topic", "nin", ["法律", "health"]),
            ("year", "nin", [2020, 2022]),
            ("tags", "any", ["y", "z"]),
            ("tags", "all", ["x", "y"]),
            ("tags", "contains", "x"),
            ("numbers", "contains", 2.5),
            ("none", "is_empty", None),
        ],
        ids=str,
    )
    def test_an_operator_means_what_it_means_in_llamaindex(
        self, four: InterlinguaVectorStore, condition: tuple[str, str, Any]
    ) -> None:
        holds = build_metadata_filter_fn(lambda name: METADATA[name], where(condition))
        assert ids(four, filters=where(condition)) == [name for name in METADATA if holds(name)]

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            (where(("year", ">", 2020), ("tags", "contains", "x")), ["c"]),
            (where(("year", "==", 2020), ("tags", "contains", "y"), condition="or"), ["a", "b"]),
            (where(("year", "==", 2020), ("tags", "contains", "y"), condition="not"), ["c", "d"]),
            (where(("year", "==", 2020), condition="or"), ["a"]),
            (
                where(where(("year", "<", 2021), ("year", ">", 2022), condition="or"), ("tags", "is_empty", None)),
                ["d"],
            ),
            (
                where(where(("topic", "==", "法律"), ("rate", "==", 0.1), condition="or"), condition="not"),
                ["c", "d"],
            ),
            (
                where(where(("year", ">=", 2021), ("year", "<=", 2022)), ("big", "==", 2**60 + 1), condition="or"),
                ["b", "c", "d"],
            ),
            (where(), ["a", "b", "c", "d"]),
            (where(("big", "==", 2**60)), []),
            (where(("when", ">=", "2024-01-01"), ("when", "<", "2025-01-01")), ["b"]),
        ],
    )
    def test_conditions_nest(self, four: InterlinguaVectorStore, filters: MetadataFilters, found: list[str]) -> None:
        assert ids(four, filters=filters) == found
        assert sorted(node.node_id for node in four.get_nodes(filters=filters)) == found

    @pytest.mark.parametrize(
        ("condition", "message"),
        [
            (("topic", "text_match", "heal"), "'text_match' cannot be served.*'is_empty'"),
            (("topic", "text_match_insensitive", "heal"), "'text_match_insensitive' cannot be served"),
            (("topic", "==", None), "is_empty"),
            (("topic", "==", ["a"]), "no single value"),
            (("topic", "in", "法律"), "no list of values"),
            (("topic", "nin", []), "no list of values"),
            (("topic", ">", "法律"), "neither a number nor an ISO 8601 date"),
            (("topics", "==", "法律"), "'topics'.*It has: big, none, numbers, rate, tags, topic, when, year"),
        ],
    )
    def test_what_no_store_serves_is_refused_by_name(
        self, four: InterlinguaVectorStore, condition: tuple[str, str, Any], message: str
    ) -> None:
        with pytest.raises(FilterError, match=message):
            ids(four, filters=where(where(condition), condition="or"))
