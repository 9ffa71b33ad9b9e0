"""Keeping a store in step with a source."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from interlingua import Document, FilesConnector, Index, Skip
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.ingestor import Ingestor
from interlingua.retrieval.errors import EmbedderError, InputError
from interlingua.retrieval.filters import where
from interlingua.retrieval.types import Matrix, Pending
from support import CountingEmbedder

PARAGRAPHS = [
    "The ferry to the island leaves every morning at half past seven, except on Sundays.",
    "Bread is baked in the village oven on Tuesdays; bring your own flour and firewood.",
    "The library lends books, films and tools for three weeks to everyone who lives here.",
    "After heavy rain the path along the river is closed, and walkers take the upper road.",
    "Every September the school plants an apple tree for each child that starts there.",
]


def paged(text_paragraphs: Sequence[str]) -> str:
    """Paragraphs long enough that each one becomes a chunk of its own."""
    return "\n\n".join(" ".join([paragraph] * 9) for paragraph in text_paragraphs)


def source(documents: Sequence[Document | Skip], name: str = "village") -> DocumentsConnector:
    return DocumentsConnector(items=documents, source=name, complete=True)


def stored_ids(index: Index) -> set[str]:
    return set(index.documents())


def test_every_chunk_text_reaches_the_model_exactly_once(index: Index, counting: CountingEmbedder) -> None:
    documents = [Document(id=str(n), text=paged(PARAGRAPHS[n:])) for n in range(4)]
    documents.append(Document(id="long", text="\n\n".join(f"Sentence number {n} about boats." for n in range(5000))))
    report = index.ingest(documents)
    stored = [s.chunk.text for s in index.store.scan()]
    assert sorted(set(stored)) == sorted(counting.passages)
    assert report.embedded == len(stored) == report.chunks
    assert report.added == 5


def test_a_second_run_over_unchanged_data_embeds_nothing(
    index: Index, counting: CountingEmbedder, sentences: list[Document]
) -> None:
    index.ingest(sentences)
    counting.passages.clear()
    report = index.ingest(sentences)
    assert counting.passages == []
    assert (report.unchanged, report.added, report.updated, report.chunks) == (len(sentences), 0, 0, 0)


def test_a_changed_paragraph_embeds_only_itself(index: Index, counting: CountingEmbedder) -> None:
    index.ingest([Document(id="a", text=paged(PARAGRAPHS))])
    counting.passages.clear()
    changed = [*PARAGRAPHS[:2], "The library has moved to the old post office beside the church.", *PARAGRAPHS[3:]]
    report = index.ingest([Document(id="a", text=paged(changed))])
    assert len(counting.passages) == 1
    assert "old post office" in counting.passages[0]
    assert report.updated == 1
    texts = [s.chunk.text for s in index.store.scan(where(document_id="a"))]
    assert len(texts) == 5
    assert not any("lends books" in text for text in texts)


def test_moved_text_keeps_its_vector(index: Index, counting: CountingEmbedder) -> None:
    index.ingest([Document(id="a", text=paged(PARAGRAPHS[1:]))])
    counting.passages.clear()
    index.ingest([Document(id="a", text=paged(PARAGRAPHS))])
    assert len(counting.passages) == 1
    assert index.search("the ferry to the island", limit=1)[0].chunk.start == 0


def test_changed_metadata_is_stored_without_embedding(index: Index, counting: CountingEmbedder) -> None:
    index.ingest([Document(id="a", text=PARAGRAPHS[0], metadata={"status": "draft"})])
    counting.passages.clear()
    report = index.ingest([Document(id="a", text=PARAGRAPHS[0], metadata={"status": "final"})])
    assert (report.updated, counting.passages) == (1, [])
    assert [hit.chunk.metadata for hit in index.search("ferry")] == [{"status": "final"}]


def test_what_vanished_at_the_source_is_gone_after_a_full_run(index: Index) -> None:
    documents = [Document(id=str(n), text=text) for n, text in enumerate(PARAGRAPHS)]
    index.ingest(source(documents))
    report = index.ingest(source(documents[1:]))
    assert report.deleted == 1
    assert stored_ids(index) == {"1", "2", "3", "4"}
    assert not any(hit.chunk.document_id == "0" for hit in index.search("ferry to the island"))


def test_documents_of_other_sources_are_left_alone(index: Index) -> None:
    documents = [Document(id=str(n), text=text) for n, text in enumerate(PARAGRAPHS)]
    index.ingest(source(documents[:2], "one"))
    index.ingest(source(documents[2:], "two"))
    index.ingest(source(documents[:1], "one"))
    assert stored_ids(index) == {"0", "2", "3", "4"}


def test_a_list_of_documents_never_deletes(index: Index) -> None:
    index.ingest([Document(id="a", text=PARAGRAPHS[0])])
    index.ingest([Document(id="b", text=PARAGRAPHS[1])])
    assert stored_ids(index) == {"a", "b"}


@pytest.mark.parametrize("left", [0, 20, 33])
def test_a_source_that_suddenly_reports_far_fewer_documents_is_refused(index: Index, left: int) -> None:
    documents = [Document(id=str(n), text=f"Notice number {n}: the {n}th bus is late.") for n in range(50)]
    index.ingest(source(documents))
    report = index.ingest(source(documents[:left]))
    assert (report.deleted, report.refused_deletions, report.ok) == (0, 50 - left, False)
    assert len(stored_ids(index)) == 50
    report = index.ingest(source(documents[:left]), force=True)
    assert (report.deleted, report.refused_deletions) == (50 - left, 0)
    assert len(stored_ids(index)) == left


def test_a_few_deletions_in_a_large_source_are_ordinary(index: Index) -> None:
    documents = [Document(id=str(n), text=f"Notice number {n}: the {n}th bus is late.") for n in range(50)]
    index.ingest(source(documents))
    assert index.ingest(source(documents[12:])).deleted == 12


def test_what_could_not_be_read_this_time_is_kept(index: Index) -> None:
    documents = [Document(id=f"folder/{n}", text=text) for n, text in enumerate(PARAGRAPHS)]
    index.ingest(source(documents))
    report = index.ingest(source([documents[0], Skip(id="folder/1", reason="locked"), documents[2], documents[3]]))
    assert (report.deleted, report.skipped) == (1, 1)
    report = index.ingest(source([documents[0], Skip(id="folder/", reason="not readable", prefix=True)]))
    assert report.deleted == 0
    assert stored_ids(index) == {f"folder/{n}" for n in range(4)}


def test_one_bad_document_never_stops_a_run(index: Index) -> None:
    bad = [
        Document(id="empty", text=" \n\u200b "),
        Document(id="", text="no id"),
        Document(id="nan", text="text", metadata={"score": float("nan")}),
        Document(id="half \ud800", text="text"),
        Document(id="keys", text="text", metadata={1: "a", "b": 2}),  # type: ignore[dict-item]  # what a user may do
        Document(id="none", text=None),  # type: ignore[arg-type]
        Document(id="title", text="text", title=5),  # type: ignore[arg-type]
        Document(id="url", text="text", url=5),  # type: ignore[arg-type]
        Document(id=5, text="text"),  # type: ignore[arg-type]
        Pending(id="broken", revision="1", read=lambda: 1 / 0),  # type: ignore[arg-type,return-value]
        Document(id="bytes", text="text", metadata={"blob": b"\x00"}),  # type: ignore[dict-item]  # what a user may do
    ]
    report = index.ingest(
        [bad[0], Document(id="a", text=PARAGRAPHS[0]), *bad[1:], Document(id="b", text=PARAGRAPHS[1])]
    )
    assert report.added == 2
    assert {skip.id for skip in report.skips} == {
        "empty", "", "nan", "half \ud800", "bytes", "keys", "none", "title", "url", "5", "broken"
    }  # fmt: skip
    assert all(skip.reason for skip in report.skips)
    assert stored_ids(index) == {"a", "b"}


def test_the_second_document_with_an_id_is_reported(index: Index) -> None:
    report = index.ingest([Document(id="a", text=PARAGRAPHS[0]), Document(id="a", text=PARAGRAPHS[1])])
    assert (report.added, report.skipped) == (1, 1)
    assert "same id" in report.skips[0].reason


class Unsound(CountingEmbedder):
    """A model that fails on some texts."""

    zeros = False

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        vectors = super().embed_passages(texts)
        if any("explode" in text for text in texts):
            raise EmbedderError("the server went away")
        if any("shrink" in text for text in texts):
            return vectors[:, :8]
        unusable = np.float32(0) if self.zeros else np.float32("nan")
        return np.where([["bread" in text.casefold()] for text in texts], unusable, vectors)


@pytest.mark.parametrize("zeros", [False, True])
def test_an_unusable_vector_costs_its_document_and_nothing_else(
    open_index: Callable[..., Index], counting: CountingEmbedder, zeros: bool
) -> None:
    embedder = Unsound(counting)
    embedder.zeros = zeros
    index = open_index(embedder=embedder)
    report = index.ingest([Document(id=str(n), text=text) for n, text in enumerate(PARAGRAPHS)])
    assert (report.added, report.skipped, report.embedded, report.reused) == (4, 1, 4, 0)
    assert "NaN" in report.skips[0].reason
    assert stored_ids(index) == {"0", "2", "3", "4"}


def test_a_new_document_that_fails_late_leaves_nothing_behind(
    open_index: Callable[..., Index], counting: CountingEmbedder
) -> None:
    index = open_index(embedder=Unsound(counting))
    lines = [" ".join([f"Sentence number {n} about boats on the lake."] * 16) for n in range(1500)]
    report = index.ingest([Document(id="a", text="\n\n".join([*lines, "And then there was bread."]))])
    assert (report.skipped, report.reused) == (1, 0)
    assert index.store.count() == 0


def test_a_failing_model_ends_the_run_and_keeps_what_was_written(
    open_index: Callable[..., Index], counting: CountingEmbedder
) -> None:
    index = open_index(embedder=Unsound(counting))
    long = [Document(id=str(n), text=f"Notice number {n}.") for n in range(2000)]
    with pytest.raises(EmbedderError, match="went away"):
        index.ingest([*long, Document(id="bomb", text="explode")])
    kept = len(stored_ids(index))
    assert 1000 < kept <= 2000
    with pytest.raises(EmbedderError, match=r"shape \(1, 8\)"):
        index.ingest([Document(id="short", text="shrink")])
    counting.passages.clear()
    index.ingest(long)
    assert len(counting.passages) == 2000 - kept  # nothing that was stored is embedded again


def test_an_unchanged_chunk_is_never_missing_during_a_re_ingest(index: Index) -> None:
    constant = " ".join([PARAGRAPHS[0]] * 9)
    texts = [f"{constant}\n\n" + paged([f"Version {n} of the notice. {PARAGRAPHS[1]}"]) for n in range(12)]
    index.ingest([Document(id="a", text=texts[0])])
    vector = index.embedder.embed_queries([constant])[0]
    done, missing, looks = threading.Event(), 0, 0

    def watch() -> None:
        nonlocal missing, looks
        while not done.is_set():
            looks += 1
            hits = index.store.search(vector, limit=3)
            missing += not any(hit.chunk.text == constant for hit in hits)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for text in texts[1:]:
            index.ingest([Document(id="a", text=text)])
    finally:
        done.set()
        watcher.join()
    assert looks > 20
    assert missing == 0


def test_other_chunk_settings_cut_everything_anew(open_index: Callable[..., Index], counting: CountingEmbedder) -> None:
    document = Document(id="a", text=paged(PARAGRAPHS), revision="1")
    with open_index(embedder=counting) as first:
        assert first.ingest([document]).chunks == 5
    with open_index(embedder=counting, chunk_tokens=64) as second:
        report = second.ingest([document])
        assert report.updated == 1
        assert second.status().chunks > 5
        assert all(s.chunk.text in document.text for s in second.store.scan())


def test_a_touched_file_is_read_again_but_not_embedded(
    index: Index, counting: CountingEmbedder, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    file = folder / "a.txt"
    file.write_text(PARAGRAPHS[0])
    index.ingest(folder)
    counting.passages.clear()
    file.touch()
    assert index.ingest(folder).unchanged == 1
    assert counting.passages == []
    file.write_text(PARAGRAPHS[1])
    assert index.ingest(FilesConnector(folder)).updated == 1


def test_progress_reports_rise_and_end_with_the_result(index: Index, sentences: list[Document]) -> None:
    seen = []
    report = index.ingest(sentences, progress=seen.append)
    assert seen[-1] == report
    assert [r.documents for r in seen] == sorted(r.documents for r in seen)
    assert report.languages.keys() >= {"de", "ja", "ar", "hi"}


def test_memory_of_a_run_does_not_grow_with_the_source(index: Index) -> None:
    """The reader is never more than a few batches ahead of the writer."""
    read, ahead = 0, 0

    def endless() -> Iterator[Document]:
        nonlocal read
        for number in range(20_000):
            read = number + 1
            yield Document(id=str(number), text=f"Notice {number} about bus {number}.")

    def watch(report: object) -> None:
        nonlocal ahead
        ahead = max(ahead, read - report.documents)  # type: ignore[attr-defined]  # a Report

    Ingestor(index.embedder, index.store).ingest(DocumentsConnector(items=endless()), progress=watch)
    assert read == 20_000
    assert ahead < 10_000


def test_what_is_not_a_document_is_named(index: Index) -> None:
    with pytest.raises(InputError, match="A dict is not a Document"):
        index.ingest([{"id": "a", "text": "b"}])  # type: ignore[list-item]  # what a user may try first


def write(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"The notice called {name} is about ferry number {len(name)}.")


def test_what_lies_in_an_unreadable_place_is_not_gone(index: Index, tmp_path: Path) -> None:
    docs, disk = tmp_path / "docs", tmp_path / "disk"
    write(docs, "a.txt")
    write(disk, *(f"{n}.txt" for n in range(8)))
    (docs / "mount").symlink_to(disk)
    (docs / "t.csv").write_text("id,text\n1,one ferry\n2,two ferries\n")
    connector = FilesConnector(docs, follow_symlinks=True)
    assert index.ingest(connector).added == 11
    disk.rename(tmp_path / "unplugged")
    (docs / "t.csv").rename(tmp_path / "t.csv")
    (docs / "t.csv").symlink_to(tmp_path / "nowhere.csv")
    report = index.ingest(connector)
    assert (report.deleted, report.refused_deletions, report.skipped) == (0, 0, 2)


def test_looking_at_a_part_of_a_folder_deletes_nothing(index: Index, tmp_path: Path) -> None:
    write(tmp_path / "docs", "a.txt", "b.txt", "c.md")
    index.ingest(tmp_path / "docs")
    report = index.ingest(FilesConnector(tmp_path / "docs", include=["*.md"]))
    assert (report.unchanged, report.deleted) == (1, 0)
    assert index.status().documents == 3


def test_a_folder_owns_what_came_in_from_within_it(index: Index, counting: CountingEmbedder, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs, "a.txt", "b.txt", "sub/c.txt", "sub/d.txt")
    index.ingest(docs / "a.txt")
    index.ingest(docs / "sub")
    index.ingest(docs)
    counting.passages.clear()
    for source in (docs, docs / "sub", docs / "a.txt", docs):
        report = index.ingest(source)
        assert (report.chunks, report.deleted) == (0, 0)
    (docs / "a.txt").unlink()
    (docs / "sub" / "c.txt").unlink()
    assert index.ingest(docs).deleted == 2
    assert index.status().documents == 2
    write(docs, "b.txt")
    (docs / "b.txt").write_text("Something else.")
    assert index.ingest(docs / "b.txt").updated == 1


def test_new_documents_do_not_hide_that_the_old_ones_vanished(index: Index) -> None:
    old = [Document(id=f"old/{n}", text=f"Notice number {n}.") for n in range(40)]
    index.ingest(source(old))
    new = [Document(id=f"new/{n}", text=f"Letter number {n}.") for n in range(200)]
    report = index.ingest(source(new))
    assert (report.added, report.deleted, report.refused_deletions) == (200, 0, 40)
