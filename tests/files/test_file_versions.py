"""Files whose names say their language are versions of the file without one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from interlingua import Document, FilesConnector, Index
from interlingua.connectors.contract import check_connector
from interlingua.connectors.files.entries import Entry, grouped
from interlingua.connectors.files.versions import named
from interlingua.retrieval.types import Pending
from support import SENTENCES, CountingEmbedder


@pytest.mark.parametrize(
    ("path", "language", "original"),
    [
        ("guide.de.md", "de", "guide.md"),
        ("docs/de/guide.md", "de", "docs/guide.md"),
        ("docs/zh-Hans/guide.md", "zh-Hans", "docs/guide.md"),
        ("docs/zh_TW/guide.md", "zh-Hant", "docs/guide.md"),
        ("docs/pt_BR/Leitfaden.v2.pdf", "pt", "docs/Leitfaden.v2.pdf"),
        ("guide.pt-br.html", "pt", "guide.html"),
        ("es-419/guia.md", "es", "guia.md"),
        ("sr-Latn/a/b.md", "sr-Latn", "a/b.md"),
        ("fil/ガイド.md", "fil", "ガイド.md"),
        ("de/guide.de.md", "de", "guide.md"),
        ("it/guide.de.md", "de", "it/guide.md"),
        ("it/de/guide.de.md", "de", "it/guide.md"),
        ("faq.ar.csv", "ar", "faq.csv"),
        ("de-AT/preise.md", "de", "preise.md"),
        ("fr-ca/prix.md", "fr", "prix.md"),
        ("zh_tw/guide.md", "zh-Hant", "guide.md"),
        ("sr-latn-rs/guide.md", "sr-Latn", "guide.md"),
        ("en/io/file.md", "en", "io/file.md"),
    ],
)
def test_a_tag_in_the_name_or_as_a_folder_is_the_language(path: str, language: str, original: str) -> None:
    said = named(path)
    assert said is not None
    assert (said.language, said.original) == (language, original)


@pytest.mark.parametrize(
    "path",
    [
        "guide.md", "de.md", ".de.md", "de", "guide.de", "guide.v2.md", "guide-de.md",
        "no/it/guide.md", "de/x/de/guide.md", "DE/guide.md", "German/guide.md", "deu/guide.md", "mar/report.md",
        "en-docs/guide.md", "de-Deva/guide.md", "xx/guide.md", "und/guide.md", "tlh/guide.md", "guide.tar.md",
        "to-do/notes.md", "notes.to-do.md", "my-pc/a.md", "as-is/a.md", "no-go/a.md", "ko-fi/a.md", "am-pm/a.md",
        "my-cv/cv.pdf", "co_op/a.md", "se-123/a.md", "de-ZX/a.md", "de-At/a.md", "de-latn-zx/a.md",
        "app.min.js", "style.min.html", "ext/README.md", "2024/mai/bericht.pdf", "io/file.md", "os/linux.md",
    ],
)  # fmt: skip
def test_other_words_say_nothing(path: str) -> None:
    assert named(path) is None


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def read(connector: FilesConnector) -> dict[str, Document]:
    items = [item.read() if isinstance(item, Pending) else item for item in connector.documents()]
    return {item.id: item for item in items if isinstance(item, Document)}


def groups(folder: Path, **options: Any) -> dict[str, Any]:
    found = read(FilesConnector(folder, name="docs", **options))
    return {name: document.metadata.get("translation_group") for name, document in found.items()}


def test_the_group_is_the_id_of_the_original_which_needs_no_mark(tmp_path: Path) -> None:
    write(tmp_path, {"guide.md": "a", "de/guide.md": "b", "guide.ja.md": "c", "other.md": "d"})
    assert groups(tmp_path) == {
        "docs/guide.md": None,
        "docs/de/guide.md": "docs/guide.md",
        "docs/guide.ja.md": "docs/guide.md",
        "docs/other.md": None,
    }
    check_connector(lambda: FilesConnector(tmp_path))


def test_a_document_does_not_change_when_a_version_of_it_comes(tmp_path: Path) -> None:
    write(tmp_path, {"guide.md": "a", "guide.de.md": "b"})
    before = read(FilesConnector(tmp_path))
    write(tmp_path, {"guide.fr.md": "c", "es/guide.md": "d"})
    assert before.items() <= read(FilesConnector(tmp_path)).items()


def test_a_file_that_is_called_otherwise_has_no_group() -> None:
    entry = Entry(
        document_id="handbook", relative="guide.de.md", size=1, revision="r",
        local=lambda: nullcontext(""), stream=BytesIO,
    )  # fmt: skip
    assert grouped(entry) is entry
    own = grouped(replace(entry, document_id="handbook/guide.de.md"))
    assert (own.group, own.revision) == ("handbook/guide.md", "r version")
    assert grouped(replace(entry, document_id="handbook/guide.de.md", revision="")).revision == ""


def test_two_sources_do_not_share_a_group(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"guide.de.md": "a"})
    other = write(tmp_path / "other", {"guide.de.md": "a"})
    said = [
        document.metadata["translation_group"]
        for place in (one, other)
        for document in read(FilesConnector(place)).values()
    ]
    assert len(set(said)) == 2


def test_what_a_row_says_itself_counts_and_rows_need_an_id(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "faq.de.csv": f"id,text,translation_group\n1,{SENTENCES['de']},\n2,Zweite Frage,own\n",
            "rows.de.csv": f"text,x\n{SENTENCES['de']},y\n",
        },
    )
    assert groups(tmp_path) == {
        "docs/faq.de.csv#1": "docs/faq.csv#1",
        "docs/faq.de.csv#2": "own",
        "docs/rows.de.csv#1": None,
    }


def test_it_can_be_turned_off_and_on_and_nothing_is_embedded_again(
    tmp_path: Path, index: Index, counting: CountingEmbedder
) -> None:
    folder = write(tmp_path / "docs", {"guide.md": SENTENCES["en"], "guide.de.md": SENTENCES["de"]})
    assert set(groups(folder, translations=False).values()) == {None}

    def stored() -> set[Any]:
        return {one.chunk.metadata.get("translation_group") for one in index.store.scan()}

    index.ingest(FilesConnector(folder, name="docs", translations=False))
    assert stored() == {None}
    embedded = len(counting.passages)
    report = index.ingest(FilesConnector(folder, name="docs"))
    assert (report.updated, report.unchanged) == (1, 1)  # the original is not even read
    assert stored() == {None, "docs/guide.md"}
    index.ingest(FilesConnector(folder, name="docs", translations=False))
    assert stored() == {None}
    assert len(counting.passages) == embedded
