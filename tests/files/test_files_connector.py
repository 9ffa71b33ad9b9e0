"""What a folder gives: which files, in which order, under which ids."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from interlingua.connectors.files import FilesConnector, Limits
from interlingua.retrieval.errors import ConfigurationError, InputError
from interlingua.retrieval.protocols import Connector
from interlingua.retrieval.types import Pending, Skip
from reading_helpers import read_all, read_one


def fill(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Inhalt von {name}", encoding="utf-8")


def names(root: Path, **options: object) -> list[str]:
    """Relative ids in the order given."""
    found = list(FilesConnector(root, name="n", **options).documents())  # type: ignore[arg-type]
    return [item.id.removeprefix("n/") for item in found]


def test_a_connector_says_what_it_reads(tmp_path: Path) -> None:
    connector: Connector = FilesConnector(tmp_path)
    assert connector.source == f"files:{tmp_path}"
    assert FilesConnector(tmp_path / "x" / "..", name="corpus").source == "files:corpus"
    assert FilesConnector(tmp_path / "x" / "..").source == f"files:{tmp_path}"
    assert connector.complete


def test_a_folder_is_listed_in_the_same_order_every_time(tmp_path: Path) -> None:
    fill(tmp_path, "b.txt", "a/z.txt", "a/y/x.md", "c.txt", "Ä.txt")
    expected = ["a/y/x.md", "a/z.txt", "b.txt", "c.txt", "Ä.txt"]
    connector = FilesConnector(tmp_path, name="n")
    for _ in range(2):
        assert [item.id for item in connector.documents()] == [f"n/{name}" for name in expected]


def test_ids_are_absolute_paths_or_begin_with_the_name(tmp_path: Path) -> None:
    fill(tmp_path, "sub/a.txt")
    document = read_one(tmp_path)
    assert document.id == f"{tmp_path}/sub/a.txt"
    assert document.url == (tmp_path / "sub/a.txt").as_uri()
    assert document.metadata == {"path": "sub/a.txt", "format": "text"}
    assert read_one(tmp_path / "sub/a.txt").id == document.id
    assert read_one(tmp_path, name="corpus").id == "corpus/sub/a.txt"
    assert read_one(tmp_path / "sub/a.txt", name="corpus").id == "corpus/a.txt"


def test_a_path_relative_to_the_present_folder_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a.txt")
    monkeypatch.chdir(tmp_path)
    assert read_one(Path("a.txt")).id == f"{tmp_path}/a.txt"


def test_a_missing_path_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.*no such file.*Give the path"):
        FilesConnector(tmp_path / "nowhere").documents()


def test_hidden_files_and_tool_folders_are_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, ".secret.txt", ".git/a.txt", ".venv/a.txt", "venv/a.txt", "node_modules/a.md", ".interlingua/a.txt")
    fill(tmp_path, "x/__pycache__/a.txt", "~$word.docx", "a.txt")
    assert names(tmp_path) == ["a.txt"]
    assert names(tmp_path, hidden=True) == [".secret.txt", ".venv/a.txt", "a.txt", "~$word.docx"]


def test_ignore_files_are_honoured_where_they_stand(tmp_path: Path) -> None:
    fill(tmp_path, "a.log", "keep.log", "build/a.txt", "sub/a.txt", "sub/b.txt", "sub/deep/b.txt", "b.txt")
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\nbuild/\n!\n", encoding="utf-8")
    (tmp_path / "sub/.gitignore").write_text("/b.txt\n", encoding="utf-8")
    assert names(tmp_path) == ["b.txt", "keep.log", "sub/a.txt", "sub/deep/b.txt"]
    (tmp_path / ".interlinguaignore").write_text("!a.log\nsub\n", encoding="utf-8")
    assert names(tmp_path) == ["a.log", "b.txt", "keep.log"]
    assert "build/a.txt" in names(tmp_path, ignore_files=False)


def test_patterns_that_would_take_years_are_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, "a" * 250 + ".txt", "/".join("a" * 60) + "/b.txt", "x-1-2.log")
    lines = ["*a" * 60 + "c", "**/a/" * 30 + "c", "*-*-*.log", "**/nothing/**/*.md"]
    (tmp_path / ".gitignore").write_text("\n".join(lines), encoding="utf-8")
    assert len(names(tmp_path)) == 2


def test_include_and_exclude_choose_by_pattern(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "b.txt", "docs/c.md", "docs/old/d.md", "docs/e.pdf")
    assert names(tmp_path, include=["*.md"]) == ["a.md", "docs/c.md", "docs/old/d.md"]
    assert names(tmp_path, include=["docs/"]) == ["docs/c.md", "docs/e.pdf", "docs/old/d.md"]
    assert names(tmp_path, include=["*.md"], exclude=["old/", "/a.md"]) == ["docs/c.md"]
    with pytest.raises(ConfigurationError, match="exclude"):
        FilesConnector(tmp_path, exclude=["!"])


def test_links_inside_the_folder_add_nothing_and_loops_end(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "sub/b.txt")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "sub/up").symlink_to("..")
    (tmp_path / "copy.txt").symlink_to("a.txt")
    (tmp_path / "sub2").symlink_to("sub")
    assert names(tmp_path) == ["a.txt", "sub/b.txt"]


def test_links_into_hidden_folders_are_followed(tmp_path: Path) -> None:
    # This is how Kubernetes mounts configuration.
    fill(tmp_path, "..2024_03/a.txt")
    (tmp_path / "..data").symlink_to("..2024_03")
    (tmp_path / "a.txt").symlink_to("..data/a.txt")
    assert names(tmp_path) == ["a.txt"]
    assert "2024_03" in read_one(tmp_path).text


def test_links_that_leave_the_folder_are_followed_on_request_only(tmp_path: Path) -> None:
    fill(tmp_path, "root/a.txt", "other/b.txt")
    (tmp_path / "root/link").symlink_to(tmp_path / "other")
    (tmp_path / "root/link2").symlink_to(tmp_path / "other")
    (tmp_path / "other/back").symlink_to(tmp_path / "root")
    (tmp_path / "root/above").symlink_to(tmp_path)
    _, skips = read_all(tmp_path / "root", name="n")
    assert set(skips) == {"n/link", "n/link2", "n/above"}
    assert names(tmp_path / "root", follow_symlinks=True) == ["a.txt", "link/b.txt"]


def test_a_folder_that_cannot_be_listed_protects_what_is_stored_below_it(tmp_path: Path) -> None:
    # Root may list every folder, so this one is made unlistable by the length of its path.
    fill(tmp_path, "a.txt")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    *_, last = FilesConnector(tmp_path, name="n").documents()
    skips = [item for item in FilesConnector(tmp_path, name="n").documents() if isinstance(item, Skip)]
    assert last.id
    assert len(skips) == 1
    assert skips[0].prefix == skips[0].id.endswith("/")
    assert "name too long" in skips[0].reason


def test_a_file_that_vanishes_before_it_is_read_is_skipped(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    (item,) = FilesConnector(tmp_path).documents()
    (tmp_path / "a.txt").unlink()
    assert isinstance(item, Pending)
    found = item.read()
    assert isinstance(found, Skip)
    assert "no such file" in found.reason


def test_a_file_that_becomes_a_fifo_before_it_is_read_is_skipped(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    (item,) = FilesConnector(tmp_path).documents()
    (tmp_path / "a.txt").unlink()
    os.mkfifo(tmp_path / "a.txt")
    assert isinstance(item, Pending)
    found = item.read()
    assert isinstance(found, Skip)
    assert "FIFO" in found.reason


def test_unknown_extensions_are_read_when_they_hold_text(tmp_path: Path) -> None:
    fill(tmp_path, "LICENSE", "a.py")
    (tmp_path / "page").write_text("<!DOCTYPE html><title>T</title><p>Absatz", encoding="utf-8")
    documents, skips = read_all(tmp_path, name="n")
    assert not skips
    assert {name: document.metadata["format"] for name, document in documents.items()} == {
        "n/LICENSE": "text",
        "n/a.py": "text",
        "n/page": "html",
    }


def test_limits_are_named_in_the_reason(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "b.html")
    _, skips = read_all(tmp_path, name="n", limits=Limits(max_characters=5))
    assert all("max_characters" in skip.reason for skip in skips.values())
    assert len(skips) == 2
    _, skips = read_all(tmp_path, name="n", limits=Limits(max_file_bytes=5))
    assert all("max_file_bytes" in skip.reason for skip in skips.values())
    assert len(skips) == 2
