"""What a key does not see does not exist for it: in results, lists, counts, facets and what errors name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import interlingua
import pytest
from interlingua import Document
from interlingua.app.access.keys import Key, Scope
from interlingua.app.access.view import View
from interlingua.retrieval.errors import FilterError, InputError
from interlingua.retrieval.filters import metadata_filter
from interlingua.retrieval.types import Pending, Skip
from support import SENTENCES, NgramEmbedder

ACME = {"tenant": "acme"}
SECRET = "geheim"  # stands in everything of globex, and must not stand in anything that acme is shown


def key(filter: dict[str, Any] | None = None, prefix: str = "", scopes: tuple[Scope, ...] = ("read", "write")) -> Key:
    where = None if filter is None else metadata_filter(filter)
    return Key(name="acme", scopes=frozenset(scopes), filter=where, prefix=prefix)


@pytest.fixture
def index(open_index: Callable[..., interlingua.Index]) -> interlingua.Index:
    made = open_index(embedder=NgramEmbedder())
    made.ingest(
        [
            Document(id="acme/de", text=SENTENCES["de"], title="Rechte", metadata={"tenant": "acme", "year": 2020}),
            Document(id="acme/ja", text=SENTENCES["ja"], metadata={"tenant": "acme", "year": 2021}),
            Document(id="both/ar", text=SENTENCES["ar"], metadata={"tenant": ["acme", "globex"]}),
            Document(id=f"globex/{SECRET}", text=SENTENCES["de"], metadata={"tenant": "globex", SECRET: SECRET}),
            Document(id=f"globex/th-{SECRET}", text=SENTENCES["th"], metadata={"tenant": "globex", "year": SECRET}),
            Document(id=f"nobody/{SECRET}", text=SENTENCES["el"]),
        ]
    )
    return made


@pytest.fixture
def acme(index: interlingua.Index) -> View:
    return View(index, key(ACME, "acme/"))


VISIBLE = {"acme/de", "acme/ja", "both/ar"}


def test_a_search_finds_what_the_key_sees(acme: View) -> None:
    assert {hit.chunk.document_id for hit in acme.search(SENTENCES["de"], limit=100)} == VISIBLE


def test_a_filter_of_the_caller_narrows_and_never_widens(acme: View) -> None:
    for asked in ({"tenant": "globex"}, {"tenant": ["globex", "acme"]}, {"tenant": {"exists": True}}):
        found = {hit.chunk.document_id for hit in acme.search(SENTENCES["de"], filter=asked, limit=100)}
        assert found <= VISIBLE
    only = acme.search(SENTENCES["de"], filter={"year": {"gte": 2021}}, limit=100)
    assert [hit.chunk.document_id for hit in only] == ["acme/ja"]


def test_per_document_and_languages_stay_within(acme: View) -> None:
    found = acme.search(SENTENCES["de"], languages=["de"], per_document=1, limit=100)
    assert [hit.chunk.document_id for hit in found] == ["acme/de"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda view: view.search("x", languages=["th"]),
        lambda view: view.search("x", filter={SECRET: SECRET}),
        lambda view: view.search("x", filter={"nothing": "x"}),
        lambda view: view.search("x", filter={"year": "2020"}),
        lambda view: view.search("x", filter={"year": "x"}, languages=["el"]),
        lambda view: view.documents(after="x"),
    ],
)
def test_errors_name_nothing_that_the_key_does_not_see(acme: View, ask: Callable[[View], Any]) -> None:
    with pytest.raises((FilterError, InputError)) as caught:
        ask(acme)
    message = str(caught.value)
    assert "el, " not in message
    assert ", th" not in message
    assert "globex" not in message
    assert f": {SECRET}" not in message
    assert f", {SECRET}" not in message


def test_a_key_of_the_metadata_that_only_others_have_is_unknown(acme: View) -> None:
    def error(name: str) -> str:
        with pytest.raises(FilterError) as caught:
            acme.search("x", filter={name: "x"})
        return str(caught.value).replace(name, "KEY")

    assert error(SECRET) == error("missing")


def test_counts_languages_and_facets(acme: View) -> None:
    assert acme.counts() == (3, 3)
    assert acme.languages() == {"ar": 1, "de": 1, "ja": 1}
    assert acme.facets("year") == {"2020": 1, "2021": 1}
    assert acme.facets(SECRET) == {}


def test_documents_are_listed_in_pages(acme: View, index: interlingua.Index) -> None:
    everything = View(index, key())
    for view, expected in ((acme, VISIBLE), (everything, set(index.documents()))):
        found, after, pages = [], None, 0
        while True:
            page = view.documents(after=after, limit=2)
            found += [document.id for document in page.documents]
            pages += 1
            if page.next is None:
                break
            after = page.next
        assert sorted(found) == sorted(expected)
        assert pages == (len(expected) + 1) // 2


def test_one_document(acme: View) -> None:
    document = acme.document("acme/de")
    assert document is not None
    assert (document.id, document.title, document.languages) == ("acme/de", "Rechte", {"de": 1})
    assert [passage.text for passage in document.passages] == [SENTENCES["de"]]
    assert acme.document("de") == document
    assert acme.document("both/ar") is not None
    for hidden in (f"globex/{SECRET}", f"nobody/{SECRET}", "missing"):
        assert acme.document(hidden) is None


def test_an_export_holds_what_the_key_sees(acme: View) -> None:
    assert {chunk.document_id for chunk in acme.chunks()} == VISIBLE


def test_what_a_key_writes_is_under_its_prefix_and_seen_by_it_alone(acme: View, index: interlingua.Index) -> None:
    report = acme.ingest([Document(id="neu", text=SENTENCES["hi"]), Document(id="acme/neu2", text=SENTENCES["ru"])])
    assert (report.added, report.skipped) == (2, 0)
    assert {"acme/neu", "acme/neu2"} <= {document.id for document in acme.documents().documents}
    assert View(index, key({"tenant": "globex"})).document("acme/neu") is None


def test_a_key_cannot_write_over_the_documents_of_others(acme: View, index: interlingua.Index) -> None:
    theirs = f"globex/{SECRET}"
    before = [stored.chunk for stored in index.store.scan() if stored.chunk.document_id == theirs]
    acme.ingest([Document(id=theirs, text="anderer Text")])
    assert [stored.chunk for stored in index.store.scan() if stored.chunk.document_id == theirs] == before
    assert acme.document(f"acme/{theirs}") is not None


@pytest.mark.parametrize(
    "tenant", ["globex", ["acme", "globex"], [], "", None, {"x": "acme"}, [["acme"]], True, 1, "Acme", "acme "]
)
def test_metadata_that_contradicts_the_filter_is_refused(acme: View, index: interlingua.Index, tenant: Any) -> None:
    report = acme.ingest([Document(id="neu", text=SENTENCES["hi"], metadata={"tenant": tenant})])
    assert report.added == 0
    ((skip),) = report.skips
    assert skip.id == "acme/neu"
    assert "its tenant has to be 'acme'" in skip.reason
    assert "acme/neu" not in set(index.documents())


def test_one_of_several_groups_has_to_be_said(index: interlingua.Index) -> None:
    view = View(index, key({"group": ["a", "b"]}, "g/"))
    report = view.ingest(
        [
            Document(id="1", text=SENTENCES["hi"]),
            Document(id="2", text=SENTENCES["ru"], metadata={"group": "a"}),
            Document(id="3", text=SENTENCES["ko"], metadata={"group": ["a", "b"]}),
            Document(id="4", text=SENTENCES["fa"], metadata={"group": ["a", "c"]}),
        ]
    )
    assert report.added == 2
    assert {chunk.document_id for chunk in view.chunks()} == {"g/2", "g/3"}


def test_what_is_read_later_and_what_is_skipped_is_confined_as_well(acme: View, index: interlingua.Index) -> None:
    class Source:
        source, complete = "later", True

        def documents(self) -> Iterator[Pending | Skip]:
            yield Pending(id="one", revision="1", read=lambda: Document(id="one", text=SENTENCES["hi"]))
            yield Pending(
                id="two",
                revision="1",
                read=lambda: Document(id="two", text=SENTENCES["ru"], metadata={"tenant": "globex"}),
            )
            yield Pending(id="three", revision="1", read=lambda: Skip(id="three", reason="broken"))
            yield Skip(id="four", reason="broken")

    before = set(index.documents())
    report = acme.ingest(Source())
    assert set(index.documents()) - before == {"acme/one"}
    assert before <= set(index.documents())  # a complete source deletes nothing through a key
    assert sorted(skip.id for skip in report.skips) == ["acme/four", "acme/three", "acme/two"]


def test_a_folder_is_read_under_the_prefix(acme: View, tmp_path: Path) -> None:
    folder = tmp_path / "Dateien"
    folder.mkdir()
    (folder / "παράδειγμα.txt").write_text(SENTENCES["el"], encoding="utf-8")
    (folder / "table.csv").write_text(f"text\n{SENTENCES['ru']}\n{SENTENCES['hi']}\n", encoding="utf-8")
    acme.ingest(folder)
    new = {document.id for document in acme.documents().documents} - VISIBLE
    assert len(new) == 3
    assert all(name.startswith("acme/") for name in new)


def test_a_key_deletes_its_own_documents_alone(acme: View, index: interlingua.Index) -> None:
    assert acme.delete(f"globex/{SECRET}", "both/ar", "missing") == 0
    assert acme.delete("acme/de", "ja") == 2
    assert set(index.documents()) == {"both/ar", f"globex/{SECRET}", f"globex/th-{SECRET}", f"nobody/{SECRET}"}
    assert acme.delete() == 0


def test_under_its_prefix_a_key_deletes_only_what_it_sees(acme: View, index: interlingua.Index) -> None:
    index.ingest(Document(id="acme/misplaced", text=SENTENCES["fa"], metadata={"tenant": "globex"}))
    assert acme.delete("misplaced") == 0
    assert "acme/misplaced" in set(index.documents())


def test_what_may_be_either_of_two_documents_is_not_deleted(acme: View, index: interlingua.Index) -> None:
    index.ingest(Document(id="de", text=SENTENCES["fa"], metadata=ACME), delete=False)
    with pytest.raises(InputError, match="'de' may be 'acme/de' or the document of that very id"):
        acme.delete("ja", "de")
    assert {"acme/ja", "acme/de", "de"} <= set(index.documents())
    assert acme.delete("acme/de") == 1


def test_a_number_is_not_a_yes(index: interlingua.Index) -> None:
    view = View(index, key({"level": 1}, "l/"))
    report = view.ingest(
        [
            Document(id="1", text=SENTENCES["hi"], metadata={"level": True}),
            Document(id="2", text=SENTENCES["ru"], metadata={"level": 1}),
        ]
    )
    assert [skip.id for skip in report.skips] == ["l/1"]


def test_what_has_not_changed_is_not_read_again(acme: View) -> None:
    reads: list[str] = []

    def read() -> Document:
        reads.append("one")
        return Document(id="one", text=SENTENCES["hi"], revision="1")

    class Source:
        source, complete = "later", False

        def documents(self) -> Iterator[Pending]:
            yield Pending(id="one", revision="1", read=read)

    assert acme.ingest(Source()).added == 1
    assert acme.ingest(Source()).unchanged == 1
    assert reads == ["one"]


def test_a_key_without_a_filter_sees_and_writes_everything(index: interlingua.Index) -> None:
    view = View(index, key())
    assert view.counts() == (6, 6)
    assert view.delete(f"globex/{SECRET}") == 1
    view.ingest(Document(id="neu", text=SENTENCES["hi"]))
    assert view.document("neu") is not None


def test_a_view_follows_its_index_to_another_model(acme: View, index: interlingua.Index) -> None:
    from support import ShortNgrams

    assert acme.search(SENTENCES["de"])
    index.migrate(ShortNgrams())
    assert acme.model == "short-ngrams"
    assert {hit.chunk.document_id for hit in acme.search(SENTENCES["de"], limit=100)} == VISIBLE


def test_a_document_that_is_being_changed_is_shown_in_one_version(index: interlingua.Index) -> None:
    from dataclasses import replace

    stored = [each for each in index.store.scan(vectors=True) if each.chunk.document_id == "acme/de"]
    chunk, vector = stored[0].chunk, stored[0].vector
    assert chunk.origin is not None
    assert vector is not None
    other = "0" * 31
    halves = [
        replace(chunk, id=f"00000000-0000-0000-0000-00000000000{n}", ordinal=n, text=f"neu {n}",
                origin=replace(chunk.origin, digest=other, chunks=2))
        for n in (1, 0)
    ]  # fmt: skip
    index.store.upsert(halves, vector[None].repeat(2, axis=0))
    document = View(index, key()).document("acme/de")
    assert document is not None
    assert [passage.text for passage in document.passages] == ["neu 0", "neu 1"]


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ({"title": "x" * 3000}, "its title has 3,000 characters; at most 2,000"),
        ({"url": "https://example.org/" + "x" * 5000}, "its url has"),
        ({"metadata": {"note": "ж" * 40_000}}, "its metadata take 80,0"),
    ],
)
def test_what_every_passage_would_carry_has_a_limit(acme: View, beside: dict[str, Any], reason: str) -> None:
    report = acme.ingest(Document(id="neu", text=SENTENCES["hi"], **beside))
    assert report.added == 0
    assert report.skips[0].reason.startswith(reason)
