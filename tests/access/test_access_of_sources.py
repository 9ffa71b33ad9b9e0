"""The access list of a source: stored with every passage, and enforced by the filters of keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import interlingua
import pytest
from interlingua import Document, FilesConnector
from interlingua.app.access.keys import Key
from interlingua.app.access.view import View
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.sync.plan import Plan
from interlingua.retrieval.errors import InterlinguaError
from interlingua.retrieval.filters import metadata_filter
from support import SENTENCES, NgramEmbedder


@pytest.fixture
def index(open_index: Callable[..., interlingua.Index]) -> interlingua.Index:
    return open_index(embedder=NgramEmbedder())


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for tag in ("de", "ar", "th"):
        (folder / f"{tag}.txt").write_text(SENTENCES[tag], encoding="utf-8")
    return folder


def sees(index: interlingua.Index, groups: Any) -> set[str]:
    """The ends of the ids of what a key with these groups finds, lists and counts: always the same."""
    filter = None if groups is None else metadata_filter({"access": groups})
    view = View(index, Key(name="k", scopes=frozenset({"read"}), filter=filter))
    found = {hit.chunk.document_id for hit in view.search(SENTENCES["de"], limit=100)}
    assert view.overview().documents == len(found)
    return {one.rpartition("/")[2].removesuffix(".txt") for one in found}


def sync(index: interlingua.Index, folder: Path, access: list[str] | None, **options: Any) -> None:
    plan = Plan(metadata={} if access is None else {"access": access})
    index.sync(FilesConnector(folder), name="docs", plan=plan, **options)


ALL = {"de", "ar", "th"}


def test_a_key_sees_what_lists_one_of_its_groups(index: interlingua.Index, docs: Path) -> None:
    sync(index, docs, ["staff", "法務"])
    index.ingest(Document(id="open", text=SENTENCES["ja"]))
    assert sees(index, "staff") == sees(index, "法務") == sees(index, ["sales", "staff"]) == ALL
    assert sees(index, "sales") == sees(index, "sta") == sees(index, "Staff") == set()
    assert sees(index, None) == {*ALL, "open"}  # a document without a list is for keys without a filter alone


def test_the_list_of_the_source_counts_and_not_what_a_document_says(index: interlingua.Index) -> None:
    claims: list[Any] = ["public", ["public", "staff"], None, {"public": True}]
    documents = [Document(id=str(n), text=SENTENCES["de"], metadata={"access": said}) for n, said in enumerate(claims)]
    source = DocumentsConnector(items=documents, source="claims", complete=True)
    index.sync(source, plan=Plan(metadata={"access": ["legal"]}))
    assert sees(index, "public") == sees(index, "staff") == set()
    assert sees(index, "legal") == {"0", "1", "2", "3"}


def test_without_a_list_of_the_source_that_of_the_connector_counts(index: interlingua.Index) -> None:
    documents = [
        Document(id="both", text=SENTENCES["de"], metadata={"access": ["staff", "legal"]}),
        Document(id="legal", text=SENTENCES["ja"], metadata={"access": ["legal"]}),
    ]
    index.sync(DocumentsConnector(items=documents, source="lists", complete=True))
    assert (sees(index, "staff"), sees(index, "legal")) == ({"both"}, {"both", "legal"})


def test_another_list_holds_at_once_also_for_what_cannot_be_read(index: interlingua.Index, docs: Path) -> None:
    sync(index, docs, ["staff"])
    (docs / "th.txt").write_bytes(b"PK\x03\x04 no archive")
    sync(index, docs, ["legal"])
    assert (sees(index, "staff"), sees(index, "legal")) == (set(), ALL)
    docs.rename(docs.with_name("away"))
    with pytest.raises(InterlinguaError):
        sync(index, docs, ["board"])
    assert (sees(index, "legal"), sees(index, "board")) == (set(), ALL)
    docs.with_name("away").rename(docs)
    sync(index, docs, ["board"])
    assert (sees(index, "legal"), sees(index, "board")) == (set(), ALL)


def test_a_list_that_is_taken_away_opens_nothing(index: interlingua.Index, docs: Path) -> None:
    sync(index, docs, ["staff"])
    sync(index, docs, None)
    assert (sees(index, "staff"), sees(index, None)) == (set(), ALL)


def test_a_changed_document_keeps_its_list(index: interlingua.Index, docs: Path) -> None:
    sync(index, docs, ["staff"])
    (docs / "de.txt").write_text("Ein anderer Text mit anderen Worten.", encoding="utf-8")
    (docs / "new.txt").write_text(SENTENCES["ja"], encoding="utf-8")
    sync(index, docs, ["staff"])
    assert (sees(index, "staff"), sees(index, "legal")) == ({*ALL, "new"}, set())


def test_a_key_reads_no_document_beyond_its_groups_by_id(index: interlingua.Index, docs: Path) -> None:
    sync(index, docs, ["staff"])
    other = View(index, Key(name="k", scopes=frozenset({"read"}), filter=metadata_filter({"access": "legal"})))
    assert other.document(str(docs / "de.txt")) is None
    own = View(index, Key(name="k", scopes=frozenset({"read"}), filter=metadata_filter({"access": "staff"})))
    assert own.document(str(docs / "de.txt")) is not None
