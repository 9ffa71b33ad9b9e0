"""Fetching a repository: what is refused, whom a token is told, and what others do to the cache meanwhile."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import interlingua
import pytest
from counterparts.git import Repository
from git_samples import changes, read
from interlingua.connectors.git import GitConnector
from interlingua.retrieval.errors import ConfigurationError, SourceError

TOKEN = "correct-horse-battery-staple"


def test_a_commit_that_is_not_in_the_cache_is_fetched_again(repository: Repository) -> None:
    repository.put("a", "one")
    _, cursor = changes(repository.connector(), None)
    repository.put("b", "two")
    shutil.rmtree(repository.cache)
    assert changes(repository.connector(), cursor)[0] == {"b.txt": "two"}
    assert changes(repository.connector(cache=None), cursor)[0] == {"b.txt": "two"}


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
