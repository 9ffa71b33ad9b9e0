"""Documents that are versions of one another, shown in the language of the reader."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interlingua import Document, FilesConnector, Index
from interlingua.app.access.keys import Key
from interlingua.app.access.view import View
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.ingestor import Ingestor
from interlingua.retrieval.errors import FilterError, InputError
from interlingua.retrieval.filters import metadata_filter
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.retriever import Retriever
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.qdrant import QdrantStore
from interlingua.retrieval.types import Chunk, Hit
from interlingua.retrieval.versions import LARGEST, group_of, language_by
from qdrant_client import QdrantClient
from support import SENTENCES, NgramEmbedder

MODEL = NgramEmbedder()
QUERY = SENTENCES["en"]


@pytest.fixture(params=["edge", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    client = QdrantClient(":memory:")
    opened: Store = EdgeStore(tmp_path / "index") if request.param == "edge" else QdrantStore(client)
    opened.prepare(Manifest(model=MODEL.model, fingerprint=MODEL.fingerprint, dim=MODEL.dim, quantization="none"))
    yield opened
    opened.close()
    client.close()


def fill(store: Store, documents: list[Document]) -> Retriever:
    Ingestor(MODEL, store).ingest(DocumentsConnector(items=documents))
    return Retriever(MODEL, store)


def version(
    tag: str, group: str | int | None = "udhr", *, id: str | None = None, text: str | None = None, **metadata: Any
) -> Document:
    named = {} if group is None else {"translation_group": group}
    return Document(id=id or f"{group}/{tag}", text=text or SENTENCES[tag], metadata={**named, **metadata})


OTHER = Document(id="other", text="All of them are born free of tax and equal before the collector of rights.")


def ids(hits: list[Hit]) -> list[str]:
    return [hit.chunk.document_id for hit in hits]


def test_without_a_reader_every_version_is_shown(store: Store) -> None:
    retriever = fill(store, [version(tag) for tag in SENTENCES])
    assert len(retriever.search(QUERY, limit=100)) == len(SENTENCES)


@pytest.mark.parametrize(
    ("reader", "shown"), [("ja", "ja"), ("German", "de"), (["fr", "ko", "de"], "ko"), ("zh", "zh-Hans"), (["fr"], "en")]
)
def test_the_first_language_of_the_reader_that_there_is_is_shown(store: Store, reader: Any, shown: str) -> None:
    retriever = fill(store, [*(version(tag) for tag in SENTENCES), OTHER])
    plain, hits = retriever.search(QUERY, limit=2), retriever.search(QUERY, limit=2, reader=reader)
    assert ids(hits) == [f"udhr/{shown}", "other"]
    assert hits[0].score == plain[0].score  # the rank of its group
    own = {hit.chunk.document_id: hit.score for hit in retriever.search(QUERY, limit=100)}
    assert hits[0].scores["dense"] == own[f"udhr/{shown}"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_version_that_was_not_among_the_candidates_is_fetched(store: Store) -> None:
    filler = [Document(id=f"filler/{n}", text=f"{QUERY} Number {n} of them.") for n in range(60)]
    retriever = fill(store, [version("en"), version("th"), *filler])
    hits = retriever.search(QUERY, limit=3, reader="th")
    assert ids(hits)[0] == "udhr/th"
    assert len(hits) == 3


def test_the_original_belongs_to_the_group_that_is_named_after_it(store: Store) -> None:
    retriever = fill(store, [version("en", None, id="guide.md"), version("de", "guide.md"), OTHER])
    assert ids(retriever.search(QUERY, reader="de")) == ["guide.md/de", "other"]
    assert ids(retriever.search(SENTENCES["de"], reader="en")) == ["guide.md", "other"]


def test_a_document_with_a_group_of_its_own_is_not_the_original_of_another(store: Store) -> None:
    documents = [version("en", "elsewhere", id="guide.md"), version("de", "guide.md")]
    assert set(ids(fill(store, documents).search(QUERY, reader="de"))) == {"guide.md", "guide.md/de"}


def test_documents_in_the_same_language_are_all_kept(store: Store) -> None:
    texts = ["The first of the sales people is free.", "The second of the sales people is equal in rights."]
    same = [version("en", "it", id=f"it/{n}", text=text) for n, text in enumerate(texts)]
    retriever = fill(store, same)
    for reader in ("de", "en"):
        assert set(ids(retriever.search("sales people", reader=reader))) == {"it/0", "it/1"}
    retriever = fill(store, [version("de", "it")])
    assert set(ids(retriever.search("sales people", reader="en"))) == {"it/0", "it/1"}
    assert ids(retriever.search("sales people", reader="de")) == ["it/de"]


def test_what_has_no_known_language_is_never_hidden_and_never_a_version(store: Store) -> None:
    retriever = fill(store, [version("en"), version("en", id="numbers", text="4711 0815 2024 1234 5678")])
    assert set(ids(retriever.search("4711 0815", reader="en"))) == {"numbers", "udhr/en"}
    assert set(ids(retriever.search("4711 0815", reader="de"))) == {"numbers", "udhr/en"}


def test_a_quotation_is_no_version(store: Store) -> None:
    texts = [
        f"{QUERY} It is said in {n} places and was said again. " * 12 + f"\n\n{SENTENCES['de']} " * 12 for n in range(6)
    ]
    documents = [[version("en", n, text=text), version("ja", n)] for n, text in enumerate(texts)]
    retriever = fill(store, [one for pair in documents for one in pair])
    assert "de" in store.facets("language")
    hits = retriever.search(QUERY, reader="de", limit=100)
    assert set(ids(hits)) == {f"{n}/en" for n in range(6)}
    assert hits[0].chunk.language == "en"
    assert set(ids(retriever.search(SENTENCES["ja"], reader="de", limit=6))) == {f"{n}/ja" for n in range(6)}


def test_a_passage_outside_the_filter_is_not_fetched_and_says_nothing_of_its_document(store: Store) -> None:
    filler = [Document(id=f"filler/{n}", text=f"{QUERY} Number {n} of them.") for n in range(60)]
    both = f"{SENTENCES['de']} " * 12 + f"\n\n{SENTENCES['ja']} " * 12
    retriever = fill(store, [version("en"), version("de", text=both), *filler])
    query = f"{QUERY} {SENTENCES['ja']}"
    hits = retriever.search(query, limit=5, languages=["en", "de"], reader="de")
    assert "udhr/de" in ids(hits)
    assert {hit.chunk.language for hit in hits if hit.chunk.document_id == "udhr/de"} == {"de"}
    hits = retriever.search(QUERY, languages=["en", "ja"], reader="de", limit=100)
    assert "udhr/en" in ids(hits)  # within the filter, the German one is a Japanese one
    assert "udhr/de" not in ids(hits)


def test_what_is_hidden_is_made_up_for_by_asking_again(store: Store) -> None:
    long = " ".join([f"{QUERY} Paragraph number {n} of very many ones." for n in range(500)])
    late = f"{SENTENCES['de']} " * 12 + "\n\n" + "They have nothing to say here about rights. " * 12
    documents = [version("en", text=long), version("ja"), version("de", id="late", text=late), OTHER]
    retriever = fill(store, documents)
    assert set(ids(retriever.search(QUERY, limit=12))) == {"udhr/en"}
    hits = retriever.search(QUERY, limit=3, reader="ja", languages=["en", "ja"])
    assert ids(hits)[0] == "udhr/ja"
    assert "other" in ids(hits)
    assert "udhr/en" not in ids(hits)


def test_a_truth_value_names_no_group() -> None:
    chunk = Chunk(id="", document_id="a", ordinal=0, text="", start=0, end=0, metadata={"translation_group": True})
    assert group_of(chunk) == "a"
    assert [group_of(replace(chunk, metadata={"translation_group": value})) for value in ("", 1.5, ["x"], 0, "g")] == [
        "a", "a", "a", 0, "g"
    ]  # fmt: skip


def test_there_are_as_many_passages_as_are_wanted(store: Store) -> None:
    words = ["one", "two", "three", "four", "five", "six"]
    documents = [
        version(tag, f"g{n}", text=f"{SENTENCES[tag]} {word}") for n, word in enumerate(words) for tag in SENTENCES
    ]
    hits = fill(store, documents).search(QUERY, limit=6, reader="ka")
    assert sorted(ids(hits)) == [f"g{n}/ka" for n in range(6)]


def test_passages_of_the_version_shown_come_once_each(store: Store) -> None:
    long = " ".join([f"{SENTENCES['de']} Absatz Nummer {n} von vielen." for n in range(60)])
    retriever = fill(store, [version("en"), version("de", text=long)])
    hits = retriever.search(QUERY, limit=50, reader="de")
    assert len({hit.chunk.id for hit in hits}) == len(hits) > 2
    assert set(ids(hits)) == {"udhr/de"}
    assert len(retriever.search(QUERY, limit=50, reader="de", per_document=1)) == 1
    assert len(retriever.search(QUERY, limit=50, reader="de", per_document=2)) == 2


def test_a_group_whose_passages_crowd_out_the_others_does_not_take_their_versions(store: Store) -> None:
    filler = [Document(id=f"filler/{n}", text=f"{QUERY} Number {n} of them.") for n in range(60)]
    book = " ".join([f"{SENTENCES['de']} Absatz Nummer {n} von vielen." for n in range(200)])
    other = [version("en", "b", text=QUERY + " Twice."), version("ja", "b")]
    retriever = fill(store, [version("en"), version("de", text=book), *filler, *other])
    hits = retriever.search(QUERY, limit=2, reader=["ja", "de"])
    assert set(ids(hits)) == {"udhr/de", "b/ja"}


def test_filters_hold_for_what_is_shown(store: Store) -> None:
    retriever = fill(store, [version("en", year=2020), version("de", year=2021), version("ja", year=2020)])
    assert ids(retriever.search(QUERY, reader="de", filter={"year": 2020})) == ["udhr/en"]
    assert ids(retriever.search(QUERY, reader=["de", "ja"], filter={"year": 2020})) == ["udhr/ja"]
    assert ids(retriever.search(QUERY, reader="de", languages=["en", "ja"])) == ["udhr/en"]
    assert ids(retriever.search(QUERY, reader="de", sources=["documents"])) == ["udhr/de"]
    Ingestor(MODEL, store).ingest(DocumentsConnector(items=[version("ko")], source="elsewhere"))
    assert ids(retriever.search(QUERY, reader="ko", sources=["documents"])) == ["udhr/en"]
    with pytest.raises(FilterError, match="nothing in sw"):
        retriever.search(QUERY, reader="de", languages=["sw"])


def test_a_version_below_the_threshold_is_none(store: Store) -> None:
    retriever = fill(store, [version("en"), version("de"), version("ja")])
    own = {hit.chunk.document_id: hit.score for hit in retriever.search(QUERY)}
    assert own["udhr/ja"] < own["udhr/de"]
    hits = retriever.search(QUERY, reader=["ja", "de"], score_threshold=own["udhr/de"] - 1e-3)
    assert ids(hits) == ["udhr/de"]


def test_a_number_can_name_a_group(store: Store) -> None:
    retriever = fill(store, [version("en", 17), version("de", 17), OTHER])
    assert ids(retriever.search(QUERY, reader="de")) == ["17/de", "other"]
    retriever = fill(store, [version("ja", "17")])
    assert ids(retriever.search(QUERY, reader="de")) == ["17/de", "other", "17/ja"]


def test_a_file_whose_name_says_another_language_than_its_text_is_no_version(store: Store, tmp_path: Path) -> None:
    texts = {
        "policy.md": SENTENCES["de"],
        "it/policy.md": f"{QUERY} They are told how laptops are handled.",
        "hr/policy.md": f"{QUERY} They are told who may hire new people.",
        "ja/policy.md": SENTENCES["ja"],
        "policy.ko.md": "4711 0815 2024 1234 5678",
    }
    for name, text in texts.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    Ingestor(MODEL, store).ingest(FilesConnector(tmp_path / "docs", name="docs"))
    retriever = Retriever(MODEL, store)
    assert {one.chunk.metadata.get("translation_group") for one in store.scan()} == {None, "docs/policy.md"}
    departments = {"docs/it/policy.md", "docs/hr/policy.md", "docs/policy.ko.md"}
    hits = retriever.search(QUERY, reader="de")
    assert set(ids(hits)) == {"docs/policy.md", *departments}
    assert set(ids(hits)[:2]) == {"docs/it/policy.md", "docs/hr/policy.md"}  # whose rank no version takes
    assert set(ids(retriever.search(QUERY, reader="ja"))) == {"docs/ja/policy.md", *departments}


def test_a_row_counts_for_the_language_of_its_table_too(store: Store, tmp_path: Path) -> None:
    for name, text in {"faq.csv": SENTENCES["de"], "faq.it.csv": QUERY, "faq.ja.csv": SENTENCES["ja"]}.items():
        (tmp_path / name).write_text(f"id,text\n7.5,{text}\n", encoding="utf-8")
    Ingestor(MODEL, store).ingest(FilesConnector(tmp_path, include=["*.csv"], name="t"))
    found = ids(Retriever(MODEL, store).search(QUERY, reader="de"))
    assert sorted(found) == ["t/faq.csv#7.5", "t/faq.it.csv#7.5"]


@pytest.mark.parametrize(
    ("tag", "said", "language"),
    [
        ("ms", "id", "id"), ("hr", "sr-Latn", "sr-Latn"), ("hr", "sr", "sr"), ("bs", "hr", "hr"), ("no", "nb", "nb"),
        ("da", "no", "no"), ("zh-Hant", "yue", "yue"), ("yue", "zh", "yue"), ("nb", "no", "nb"), ("hr", "sh", "hr"),
        ("sr", "hr", "sr"), ("zh-Hans", "zh-Hant", "zh-Hans"), ("sr", "sr-Latn", "sr"), ("en", "de", "en"),
        ("ms", None, "ms"), ("und", "id", "und"),
    ],
)  # fmt: skip
def test_near_relatives_are_told_by_the_name(tag: str, said: str | None, language: str) -> None:
    assert language_by(tag, said) == language


def test_a_near_relative_is_shown_to_the_reader_of_its_name(store: Store) -> None:
    texts = {"g.md": ("en", QUERY), "g.id.md": ("ms", "Semua manusia dilahirkan bebas."), "g.de.md": ("de", "Alle.")}
    documents = [
        Document(id=name, text=text, language=tag, metadata={"path": name, "translation_group": "g.md"})
        for name, (tag, text) in texts.items()
    ]
    retriever = fill(store, documents)
    assert ids(retriever.search(QUERY, reader=["id", "de"])) == ["g.id.md"]
    assert ids(retriever.search(QUERY, reader=["ms", "de"])) == ["g.de.md"]


def test_a_group_of_very_many_documents_is_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    scan = store.scan

    def noting(where: Any = None, **options: Any) -> Iterator[Any]:
        for one in scan(where, **options):
            read.append(one.chunk.document_id)
            yield one

    def many(count: int) -> list[Document]:
        return [
            Document(id=f"{n}", text=f"{QUERY} {n}", language="en", metadata={"translation_group": 7})
            for n in range(count)
        ]

    retriever = fill(store, [*many(LARGEST - 1), version("de", 7), version("en", "g"), version("ja", "g")])
    assert {"7/de"} == set(ids(retriever.search(f"{QUERY} 3", reader="de", limit=20))) - {"g/en", "g/ja"}
    fill(store, many(LARGEST))
    monkeypatch.setattr(store, "scan", noting)
    found = ids(retriever.search(QUERY, reader=["ja", "de"], limit=20))
    assert len(found) == 20
    assert "g/ja" in found
    assert "g/en" not in found
    assert {"g/en", "g/ja"} >= set(read)
    assert "7/de" in ids(retriever.search(SENTENCES["de"], reader="en", limit=20))


def test_languages_of_the_reader_are_checked(store: Store) -> None:
    retriever = fill(store, [version("en")])
    with pytest.raises(FilterError, match="Germn"):
        retriever.search(QUERY, reader="Germn")
    with pytest.raises(InputError, match="reader is"):
        retriever.search(QUERY, reader=[1])  # type: ignore[list-item]


def test_an_index_without_groups_answers_as_without_a_reader(store: Store) -> None:
    retriever = fill(store, [version(tag, None, id=tag) for tag in SENTENCES])
    assert retriever.search(QUERY, reader="de") == retriever.search(QUERY)
    fill(store, [version("en", "de", id="late")])  # a version of the document "de", as soon as it is there
    assert "late" not in ids(retriever.search(QUERY, reader="de", limit=50))


def test_the_reranker_reads_one_version_of_each_group(open_index: Callable[..., Index]) -> None:
    read: list[str] = []

    class Noting:
        model, max_tokens = "noting", 512

        def score(self, query: str, passages: list[str]) -> np.ndarray[Any, Any]:
            read.extend(passages)
            return np.arange(len(passages), dtype=np.float32)

    index = open_index(embedder=MODEL, reranker=Noting())
    index.ingest([*(version(tag) for tag in SENTENCES), OTHER])
    hits = index.search(QUERY, reader="de", rerank=True)
    assert sorted(read) == sorted([SENTENCES["de"], OTHER.text])
    assert ids(hits) == ["other", "udhr/de"]


def test_a_version_that_a_key_may_not_see_is_not_there(open_index: Callable[..., Index]) -> None:
    index = open_index(embedder=MODEL)
    index.ingest([version("en", tenant="acme"), version("de", tenant="globex"), version("ja", tenant="acme")])
    acme = View(index, Key(name="acme", scopes=frozenset({"read"}), filter=metadata_filter({"tenant": "acme"})))
    assert ids(acme.search(QUERY, reader="de")) == ["udhr/en"]
    assert ids(acme.search(QUERY, reader=["de", "ja"])) == ["udhr/ja"]
    assert ids(index.search(QUERY, reader=["de", "ja"])) == ["udhr/de"]


def test_a_key_cannot_put_a_version_in_the_place_of_what_others_wrote(open_index: Callable[..., Index]) -> None:
    index = open_index(embedder=MODEL)
    index.ingest([version("en", None, id="guide.md"), version("en", 17, id="row")])
    for filter in (None, metadata_filter({"tenant": "acme"})):
        acme = View(index, Key(name="acme", scopes=frozenset({"read", "write"}), filter=filter, prefix="acme/"))
        acme.ingest([version("de", "guide.md"), version("de", 17), version("en", None, id="own"), version("ja", "own")])
        assert {"guide.md", "row", "acme/guide.md/de", "acme/17/de"} <= set(
            ids(index.search(QUERY, reader="de", limit=50))
        )
        assert "acme/own" not in ids(acme.search(QUERY, reader="ja", limit=50))


def test_a_group_that_the_filter_of_a_key_names_stays_as_it_is(open_index: Callable[..., Index]) -> None:
    index = open_index(embedder=MODEL)
    filter = metadata_filter({"translation_group": "g"})
    view = View(index, Key(name="k", scopes=frozenset({"read", "write"}), filter=filter, prefix="k/"))
    view.ingest([version("en", "g"), version("de", None, id="x")])
    assert set(ids(view.search(QUERY))) == {"k/g/en", "k/x"}
    assert ids(view.search(QUERY, reader="de")) == ["k/x"]


@pytest.mark.parametrize("order", list(itertools.permutations(["en", "de", "ja"])))
def test_the_order_in_which_versions_came_does_not_matter(
    open_index: Callable[..., Index], order: tuple[str, ...]
) -> None:
    index = open_index(embedder=MODEL)
    for tag in order:
        index.ingest(version(tag))
    assert ids(index.search(QUERY, reader="fr")) == ["udhr/en"]
