"""Repositories: what a commit has, and what differs between two."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from counterparts.git import Repository
from git_samples import changes, read
from interlingua.connectors.files import Limits
from interlingua.connectors.git import GitConnector
from interlingua.retrieval.errors import CursorLostError, SourceError
from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from support import SENTENCES


def test_a_file_is_a_document_with_its_blob_as_revision(repository: Repository) -> None:
    for tag, text in SENTENCES.items():
        repository.write(f"{tag}/text.txt", text.encode())
    repository.commit()
    items = list(repository.connector().documents())
    assert read(items) == {f"{tag}/text.txt": text for tag, text in sorted(SENTENCES.items())}
    (pending,) = [item for item in items if item.id == "git:handbook/ja/text.txt"]
    assert isinstance(pending, Pending)
    assert pending.revision == repository.run("rev-parse", "HEAD:ja/text.txt") + " version"  # its folder is a tag
    document = pending.read()
    assert isinstance(document, Document)
    assert (document.revision, document.metadata["path"]) == (pending.revision, "ja/text.txt")


def test_changes_are_what_differs_between_two_commits(repository: Repository) -> None:
    for name in ("a", "b", "deep/c"):
        repository.put(name, f"{name} one")
    connector = repository.connector()
    found, cursor = changes(connector, None)
    assert found == {"a.txt": "a one", "b.txt": "b one", "deep/c.txt": "deep/c one"}
    assert changes(connector, cursor) == ({}, cursor)
    repository.put("b", "b two")
    repository.delete("a")
    repository.rename("deep/c", "deep/d")
    repository.put("e", "e one")
    found, cursor = changes(connector, cursor)
    expected = {"a.txt": "GONE", "b.txt": "b two", "deep/c.txt": "GONE", "deep/d.txt": "deep/c one", "e.txt": "e one"}
    assert found == expected
    assert changes(connector, cursor)[0] == {}


def test_history_that_was_rewritten_is_a_difference_like_any_other(repository: Repository) -> None:
    repository.put("a", "one")
    connector = repository.connector()
    _, cursor = changes(connector, None)
    repository.run("checkout", "--quiet", "--orphan", "other")
    repository.put("b", "two")
    repository.delete("a")
    repository.run("branch", "--force", "main")
    repository.run("checkout", "--quiet", "main")
    assert changes(connector, cursor)[0] == {"a.txt": "GONE", "b.txt": "two"}


def test_a_commit_that_nobody_has_any_more_is_lost(repository: Repository) -> None:
    repository.put("a", "one")
    connector = repository.connector()
    _, cursor = changes(connector, None)
    unknown = json.dumps({**json.loads(cursor), "commit": "0123456789" * 4})
    with pytest.raises(CursorLostError, match="no longer in the repository"):
        changes(connector, unknown)


@pytest.mark.parametrize("cursor", ["", "[]", "{}", '{"commit": "--output=/x", "rules": ""}'])
def test_a_cursor_that_is_not_known_is_lost(repository: Repository, cursor: str) -> None:
    repository.put("a", "one")
    with pytest.raises(CursorLostError):
        changes(repository.connector(), cursor)


@pytest.mark.parametrize("commit", ["--output=trap", "HEAD:a", ""])
def test_a_cursor_holds_nothing_that_git_could_misunderstand(repository: Repository, commit: str) -> None:
    repository.put("a", "one")
    connector = repository.connector()
    _, cursor = changes(connector, None)
    with pytest.raises(CursorLostError, match="other patterns"):
        changes(connector, json.dumps({**json.loads(cursor), "commit": commit}))


def test_other_patterns_need_a_new_listing(repository: Repository) -> None:
    repository.put("a", "one")
    _, cursor = changes(repository.connector(), None)
    with pytest.raises(CursorLostError, match="other patterns"):
        changes(repository.connector(exclude=["b*"]), cursor)


def test_a_listing_that_broke_off_goes_on_at_its_commit_and_then_from_there(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        repository.put(name, "one")
    connector: Any = repository.connector()
    (*_, last) = connector.changes(None)
    cursor = json.dumps({**json.loads(last.cursor), "after": "a.txt"})  # as after the first thousand files
    repository.put("a", "two")
    repository.delete("b")
    items = list(connector.changes(cursor))
    ids = [item.id.removeprefix("git:handbook/") for item in items if not isinstance(item, Checkpoint)]
    assert ids == ["b.txt", "c.txt", "a.txt", "b.txt"]
    assert isinstance(items[3], Pending)
    assert isinstance(items[4], Gone)


def test_a_long_listing_has_checkpoints_on_the_way(repository: Repository) -> None:
    for number in range(1001):
        repository.write(f"{number:04}.txt", b"text")
    repository.commit()
    connector: Any = repository.connector()
    items = list(connector.changes(None))
    places = [number for number, item in enumerate(items) if isinstance(item, Checkpoint)]
    assert places == [1000, 1002]
    rest = list(connector.changes(items[1000].cursor))
    assert [getattr(item, "id", None) for item in rest] == ["git:handbook/1000.txt", None]


def test_rows_that_are_gone_from_a_table_are_gone(repository: Repository) -> None:
    repository.write("t.csv", b"id,text\n1,one\n2,two\n3,three\n")
    repository.write("u.csv", b"id,text\n1,one\n")
    repository.commit()
    connector = repository.connector()
    found, cursor = changes(connector, None)
    assert found == {"t.csv#1": "one", "t.csv#2": "two", "t.csv#3": "three", "u.csv#1": "one"}
    repository.write("t.csv", b"id,text\n1,one\n3,drei\n")
    (repository.tree / "u.csv").unlink()
    repository.commit()
    found, cursor = changes(connector, cursor)
    assert found == {"t.csv#1": "one", "t.csv#3": "drei", "t.csv#2": "GONE", "u.csv#": "GONE"}
    repository.write("t.csv", b"\xff\xfe\x00")
    repository.commit()
    found, cursor = changes(connector, cursor)
    assert "GONE" not in found.values()


def test_what_is_no_file_is_passed_over_or_a_skip(repository: Repository) -> None:
    inner = repository.tree / "inner"
    repository.put("a", "one")
    (repository.tree / "link.txt").symlink_to("/etc/passwd")
    (repository.tree / "folder").symlink_to("/etc")
    shutil.copytree(repository.tree / ".git", inner / ".git")
    repository.write("large.txt", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    repository.write("picture.png", b"\x89PNG\r\n\x1a\n\x00")
    repository.commit()
    found = read(repository.connector().documents())
    assert sorted(found) == ["a.txt", "large.txt", "picture.png"]
    assert found["a.txt"] == "one"
    assert found["large.txt"].startswith("a Git LFS pointer")
    assert found["picture.png"] == "unsupported format: a PNG image"


def test_a_file_that_becomes_a_link_is_gone_and_comes_back(repository: Repository) -> None:
    repository.put("a", "one")
    repository.put("b", "one")
    connector = repository.connector()
    _, cursor = changes(connector, None)
    link = repository.tree / "b.txt"
    for target in ("a.txt", "c.txt"):
        link.unlink()
        link.symlink_to(target)
        repository.commit()
        found, cursor = changes(connector, cursor)
        assert found == ({"b.txt": "GONE"} if target == "a.txt" else {})
        assert read(connector.documents()) == {"a.txt": "one"}
    link.unlink()
    repository.put("b", "two")
    assert changes(connector, cursor)[0] == {"b.txt": "two"}


def test_a_listing_that_broke_off_at_what_is_no_longer_listed_begins_anew(repository: Repository) -> None:
    for name in ("a", "b", "c"):
        repository.put(name, "one")
    connector: Any = repository.connector()
    (*_, last) = connector.changes(None)
    cursor = json.dumps({**json.loads(last.cursor), "after": "b.bak"})
    with pytest.raises(CursorLostError, match=r"no longer lists b\.bak"):
        list(connector.changes(cursor))


def test_a_huge_file_is_not_looked_at(repository: Repository) -> None:
    repository.put("a", "x" * 2000)
    (item,) = repository.connector(limits=Limits(max_file_bytes=1000)).documents()
    assert isinstance(item, Skip)
    assert item.reason == "has 2,000 bytes, more than 1,000 (Limits.max_file_bytes)"


def test_any_path_is_a_name(repository: Repository) -> None:
    names = ["a b.txt", '"quoted"\t.txt', "-rf.txt", ":(glob)*.txt", "größe.txt", "गीत\n.txt"]
    for name in names:
        repository.write(name, name.encode())
    Path(os.fsdecode(bytes(repository.tree) + b"/\xff\xfe.txt")).write_text("bytes")
    repository.commit()
    found = read(repository.connector().documents())
    assert found == {**{name: name for name in names}, "\\xff\\xfe.txt": "bytes"}


def test_a_folder_and_patterns_choose_what_is_read(repository: Repository) -> None:
    for name in ("a", "docs/b", "docs/deep/c", "docs/drafts/d", "docs/.hidden/e"):
        repository.put(name, name)
    connector = repository.connector(subfolder="docs/", exclude=["drafts/"])
    assert connector.source == "git:handbook/docs"
    assert read(connector.documents()) == {"docs/b.txt": "docs/b", "docs/deep/c.txt": "docs/deep/c"}
    _, cursor = changes(connector, None)
    repository.put("a", "two")
    repository.put("docs/drafts/d", "two")
    repository.put("docs/b", "two")
    assert changes(connector, cursor)[0] == {"docs/b.txt": "two"}
    included = repository.connector(include=["**/deep/"])
    assert (read(included.documents()), included.complete) == ({"docs/deep/c.txt": "docs/deep/c"}, False)


def test_a_folder_that_is_gone_is_no_empty_one(repository: Repository) -> None:
    repository.put("docs/a", "one")
    connector = repository.connector(subfolder="docs")
    _, cursor = changes(connector, None)
    repository.put("b", "two")
    repository.delete("docs/a")
    with pytest.raises(SourceError, match="docs"):
        list(connector.documents())
    with pytest.raises(SourceError, match="docs"):
        changes(connector, cursor)


def test_a_branch_or_a_tag_can_be_read(repository: Repository) -> None:
    repository.put("a", "one")
    repository.run("tag", "v1")
    repository.run("branch", "release/1")
    repository.put("a", "two")
    for branch, text in (("v1", "one"), ("release/1", "one"), ("main", "two"), (None, "two")):
        assert read(repository.connector(branch=branch).documents()) == {"a.txt": text}
    with pytest.raises(SourceError, match="couldn't find remote ref nowhere"):
        list(repository.connector(branch="nowhere").documents())


def test_a_repository_is_called_the_same_however_it_is_reached() -> None:
    urls = ["https://example.org/o/r.git", "https://example.org/o/r", "ssh://git@example.org/o/r.git"]
    urls += ["git@example.org:o/r.git"]
    assert {GitConnector(url).source for url in urls} == {"git:example.org/o/r"}


def test_a_path_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me:x@y").mkdir()
    assert GitConnector("me:x@y").source == f"git:{tmp_path}/me:x@y"
    assert GitConnector("git@example.org:o/r@2").source == "git:example.org/o/r@2"
