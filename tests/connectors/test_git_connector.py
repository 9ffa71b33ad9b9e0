"""Repositories: what a commit has, what differs between two, and what must never happen."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import interlingua
import pytest
from counterparts.git import Repository
from counterparts.git import opened as opened_repository
from interlingua.connectors.files import Limits
from interlingua.connectors.git import GitConnector
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from support import SENTENCES

TOKEN = "correct-horse-battery-staple"


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with opened_repository(tmp_path) as counterpart:
        yield counterpart


def read(items: Any) -> dict[str, str]:
    """Texts by path, the reasons of skips, and GONE."""
    found: dict[str, str] = {}
    for item in items:
        if isinstance(item, Checkpoint):
            continue
        path = item.id.removeprefix("git:handbook/")
        assert path not in found, "given twice"
        whole = item.read() if isinstance(item, Pending) else item
        found[path] = "GONE" if isinstance(whole, Gone) else whole.text if isinstance(whole, Document) else whole.reason
    return found


def changes(connector: Any, since: str | None) -> tuple[dict[str, str], str]:
    items = list(connector.changes(since))
    last = items[-1]
    assert isinstance(last, Checkpoint)
    return read(items), last.cursor


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


def test_a_commit_that_is_not_in_the_cache_is_fetched_again(repository: Repository) -> None:
    repository.put("a", "one")
    _, cursor = changes(repository.connector(), None)
    repository.put("b", "two")
    shutil.rmtree(repository.cache)
    assert changes(repository.connector(), cursor)[0] == {"b.txt": "two"}
    assert changes(repository.connector(cache=None), cursor)[0] == {"b.txt": "two"}


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


def test_a_source_that_is_down_or_half_there_is_no_empty_one(repository: Repository) -> None:
    repository.put("a", "one")
    repository.put("deep/c", "one")
    with repository.down(), pytest.raises(SourceError, match="git fetch of"):
        list(repository.connector().documents())
    with repository.half(), pytest.raises(SourceError, match="git fetch of"):
        list(repository.connector().documents())
    assert len(read(repository.connector().documents())) == 2


def test_nothing_of_the_repository_is_ever_run(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    command = f"touch {trap}"
    repository.write(".gitattributes", b"* filter=trap diff=trap\n")
    repository.write("a.txt", b"one")
    repository.commit()
    for key in ("filter.trap.smudge", "diff.trap.textconv", "core.fsmonitor", "diff.external", "core.pager"):
        repository.run("config", key, command)
    for folder in (repository.tree / ".git" / "hooks", repository.cache):
        folder.mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "post-update", "pre-auto-gc"):
        path = repository.tree / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)
    connector = repository.connector()
    _, cursor = changes(connector, None)
    (kept,) = repository.cache.iterdir()
    (kept / "hooks").mkdir(exist_ok=True)
    shutil.copy(repository.tree / ".git" / "hooks" / "reference-transaction", kept / "hooks")
    harmless = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
    repository.run(*harmless, "commit", "--quiet", "--allow-empty", "-m", "change")
    assert changes(connector, cursor)[0] == {}
    assert not trap.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("--upload-pack=touch /tmp/x", "begins with https://"),
        ("ext::sh -c 'touch /tmp/x'", "begins with https://"),
        ("", "begins with https://"),
        ("https://host/a\nb", "begins with https://"),
        ("ftp://host/r", "not read through ftp://"),
        ("https://me:hunter2@host/r", "holds a user or a password"),
        ("https://hunter2@host/r", "holds a user or a password"),
        ("https://host/r?t=hunter2", "has a query"),
        ("oauth2:hunter2@host/team/r.git", "holds a user or a password"),
        ("me:hunter2@host:team/r.git", "holds a user or a password"),
        ("me:hun/ter2@host:team/r.git", "holds a user or a password"),
        ("file://me:hunter2@host/r", "holds a user or a password"),
        ("ssh://-oProxyCommand=x/r", "has no host"),
        ("-oProxyCommand=x:r", "begins with https://"),
    ],
)
def test_a_url_that_git_could_misunderstand_is_refused_at_once(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        GitConnector(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("branch", ["--all", "a b", "a:b", "+a", "a..b", "^a", ""])
def test_a_branch_that_git_could_misunderstand_is_refused_at_once(branch: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name of a branch"):
        GitConnector("https://host/r", branch=branch)


def test_a_repository_is_called_the_same_however_it_is_reached() -> None:
    urls = ["https://example.org/o/r.git", "https://example.org/o/r", "ssh://git@example.org/o/r.git"]
    urls += ["git@example.org:o/r.git"]
    assert {GitConnector(url).source for url in urls} == {"git:example.org/o/r"}


def test_a_path_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me:x@y").mkdir()
    assert GitConnector("me:x@y").source == f"git:{tmp_path}/me:x@y"
    assert GitConnector("git@example.org:o/r@2").source == "git:example.org/o/r@2"


def test_a_repository_that_is_too_large_is_refused(repository: Repository) -> None:
    repository.write("a.bin", os.urandom(300_000))
    repository.commit()
    with pytest.raises(SourceError, match=r"larger than 100,000 bytes \(max_bytes\)") as caught:
        list(repository.connector(max_bytes=100_000).documents())
    assert caught.value.permanent


class _Server(BaseHTTPRequestHandler):
    """git's own server behind a password, as a CGI program."""

    def __init__(self, root: Path, *args: Any) -> None:
        self._root = root
        super().__init__(*args)

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if self.headers.get("Authorization") is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment, timeout=60)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 (http.server's name)

    def log_message(self, *_: object) -> None:
        pass


def test_a_token_opens_a_repository_and_is_told_to_nobody(repository: Repository) -> None:
    repository.put("a", "one")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Server, repository.tree.parent))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/tree/.git"
        options: dict[str, Any] = {"cache": str(repository.cache), "name": "handbook"}
        connector = GitConnector(url, token=TOKEN, **options)
        found, cursor = changes(connector, None)
        assert found == {"a.txt": "one"}
        with pytest.raises(SourceError) as caught:
            list(GitConnector(url, **options).documents())
        assert caught.value.permanent
        with pytest.raises(SourceError) as missing:
            list(GitConnector(f"{url}/nothing", token=TOKEN, **options).documents())
        told = f"{connector!r}{connector.source}{cursor}{caught.value}{missing.value}"
    finally:
        server.shutdown()
        server.server_close()
    kept = b"".join(path.read_bytes() for path in repository.cache.rglob("*") if path.is_file())
    assert TOKEN not in told
    assert TOKEN.encode() not in kept


def test_a_temporary_repository_lives_as_long_as_what_is_to_be_read(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.put("a", "one")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    items = list(repository.connector(cache=None).documents())
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    assert read(items) == {"a.txt": "one"}
    items.clear()
    assert list((tmp_path / "temporary").iterdir()) == []


def git_that(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program before git that runs `script`, a piece of shell which may end it, and then is git."""
    real = shutil.which("git")
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\n{script}\nexec {real} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_another_branch_that_is_fetched_into_the_cache_meanwhile_is_not_given(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.put("a", "of main")
    repository.run("checkout", "--quiet", "-b", "dev")
    repository.put("a", "of dev")
    main = repository.connector(branch="main")
    options = {"branch": "dev", "name": "dev", "cache": str(repository.cache)}
    (tmp_path / "other.py").write_text(
        f"from interlingua.connectors.git import GitConnector\n"
        f"connector = GitConnector({str(repository.tree)!r}, **{options!r})\n"
        f"print([item.read().text for item in connector.documents()])\n"
    )
    # Another process, between what main fetches and the first thing that it asks of that.
    other, said = f"{sys.executable} {tmp_path / 'other.py'}", tmp_path / "said"
    home = f"PYTHONPATH={Path(interlingua.__file__).parents[1]} PATH={os.environ['PATH']}"
    script = f'case "$*" in *rev-parse*) [ -e {said} ] || {home} {other} >{said} 2>&1;; esac'
    git_that(tmp_path / "bin", script, monkeypatch)
    assert read(main.documents()) == {"a.txt": "of main"}
    assert said.read_text() == "['of dev']\n"


def test_what_a_killed_fetch_left_does_not_stop_the_next(repository: Repository) -> None:
    repository.put("a", "one")
    connector = repository.connector()
    list(connector.documents())
    (kept,) = repository.cache.iterdir()
    (kept / "shallow.lock").touch()
    (kept / "refs" / "interlingua" / "head.lock").touch()
    (kept / "objects" / "pack" / "tmp_pack_x1").write_bytes(b"PACK")
    repository.put("a", "two")
    assert read(connector.documents()) == {"a.txt": "two"}
    assert not list(kept.rglob("tmp_*"))


def test_a_fetch_that_takes_too_long_is_told_to_end_before_it_is_killed(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.put("a", "one")
    told = tmp_path / "told"
    wait = f"trap 'touch {told}; exit 1' TERM; sleep 60 & wait"
    git_that(tmp_path / "bin", f'case "$*" in *" fetch "*) {wait};; esac', monkeypatch)
    with pytest.raises(SourceError, match=r"git fetch took longer than 1 s"):
        list(repository.connector(timeout=1.0).documents())
    assert told.exists()


def test_a_cache_that_another_fetches_into_is_left_alone(repository: Repository) -> None:
    repository.put("a", "one")
    list(repository.connector().documents())
    (kept,) = repository.cache.iterdir()
    (kept / "shallow.lock").touch()
    with (kept / "interlingua.held").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(SourceError, match="another process is fetching into the cache"):
            list(repository.connector(timeout=0.1).documents())
    assert (kept / "shallow.lock").exists()
