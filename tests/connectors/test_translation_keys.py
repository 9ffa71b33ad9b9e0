"""Sources that say by a key of their own which documents are versions of one another."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interlingua import Document, FilesConnector, Index
from interlingua.app.settings import load
from interlingua.app.sources import configured
from interlingua.connectors.contract import check_connector
from interlingua.connectors.datasets import DatasetConnector
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.sql import SqlConnector
from interlingua.connectors.translations import grouped
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.types import Checkpoint
from support import SENTENCES, CountingEmbedder


def group(**metadata: Any) -> Any:
    document = Document(id="x", text="x", metadata=metadata, revision="")
    (made,) = grouped(DocumentsConnector(items=[document], source="shop"), "article").documents()
    assert isinstance(made, Document)
    return made.metadata.get("translation_group")


def test_the_group_is_named_by_the_source_and_the_value() -> None:
    assert group(article="größe") == "shop/größe"
    assert group(article=17, translation_group="other") == "shop/17"
    assert [group(article=value) for value in (None, "", True, 1.5, ["a"])] == [None] * 5
    assert [group(article=value) for value in (0, "0", False)] == [None] * 3  # what tables say of originals
    assert group(translation_group="as the document says") == "as the document says"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table pages (id integer primary key, original integer, body text, changed integer)")
        rows = [
            (1, None, SENTENCES["en"], 1),
            (2, 1, SENTENCES["de"], 1),
            (3, 1, SENTENCES["ja"], 1),
            (4, None, "x", 1),
        ]
        connection.executemany("insert into pages values (?, ?, ?, ?)", rows)
    connection.close()
    return path


def pages(database: Path) -> SqlConnector:
    return SqlConnector(f"sqlite:///{database}", name="shop", table="pages", id="id", text="body", updated="changed")


def test_rows_that_name_the_row_they_translate_are_its_versions(database: Path, index: Index) -> None:
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'interlingua[sql]'")
    index.ingest(grouped(pages(database), "original"))
    found = {hit.chunk.document_id for hit in index.search(SENTENCES["en"], reader="ja")}
    assert found == {"sql:shop/3", "sql:shop/4"}
    found = {hit.chunk.document_id for hit in index.search(SENTENCES["ja"], reader="en")}
    assert found == {"sql:shop/1", "sql:shop/4"}


def test_it_keeps_to_what_connectors_promise(tmp_path: Path) -> None:
    rows = "".join(f"{tag},17,{SENTENCES[tag]}\n" for tag in ("de", "ja"))
    (tmp_path / "faq.csv").write_text(f"id,article,text\n{rows}", encoding="utf-8")
    (tmp_path / "guide.md").write_text(SENTENCES["en"], encoding="utf-8")
    check_connector(lambda: grouped(FilesConnector(tmp_path), "path"))
    check_connector(lambda: grouped(DatasetConnector(tmp_path / "faq.csv"), "article"))


def test_what_a_source_says_of_changes_is_kept(database: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'interlingua[sql]'")
    plain, made = pages(database), grouped(pages(database), "original")
    assert (made.source, made.complete) == (plain.source, plain.complete)
    assert isinstance(list(made.changes(None))[-1], Checkpoint)  # type: ignore[attr-defined]
    assert not hasattr(grouped(FilesConnector(database), "x"), "changes")


def test_another_key_is_read_again_and_nothing_is_embedded_again(
    open_index: Callable[..., Index], counting: CountingEmbedder, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text(SENTENCES["en"], encoding="utf-8")
    index = open_index(embedder=counting)

    def stored() -> set[Any]:
        return {one.chunk.metadata.get("translation_group") for one in index.store.scan()}

    index.ingest(FilesConnector(folder, name="docs"))
    embedded = len(counting.passages)
    index.ingest(grouped(FilesConnector(folder, name="docs"), "path"))
    assert stored() == {"files:docs/a.md"}
    index.ingest(grouped(FilesConnector(folder, name="docs"), "format"))
    assert stored() == {"files:docs/markdown"}
    assert len(counting.passages) == embedded


def test_a_table_of_the_configuration_names_the_key(
    open_index: Callable[..., Index], counting: CountingEmbedder, tmp_path: Path
) -> None:
    index = open_index(embedder=counting)  # in an empty working directory
    Path("faq").mkdir()
    rows = "\n".join(f"{tag},17,{SENTENCES[tag]}" for tag in ("de", "ja"))
    Path("faq/faq.csv").write_text(f"id,article,text\n{rows}\n", encoding="utf-8")
    table = '[sources.faq]\nkind = "files"\npath = "faq"\nname = "faq"\n'

    def sync(more: str) -> set[Any]:
        Path("interlingua.toml").write_text(table + more, encoding="utf-8")
        (source,) = configured(load())
        index.sync(source.connector, name="faq", plan=source.plan)
        return {one.chunk.metadata.get("translation_group") for one in index.store.scan()}

    assert sync("") == {None}
    assert sync('translation_group = "article"\n') == {"files:faq/17"}
    with pytest.raises(ConfigurationError, match=r"\[sources.faq\]: translation_group is 7"):
        sync("translation_group = 7\n")
    Path("interlingua.toml").write_text(table + "translations = 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="translations is a whole number; it has to be true or false"):
        configured(load())
