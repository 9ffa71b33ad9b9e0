"""Searching: every language at once, hard filters, clear errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from interlingua import Document, Index
from interlingua.connectors.documents import DocumentsConnector
from interlingua.retrieval.errors import FilterError, InputError
from interlingua.retrieval.filters import AnyOf, Filter, Match
from interlingua.retrieval.highlights import best_sentences, highlight
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.retriever import Retriever
from support import SENTENCES, CountingEmbedder, NgramEmbedder


@pytest.fixture
def filled(index: Index, sentences: list[Document]) -> Index:
    extra = [
        Document(
            id=f"note/{n}",
            text=text,
            metadata={
                "topic": topic,
                "year": 2020 + n,
                "final": n % 2 == 0,
                "tags": ["a", f"t{n}"],
                "when": f"202{n}-05-01",
            },
        )
        for n, (text, topic) in enumerate(
            [
                ("The cat sleeps on the warm roof.", "animals"),
                ("Die Katze schläft auf dem warmen Dach.", "animals"),
                ("Le chat dort sur le toit chaud.", "animals"),
                ("Interest rates rose by half a percent.", "money"),
            ]
        )
    ]
    index.ingest([*sentences, *extra])
    return index


@pytest.mark.parametrize("tag", sorted(SENTENCES))
def test_the_query_reaches_the_model_byte_for_byte(filled: Index, counting: CountingEmbedder, tag: str) -> None:
    query = SENTENCES[tag]
    hit = filled.search(query, limit=1)[0]
    assert counting.queries[-1].encode() == query.encode()
    assert hit.chunk.document_id == f"udhr/{tag}"
    assert hit.score == pytest.approx(1, abs=0.02)
    assert hit.scores["dense"] == hit.score


def test_a_key_that_is_filtered_on_gets_an_index(filled: Index) -> None:
    def indexes() -> set[str]:
        with filled.store._open("reading") as shard:  # type: ignore[attr-defined]
            return {path for path in shard.info().payload_schema if path.startswith("metadata")}

    with pytest.raises(FilterError):
        filled.search("cat", filter={"missing": "x"})
    assert indexes() == set()
    assert filled.search("cat", filter={"topic": "animals", "year": 2021})
    assert indexes() == {"metadata.topic"}


def test_hits_come_from_other_languages_too(
    open_index: Callable[..., Index], bundled: Embedder, sentences: list[Document]
) -> None:
    index = open_index(embedder=bundled)
    cats = [
        "The cat sleeps on the warm roof.",
        "Die Katze schläft auf dem warmen Dach.",
        "Le chat dort sur le toit chaud.",
        "Interest rates rose by half a percent.",
    ]
    index.ingest([*sentences, *(Document(id=f"note/{n}", text=text) for n, text in enumerate(cats))])
    hits = index.search("The cat sleeps on the warm roof.", limit=3)
    assert {hit.chunk.document_id for hit in hits} == {"note/0", "note/1", "note/2"}
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


@pytest.mark.parametrize(
    ("asked", "expected"), [("de", {"de"}), ("German", {"de"}), ("zh", {"zh-Hans"}), ("deu", {"de"})]
)
def test_a_language_filter_is_a_hard_filter(filled: Index, asked: str, expected: set[str]) -> None:
    hits = filled.search("freedom", languages=[asked], limit=20)
    assert hits
    assert {hit.chunk.language for hit in hits} == expected


def test_a_language_that_the_index_lacks_is_an_error_that_lists_what_it_has(filled: Index) -> None:
    with pytest.raises(FilterError, match=r"nothing in sw.*It has: .*ar.*de"):
        filled.search("freedom", languages=["sw"])
    with pytest.raises(FilterError, match="germn"):
        filled.search("freedom", languages=["germn"])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"topic": "animals"}, {0, 1, 2}),
        ({"topic": ["money", "law"]}, {3}),
        ({"topic": {"not": ["animals"], "exists": True}}, {3}),
        ({"year": 2021}, {1}),
        ({"year": {"gte": 2021, "lt": 2023}}, {1, 2}),
        ({"final": True}, {0, 2}),
        ({"final": False}, {1, 3}),
        ({"tags": "t3"}, {3}),
        ({"when": {"gte": "2022-01-01"}}, {2, 3}),
        ({"topic": "animals", "final": True, "year": {"gt": 2020}}, {2}),
    ],
)
def test_metadata_filters_are_typed(filled: Index, condition: dict[str, object], expected: set[int]) -> None:
    hits = filled.search("cat", filter=condition, limit=20)
    assert {hit.chunk.document_id for hit in hits} == {f"note/{n}" for n in expected}


def test_an_unknown_metadata_key_says_which_keys_exist(filled: Index) -> None:
    with pytest.raises(FilterError, match=r"'topik'.*It has: final, tags, topic, when, year"):
        filled.search("cat", filter={"topik": "animals"})


class Watched:
    """A store, and which of its methods were called."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.called.append(name)
        return getattr(self._store, name)


def test_an_unknown_metadata_key_is_not_looked_up_again_at_once(filled: Index) -> None:
    watched = Watched(filled.store)
    retriever = Retriever(filled.embedder, watched, stale_keys=3600)
    for called in (["count", "count", "scan"], [], []):
        watched.called.clear()
        with pytest.raises(FilterError, match=r"'topik'.*It has: final, tags, topic, when, year"):
            retriever.search("cat", filter={"topik": "animals"})
        assert watched.called == called
    with pytest.raises(FilterError, match=r"'jahr'.*It has: final, tags, topic, when, year"):
        retriever.search("cat", filter={"jahr": 2020})
    assert "scan" not in watched.called
    assert retriever.search("cat", filter={"year": 2020})


def test_a_metadata_key_that_came_later_is_found(filled: Index) -> None:
    retriever = Retriever(filled.embedder, filled.store, stale_keys=0.2)
    with pytest.raises(FilterError, match=r"'作者'"):
        retriever.search("cat", filter={"作者": "魯迅"})
    filled.ingest([Document(id="new", text="朝花夕拾", metadata={"作者": "魯迅"})], delete=False)
    time.sleep(0.2)
    assert retriever.search("cat", filter={"作者": "魯迅"})[0].chunk.document_id == "new"


def test_an_unknown_key_is_also_named_where_it_would_exclude_nothing(filled: Index) -> None:
    with pytest.raises(FilterError, match=r"'topik'.*It has"):
        filled.search("cat", filter={"topik": {"not": ["animals"]}})


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"year": "2021"}, r"'year' holds number values such as 20\d\d; the filter asks for the text '2021'"),
        ({"final": 1}, r"'final' holds true/false values such as \w+; the filter asks for the number 1"),
        ({"topic": {"gte": 3}}, r"'topic' holds text values such as '\w+'; the filter asks for the number 3"),
    ],
)
def test_a_value_of_another_type_is_named(filled: Index, condition: dict[str, object], message: str) -> None:
    with pytest.raises(FilterError, match=message):
        filled.search("cat", filter=condition)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"a": {"like": 1}}, "Unknown operator 'like'"),
        ({"a": []}, "lists no values"),
        ({"a": 1.5}, "range"),
        ({"a": {"gt": "x"}}, "ISO"),
    ],
)
def test_a_malformed_filter_is_named(filled: Index, condition: dict[str, object], message: str) -> None:
    with pytest.raises(FilterError, match=message):
        filled.search("cat", filter=condition)


@pytest.mark.parametrize("query", ["", "  \n ", "\u200b\u200e"])
def test_an_empty_query_is_refused(filled: Index, query: str) -> None:
    with pytest.raises(InputError, match="empty"):
        filled.search(query)


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 1001}, {"per_document": 0}])
def test_limits_are_checked(filled: Index, options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="it must be"):
        filled.search("cat", **options)


def test_a_score_threshold_drops_what_is_below_it(filled: Index) -> None:
    hits = filled.search(SENTENCES["en"], score_threshold=0.95)
    assert [hit.chunk.document_id for hit in hits] == ["udhr/en"]


def test_at_most_so_many_passages_per_document(index: Index) -> None:
    long = "\n\n".join(" ".join([f"Chapter {n} tells how the cat sleeps on the warm roof."] * 12) for n in range(12))
    index.ingest(
        [Document(id="book", text=long), Document(id="card", text="The dog eats."), Document(id="ode", text="Sea.")]
    )
    assert {hit.chunk.document_id for hit in index.search("the cat sleeps", limit=3)} == {"book"}
    grouped = index.search("the cat sleeps", limit=3, per_document=1)
    assert grouped[0].chunk.document_id == "book"
    assert sorted(hit.chunk.document_id for hit in grouped) == ["book", "card", "ode"]
    assert len(index.search("the cat sleeps", limit=5, per_document=2)) == 4


def test_a_vector_is_searched_with_in_place_of_the_querys_own(index: Index, counting: CountingEmbedder) -> None:
    index.ingest([Document(id=tag, text=text) for tag, text in SENTENCES.items()])
    vector = counting.inner.embed_queries([SENTENCES["ka"]])[0]
    assert index.search("freedom", limit=3, vector=vector) == index.search(SENTENCES["ka"], limit=3)
    assert counting.queries == [SENTENCES["ka"]]
    with pytest.raises(FilterError, match="yaer"):
        index.search("", vector=vector, filter=Filter((AnyOf((Filter((Match("metadata.yaer", (1,)),)),)),)))


def test_offsets_cut_the_citation_out_of_the_document(index: Index) -> None:
    text = "\n\n".join(" ".join([sentence] * 8) + " 😀" for sentence in SENTENCES.values())
    index.ingest([Document(id="all", text=text)])
    hits = index.search("freedom and rights", limit=50)
    assert len(hits) > 5
    assert all(text[hit.chunk.start : hit.chunk.end] == hit.chunk.text for hit in hits)


@pytest.mark.parametrize(
    ("query", "text", "words"),
    [
        ("Wurde und RECHTE", SENTENCES["de"], ["und", "Würde", "und"]),
        ("الكرامة", SENTENCES["ar"], ["الكرامة"]),
        ("الناس", SENTENCES["ar"], ["الناس"]),
        ("自由 平等", SENTENCES["ja"], ["自由", "平等"]),
        ("मनुष्यों", SENTENCES["hi"], ["मनुष्यों"]),
        ("สิทธิ", SENTENCES["th"], ["สิทธิ"]),
        ("cat", "😀 the cat 🇩🇪 and another Cat", ["cat", "Cat"]),
        ("freedom", SENTENCES["ja"], []),
        ("金利リスクの管理", "多くのプロジェクトの例", []),
        ("教育を受ける権利", "人は、教育を受ける権利を有し、目的を持つ", ["教育", "を", "受ける", "権利"]),
        ("الحق في التعليم", "الحق في حياة المجتمع، التعليم في المدارس", ["الحق", "التعليم"]),
        ("right to vote", "To all: vote to have a right to vote", ["vote", "right", "to", "vote"]),
        ("accord de la UE", "de la part de la UE", ["UE"]),
        ("5 g", "5 g of salt, a g", ["5"]),
        ("A dog", "a cat and a dog", ["dog"]),
        ("to be", "to be or not to be", ["to", "be", "to", "be"]),
        ("猫", "猫の餌", ["猫"]),
    ],
)
def test_highlights_mark_the_words_of_the_query(query: str, text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in highlight(query, text)] == words


def test_the_closest_sentence_is_found_across_languages(bundled: Embedder) -> None:
    passages = [
        "Das Wetter war schön. Jeder Mensch hat das Recht auf Bildung. Abends gab es Suppe mit Brot.",
        "昨日は雨が降りました。すべて人は、教育を受ける権利を有する。夕食はスープでした。",
        "الطقس جميل اليوم. لكل شخص الحق في التعليم. أكلنا الحساء مع الخبز.",
        "One sentence about education",
    ]
    spans = best_sentences("right to education", passages, embedder=bundled)
    found = [span and passage[span[0] : span[1]] for span, passage in zip(spans, passages, strict=True)]
    assert found == [
        "Jeder Mensch hat das Recht auf Bildung.",
        "すべて人は、教育を受ける権利を有する。",
        "لكل شخص الحق في التعليم.",
        None,
    ]


def test_short_sentences_count_with_the_next_and_no_text_is_embedded_for_nothing() -> None:
    counting = CountingEmbedder(NgramEmbedder())
    assert best_sentences("x", ["No. 5. Only this one", "", "   "], embedder=counting) == [None, None, None]
    assert best_sentences("x", [], embedder=counting) == []
    assert counting.queries == []


def test_a_source_is_a_hard_filter(index: Index) -> None:
    for source in ("wiki", "shop", "shop/x"):
        index.ingest(DocumentsConnector(items=[Document(id=source, text=f"about {source}")], source=source))
    assert [hit.chunk.document_id for hit in index.search("about", sources=["shop"])] == ["shop"]
    assert {hit.chunk.document_id for hit in index.search("about", sources=["shop", "wiki"])} == {"shop", "wiki"}
    assert index.search("about", sources=["attic"]) == []
    assert len(index.search("about", sources=[])) == 3
