"""Bridges: what other frameworks load, with ids that stay and nothing that changes by itself."""

from __future__ import annotations

import os
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from incremental import broken_off, skips, texts
from interlingua import Document as OwnDocument
from interlingua import Index
from interlingua.connectors.bridges import LoaderConnector
from interlingua.retrieval.errors import ConfigurationError, SourceError
from interlingua.retrieval.types import Document
from langchain_core.document_loaders import BaseLoader, Blob
from langchain_core.document_loaders.base import BaseBlobParser
from langchain_core.documents import Document as LangChainDocument
from llama_index.core import Document as LlamaDocument
from llama_index.core import SimpleDirectoryReader
from llama_index.core.readers.base import BaseReader
from support import SENTENCES, CountingEmbedder


class Pages(BaseLoader):
    """Yields what it was given, one by one."""

    def __init__(self, pages: list[tuple[str, dict[str, Any]]]) -> None:
        self.pages = pages

    def lazy_load(self) -> Iterator[LangChainDocument]:
        for text, metadata in self.pages:
            yield LangChainDocument(page_content=text, metadata=metadata)


class Old(BaseLoader):
    """A loader from before lazy loading."""

    def load(self) -> list[LangChainDocument]:
        return [LangChainDocument(page_content="Alt.", metadata={"source": "old.txt"})]


def documents(loader: Any, **options: Any) -> list[Document]:
    found = list(LoaderConnector(loader, source="s", **options).documents())
    assert all(isinstance(item, Document) for item in found), found
    return [item for item in found if isinstance(item, Document)]


def ids(loader: Any, **options: Any) -> list[str]:
    return [document.id.removeprefix("s/") for document in documents(loader, **options)]


def test_a_langchain_loader_in_every_script(index: Index) -> None:
    loader = Pages([(text, {"source": f"{tag}.txt", "language": tag}) for tag, text in SENTENCES.items()])
    connector = LoaderConnector(loader, source="s", complete=True)
    found = documents(loader)
    assert {d.id: d.text for d in found} == {f"s/{tag}.txt": text for tag, text in SENTENCES.items()}
    assert [d.language for d in found] == list(SENTENCES)
    assert index.ingest(connector).added == len(SENTENCES)
    assert index.ingest(connector).unchanged == len(SENTENCES)


def test_old_loaders_and_blob_parsers_are_loaders_too() -> None:
    class Parser(BaseBlobParser):
        def lazy_parse(self, blob: Blob) -> Iterator[LangChainDocument]:
            yield LangChainDocument(page_content=blob.as_string(), metadata={"source": "blob"})

    assert ids(Old()) == ["old.txt"]
    assert ids(Parser().lazy_parse(Blob.from_data("Text"))) == ["blob"]
    assert ids([LangChainDocument(page_content="Text", metadata={"source": "plain"})]) == ["plain"]


def test_several_documents_of_one_source_are_told_apart_by_page_or_content() -> None:
    pdf = Pages([("Erste", {"source": "a.pdf", "page": 0}), ("Zweite", {"source": "a.pdf", "page": 1})])
    assert ids(pdf) == ["a.pdf#0", "a.pdf#1"]
    parts = [("eins", {"source": "a"}), ("zwei", {"source": "a"}), ("drei", {"source": "b"})]
    first = ids(Pages(parts))
    assert first[2] == "b"
    assert all(id.startswith("a#") and len(id) == 34 for id in first[:2])
    # Wherever a part stands, and whatever comes before it, it keeps its id.
    again = ids(Pages([("neu", {"source": "a"}), parts[1], parts[0], parts[2], parts[2]]))
    assert set(first) < set(again)
    assert len(again) == 4


def test_pages_that_repeat_a_number_are_all_kept() -> None:
    sheets = Pages([("eins", {"source": "a", "page": 1}), ("zwei", {"source": "a", "page": 1})])
    found = ids(sheets)
    assert found[0] == "a#1"
    assert len(set(found)) == 2


def test_random_ids_are_not_used_and_own_ones_are() -> None:
    def load(own: str | None) -> list[str]:
        return ids([LangChainDocument(page_content="Text", id=own, metadata={"source": "a.txt"})])

    assert load(str(uuid.uuid4())) == load(uuid.uuid4().hex) == load(None) == ["a.txt"]
    assert load("ticket-17") == ["ticket-17"]
    assert load(str(uuid.uuid5(uuid.NAMESPACE_URL, "https://a.b"))) != ["a.txt"]


def test_a_llamaindex_reader_keeps_ids_and_digests_when_files_are_touched(
    tmp_path: Path, index: Index, counting: CountingEmbedder
) -> None:
    for tag, text in SENTENCES.items():
        (tmp_path / f"{tag}.txt").write_text(text, "utf-8")

    def connector() -> LoaderConnector:
        return LoaderConnector(SimpleDirectoryReader(str(tmp_path)), source="s", complete=True)

    assert index.ingest(connector()).added == len(SENTENCES)
    for path in tmp_path.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    counting.passages.clear()
    report = index.ingest(connector())
    assert (report.unchanged, report.updated, counting.passages) == (len(SENTENCES), 0, [])
    assert set(index.documents()) == {f"s/{tmp_path / tag}.txt" for tag in SENTENCES}


def test_a_llamaindex_reader_gets_its_arguments_and_loads_as_lazily_as_it_can() -> None:
    class Eager(BaseReader):
        def load_data(self, topic: str) -> list[LlamaDocument]:
            return [LlamaDocument(text=f"About {topic}", metadata={"url": "https://u:secret@example.org/a"})]

    class Lazy(Eager):
        def lazy_load_data(self, topic: str) -> Iterator[LlamaDocument]:  # type: ignore[override]  # as readers do
            yield LlamaDocument(text=f"Lazily about {topic}", id_="own")

    (found,) = documents(Eager(), read_arguments={"topic": "rivers"})
    assert (found.id, found.text, found.url) == ("s/https://example.org/a", "About rivers", "https://example.org/a")
    assert "secret" not in repr(found)
    (found,) = documents(Lazy(), read_arguments={"topic": "rivers"})
    assert (found.id, found.text) == ("s/own", "Lazily about rivers")


def test_dlt_resources_are_read_without_their_own_columns() -> None:
    dlt = pytest.importorskip("dlt", reason="dlt is not installed: pip install 'dlt>=1.31,<2'")

    @dlt.resource(primary_key="id")
    def rows(count: int = 3) -> Iterator[Any]:
        yield [{"id": n, "text": f"Row {n}", "_dlt_id": uuid.uuid4().hex, "topic": "x"} for n in range(count)]
        yield pa.table({"id": [7], "text": ["From Arrow"]})

    found = documents(rows)
    assert [document.id for document in found] == ["s/0", "s/1", "s/2", "s/7"]
    assert found[0].metadata == {"topic": "x"}
    assert ids(rows, arguments={"count": 1}) == ["0", "7"]


def test_mappings_texts_and_own_documents() -> None:
    given = [
        {"key": "a", "body": "Text", "lang": "de", "link": "https://a.b/c", "topic": "x", "empty": None},
        "Nur Text",
        OwnDocument(id="own", text="As it is"),
    ]
    mapped = list(LoaderConnector(given[:1], source="s", columns={"id": "key", "url": "link"}).documents())
    assert mapped == [Document(id="s/a", text="Text", language="de", url="https://a.b/c", metadata={"topic": "x"})]
    rest = texts(LoaderConnector(given[1:], source="s").documents())
    assert set(rest.values()) == {"Nur Text", "As it is"}
    assert "own" in rest


def test_a_loader_that_fails_midway_deletes_nothing(index: Index) -> None:
    class Failing(Pages):
        def lazy_load(self) -> Iterator[LangChainDocument]:
            yield from super().lazy_load()
            raise ConnectionResetError("the server is gone")

    pages = [(text, {"source": tag}) for tag, text in SENTENCES.items()]
    index.ingest(LoaderConnector(Pages(pages), source="s", complete=True))
    failing = LoaderConnector(Failing(pages[:3]), source="s", complete=True)
    found, error = broken_off(failing.documents())
    assert len(found) == 2  # of the third it was not known yet whether it is one of several
    assert "ConnectionResetError: the server is gone" in str(error)
    with pytest.raises(SourceError):
        index.ingest(failing)
    assert len(set(index.documents())) == len(SENTENCES)


def test_no_secret_of_a_loader_is_told() -> None:
    def loader(key: str, login: dict[str, str]) -> Iterator[Any]:
        raise PermissionError(f"401 for https://me:geheim@a.b/v1?page=1&s=verborgen with {key} of {login['token']}")
        yield

    arguments = {"key": "hunter2", "login": {"token": "ghp_0815"}}
    for options in ({"arguments": arguments}, {"read_arguments": arguments}):
        given: Any = loader
        if "read_arguments" in options:
            given = type("Reader", (), {"load_data": staticmethod(loader)})()
        with pytest.raises(SourceError) as caught:
            list(LoaderConnector(given, source="s", **options).documents())
        said = "PermissionError: 401 for https://***@a.b/v1?*** with *** of ***"
        assert str(caught.value).endswith(said)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_an_iterator_is_read_once_and_its_end_is_no_emptiness() -> None:
    connector = LoaderConnector(iter([{"id": 1, "text": "eins"}]), source="s", complete=True)
    assert texts(connector.documents()) == {"s/1": "eins"}
    with pytest.raises(SourceError, match="can be read once"):
        list(connector.documents())
    again = LoaderConnector(lambda: iter([{"id": 1, "text": "eins"}]), source="s")
    assert texts(again.documents()) == texts(again.documents()) == {"s/1": "eins"}


def test_an_item_without_text_costs_only_itself() -> None:
    given = [{"id": "a", "text": "gut"}, {"id": "b", "text": ""}, {"id": "c", "text": 7}, {"title": "?", "n": 1}, 17]
    found = list(LoaderConnector(given, source="s").documents())
    assert texts(found) == {"s/a": "gut"}
    reasons = skips(found)
    assert set(reasons) == {"s/b", "s/c", "s/"}
    assert [item.prefix for item in found if item.id == "s/"] == [True, True]  # any document could be meant


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"id": " 17", "text": "gut"}, {"id": " 17", "text": None}),
        ({"doc_id": 17, "text": "gut"}, {"doc_id": 17, "n": 1}),
        ({"id": "https://me:secret@a.b/c", "text": "gut"}, {"id": "https://me:secret@a.b/c", "text": ""}),
        (
            LangChainDocument(id="17", page_content="gut", metadata={"source": "a.txt"}),
            LangChainDocument(id="17", page_content="", metadata={"source": "a.txt"}),
        ),
        (
            LangChainDocument(id=str(uuid.uuid4()), page_content="gut", metadata={"source": "a.txt"}),
            LangChainDocument(id=str(uuid.uuid4()), page_content="", metadata={"source": "a.txt"}),
        ),
    ],
)
def test_an_item_that_is_empty_this_time_is_skipped_by_the_id_that_it_had(good: Any, bad: Any) -> None:
    (document_id,) = texts(LoaderConnector([good], source="s").documents())
    assert [*skips(LoaderConnector([bad], source="s").documents())] == [document_id]
    assert "secret" not in document_id


def test_a_row_without_an_id_of_its_own_may_be_any_when_it_is_empty() -> None:
    rows = [{"id": 17, "text": ""}]
    (skip,) = LoaderConnector(rows, source="s", columns={"id": ""}).documents()
    assert (skip.id, skip.prefix) == ("s/", True)  # type: ignore[union-attr]  # a Skip


@pytest.mark.parametrize(
    ("loader", "options", "message"),
    [
        ("nothing", {}, "package.module:Class"),
        ("no.such:Loader", {}, "cannot be imported"),
        ("json:no_such", {}, "cannot be imported"),
        (17, {}, "takes no arguments|is no loader"),
        ([], {"arguments": {"a": 1}}, "takes no arguments"),
    ],
)
def test_what_is_no_loader_is_named(loader: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        list(LoaderConnector(loader, source="s", **options).documents())


def test_a_loader_can_be_named_in_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ein Text.")
    connector = LoaderConnector(
        "llama_index.core:SimpleDirectoryReader", source="s", arguments={"input_dir": str(tmp_path)}
    )
    assert texts(connector.documents()) == {f"s/{tmp_path}/a.txt": "Ein Text."}
    assert (connector.source, connector.complete) == ("loader:s", False)


def test_wrong_arguments_are_a_fault_that_trying_again_does_not_mend() -> None:
    with pytest.raises(SourceError, match="TypeError") as caught:
        list(LoaderConnector(Pages, source="s", arguments={"page": 1}).documents())
    assert caught.value.permanent


def test_memory_does_not_grow_with_the_documents() -> None:
    def rows(count: int) -> Callable[[], Iterator[dict[str, str]]]:
        return lambda: ({"text": f"Text number {number}. " * 20} for number in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in LoaderConnector(rows(count), source="s").documents():
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(5_000) < peak(500) + 500_000
