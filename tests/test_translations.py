"""What `interlingua translations` says of the versions of documents."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from interlingua import Document, FilesConnector, Index
from interlingua.app.cli import app
from interlingua.app.translations import LanguageCounts, TranslationGroup
from interlingua.connectors.revisions import changed
from interlingua.retrieval.errors import FilterError
from interlingua.retrieval.types import Chunk
from support import SENTENCES, NgramEmbedder
from typer.testing import CliRunner

THEN, LATER = 1_700_000_000, 1_700_090_000


@pytest.fixture
def index(open_index: Callable[..., Index]) -> Index:
    return open_index(embedder=NgramEmbedder())


def write(folder: Path, files: dict[str, str], *, at: float = THEN) -> None:
    """Files with the sentences of these languages (of several: one after the other), last changed at that time."""
    for name, tags in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(SENTENCES[tag] for tag in tags.split()), encoding="utf-8")
        os.utime(path, (at, at))


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    write(folder, {"guide.md": "en", "guide.de.md": "de", "ja/guide.md": "ja"})
    write(folder, {"start.md": "en", "start.de.md": "de", "start.ja.md": "en", "alone.md": "ko"})
    write(folder, {"new.md": "en", "new.de.md": "de"})
    return folder


def groups(index: Index, **options: Any) -> dict[str, TranslationGroup]:
    return {group.name: group for group in index.translations(**options).groups}


def test_what_is_missing_and_what_is_not_translated(index: Index, docs: Path) -> None:
    index.ingest(FilesConnector(docs, name="docs"))
    found = index.translations()
    assert found.expected == ("de", "en")  # Japanese is in one group only
    found = index.translations(languages=["German", "ja"])
    guide, new, start = found.groups
    assert [group.name for group in found.groups] == ["docs/guide.md", "docs/new.md", "docs/start.md"]
    assert [group.missing for group in found.groups] == [(), ("ja",), ()]
    assert [[one.document_id for one in group.untranslated] for group in found.groups] == [[], [], ["docs/start.ja.md"]]
    assert [group.complete for group in found.groups] == [True, False, False]
    assert {one.document_id: (one.language, one.named) for one in (*guide.versions, *start.versions)} == {
        "docs/guide.md": ("en", None),
        "docs/guide.de.md": ("de", "de"),
        "docs/ja/guide.md": ("ja", "ja"),
        "docs/start.md": ("en", None),
        "docs/start.de.md": ("de", "de"),
        "docs/start.ja.md": ("en", "ja"),
    }
    assert new.original is not None
    assert new.original.document_id == "docs/new.md"
    assert found.single == 1
    assert found.languages["ja"] == LanguageCounts(present=1, missing=1, outdated=0, untranslated=1)
    assert found.languages["de"] == LanguageCounts(present=3, missing=0, outdated=0, untranslated=0)
    with pytest.raises(FilterError, match="Germn"):
        index.translations(languages=["Germn"])


def test_the_language_of_a_document_is_that_of_most_of_its_text(index: Index, docs: Path) -> None:
    long = "\n\n".join([SENTENCES["ja"], *[f"{SENTENCES['de']} Absatz {n} von vielen." for n in range(60)]])
    (docs / "guide.de.md").write_text(long, encoding="utf-8")
    index.ingest(FilesConnector(docs, name="docs"))
    guide = groups(index)["docs/guide.md"]
    assert [one.language for one in guide.versions if one.named == "de"] == ["de"]
    (docs / "guide.de.md").write_text("4711 0815", encoding="utf-8")
    index.ingest(FilesConnector(docs, name="docs"))
    guide = groups(index)["docs/guide.md"]
    assert [one.language for one in guide.versions if one.named == "de"] == ["und"]
    assert (guide.untranslated, guide.missing) == ((), ("de",))  # nobody knows what it is in


def test_a_version_last_changed_before_the_original_is_outdated(index: Index, docs: Path) -> None:
    write(docs, {"guide.md": "en"}, at=LATER)
    write(docs, {"ja/guide.md": "ja"}, at=LATER - 30)  # within the minute that a checkout takes
    write(docs, {"start.md": "en"}, at=LATER)
    write(docs, {"guide.en.md": "en"})  # older, and no translation
    index.ingest(FilesConnector(docs, name="docs"))
    found = groups(index)
    assert [one.document_id for one in found["docs/guide.md"].outdated] == ["docs/guide.de.md"]
    assert [one.document_id for one in found["docs/start.md"].outdated] == ["docs/start.de.md"]  # not the copy
    assert {one.known for one in found["docs/guide.md"].versions} == {"file"}
    assert groups(index, original="ja")["docs/guide.md"].outdated[0].document_id == "docs/guide.de.md"
    assert groups(index, original="de")["docs/guide.md"].outdated == ()
    assert groups(index, original="ko")["docs/guide.md"].original is None


def ingested(index: Index, document: Document, at: str) -> None:
    """Store a document as if that had been then."""
    index.ingest(document)

    def then(chunk: Chunk) -> Chunk:
        assert chunk.origin is not None
        return replace(chunk, origin=replace(chunk.origin, updated=at))

    stored = [one for one in index.store.scan(vectors=True) if one.chunk.document_id == document.id]
    index.store.upsert([then(one.chunk) for one in stored], [one.vector for one in stored])  # type: ignore[arg-type]


def version(tag: str, **metadata: Any) -> Document:
    return Document(id=tag, text=SENTENCES[tag], metadata={"translation_group": "g", **metadata})


def test_without_times_of_the_source_those_of_ingests_count_when_a_day_apart(index: Index) -> None:
    ingested(index, version("en"), "2026-03-10T12:00:00+00:00")
    ingested(index, version("de"), "2026-03-09T13:00:00+00:00")
    ingested(index, version("ja"), "2026-03-09T11:00:00+00:00")
    group = groups(index, original="en")["g"]
    assert [one.document_id for one in group.outdated] == ["ja"]
    assert {one.known for one in group.versions} == {"index"}
    ingested(index, version("ko", modified="2020-01-01"), "2026-03-09T11:00:00+00:00")
    assert [one.document_id for one in groups(index, original="en")["g"].outdated] == ["ja"]  # two clocks


@pytest.mark.parametrize("key", ["modified", "updated", "last_modified", "updated_at", "stand"])
def test_metadata_say_when_a_document_was_changed(index: Index, key: str) -> None:
    index.ingest([version("en", **{key: dt.date(2026, 3, 2)}), version("de", **{key: "2026-03-01T23:00:00-05:00"})])
    index.ingest(version("ja", **{key: "2026-02-28"}))
    options = {"modified": "stand"} if key == "stand" else {}
    assert [one.document_id for one in groups(index, original="en", **options)["g"].outdated] == ["ja"]


def test_times_of_different_clocks_are_not_compared(index: Index, docs: Path) -> None:
    write(docs, {"guide.md": "en"}, at=LATER)
    (docs / "guide.de.md").write_text(f"---\nmodified: 2020-01-10\n---\n{SENTENCES['de']}", encoding="utf-8")
    index.ingest(FilesConnector(docs, name="docs"))
    group = groups(index)["docs/guide.md"]
    assert {one.document_id: one.known for one in group.versions} == {
        "docs/guide.md": "file",
        "docs/guide.de.md": "metadata",
        "docs/ja/guide.md": "file",
    }
    assert [one.document_id for one in group.outdated] == ["docs/ja/guide.md"]


def test_a_day_without_a_time_is_compared_with_days(index: Index) -> None:
    index.ingest([version("en", modified="2026-03-01T09:00:00Z"), version("de", modified="2026-03-01")])
    index.ingest([version("ja", modified="2026-02-28"), version("ko", modified="2026-03-01T08:00:00Z")])
    assert [one.document_id for one in groups(index, original="en")["g"].outdated] == ["ja", "ko"]
    assert [one.document_id for one in groups(index, original="de")["g"].outdated] == ["ja"]


def test_a_near_relative_of_what_the_name_says_is_a_translation(index: Index) -> None:
    texts = {"g.md": ("en", "The garden."), "g.id.md": ("ms", "Semua manusia."), "g.it.md": ("en", "The house.")}
    for name, (tag, text) in texts.items():
        metadata = {"path": name, "translation_group": "g.md"}
        index.ingest(Document(id=name, text=text, language=tag, metadata=metadata))
    group = groups(index, languages=["id", "it", "ms"])["g.md"]
    assert {one.document_id: one.language for one in group.versions} == {
        "g.md": "en",
        "g.id.md": "id",
        "g.it.md": "en",
    }
    assert [one.document_id for one in group.untranslated] == ["g.it.md"]
    assert group.missing == ("ms",)


def test_the_original_is_the_default_of_hreflang_else_in_the_language_of_most_groups(index: Index) -> None:
    links = {tag: f"https://example.org/{tag}" for tag in ("de", "ja", "ko")}
    pages = [
        Document(id=link, text=SENTENCES[tag], metadata={"translation_group": links["ja"], "alternates": links})
        for tag, link in links.items()
    ]
    index.ingest([*pages, *(replace(version("ko"), id=str(n), metadata={"translation_group": f"{n}"}) for n in (1, 2))])

    def original() -> str | None:
        first = groups(index)[links["ja"]].original
        return None if first is None else first.document_id

    assert original() == links["ko"]
    default = {**links, "x-default": links["ja"]}
    index.ingest([replace(one, metadata={**one.metadata, "alternates": default}) for one in pages])
    assert original() == links["ja"]
    assert [one.named for one in groups(index)[links["ja"]].versions] == ["de", "ja", "ko"]


def test_scripts_and_members_of_a_language_are_that_language(index: Index) -> None:
    index.ingest([version("zh-Hans", path="zh/g"), version("en")])
    assert groups(index, languages=["zh"])["g"].missing == ()
    assert groups(index, languages=["zh-Hans"])["g"].missing == ()
    assert groups(index, languages=["zh-Hant"])["g"].missing == ("zh-Hant",)


def test_a_path_that_has_nothing_to_do_with_the_group_says_nothing(index: Index) -> None:
    index.ingest([version("en", path="it/handbook.md"), version("de", path="fr/g")])
    assert {one.document_id: one.named for one in groups(index)["g"].versions} == {"en": None, "de": "fr"}


def test_rows_of_tables_are_versions_too(index: Index, tmp_path: Path) -> None:
    for tag in ("de", "ja"):
        (tmp_path / f"faq.{tag}.csv").write_text(f"id,text\n7,{SENTENCES['de']}\n", encoding="utf-8")
    index.ingest(FilesConnector(tmp_path, include=["*.csv"], name="t"))
    group = groups(index)["t/faq.csv#7"]
    assert [one.document_id for one in group.untranslated] == ["t/faq.ja.csv#7"]


@pytest.mark.parametrize(
    ("revision", "at"),
    [
        ("12-1700000000000000000 version 1.256.0", "2023-11-14T22:13:20+00:00"),
        ("None-1700000000", "2023-11-14T22:13:20+00:00"),
        ("12-2023-11-14T22:13:20+00:00 1.256.0", "2023-11-14T22:13:20+00:00"),
        ("9a0364b9e99bb480dd25e1f0284c8555-3", None),
        ("12-7", None),
        ("12-inf", None),
        ("12-nan", None),
        ("1dfac9aec7248f5d206acf459c89a749262bd8bd", None),
        ("", None),
    ],
)
def test_revisions_of_files_say_when_they_were_changed(revision: str, at: str | None) -> None:
    found = changed(revision)
    assert (None if found is None else found.isoformat()) == at


def run(*arguments: str) -> Any:
    return CliRunner(env={"COLUMNS": "80", "INTERLINGUA_EMBEDDER": "support:NgramEmbedder"}).invoke(app, [*arguments])


def test_the_command_lists_what_is_to_be_done(open_index: Callable[..., Index], docs: Path) -> None:
    write(docs, {"guide.md": "en"}, at=LATER)
    write(docs, {"\u202eספר/מדריך.md": "he", "\u202eספר/מדריך.de.md": "de"})
    write(docs, {"\u202eספר/מדריך.md": "he"}, at=LATER)
    with open_index(".interlingua", embedder=NgramEmbedder()) as index:
        index.ingest(FilesConnector(docs, name="docs"))
    shown = run("translations", "-l", "de", "-l", "ja")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split() for line in lines[:3]] == [
        ["language", "present", "missing", "outdated", "untranslated"],
        ["de", "(German)", "4", "0", "2", "0"],
        ["ja", "(Japanese)", "1", "2", "1", "1"],
    ]
    assert "Groups: 4, of 10 documents; complete: 0. Documents in no group: 1." in lines
    text = shown.stdout
    assert "  outdated      de: docs/guide.de.md\n" in text
    assert "changed 2023-11-14 22:13, original 2023-11-15 23:13" in text
    assert "  untranslated  ja, still en: docs/start.ja.md\n" in text
    assert "docs/new.md\n  in            de, en\n  missing       ja\n" in text
    assert "\u202e" not in text  # it would turn round what is written after it
    assert "docs/\\u202eספר/מדריך.md\n" in text
    assert "de: docs/\\u202eספר/מדריך.de.md\n" in text
    assert "docs/guide.md" not in run("translations", "-l", "de", "--original", "de").stdout
    assert "docs/guide.md" in run("translations", "-l", "de", "--original", "de", "--all").stdout
    found = json.loads(run("translations", "-l", "ja", "--json").stdout)
    assert [group["missing"] for group in found["groups"]] == [[], ["ja"], [], ["ja"]]
    assert found["groups"][0]["outdated"] == ["docs/guide.de.md", "docs/ja/guide.md"]
    assert found["documents_without_versions"] == 1


def test_an_index_without_groups_says_what_one_is(open_index: Callable[..., Index]) -> None:
    with open_index(".interlingua", embedder=NgramEmbedder()) as index:
        index.ingest(Document(id="a", text=SENTENCES["ja"]))
    shown = run("translations")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "guide.de.md" in shown.stderr
    assert json.loads(run("translations", "--json").stdout)["groups"] == []
