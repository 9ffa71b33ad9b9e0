"""File systems that are listed folder by folder: SFTP, and a web server's pages of links."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.remote import RemoteConnector
from interlingua.retrieval.errors import ConfigurationError, SourceError
from interlingua.retrieval.types import Document, Pending, Skip
from sites import Answer, Site, site

pytest.importorskip("fsspec", reason="pip install 'interlingua[remote]'")


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # paramiko's, on import: what cryptography will no longer have
        from counterparts.remote_sftp import opened
    with opened(tmp_path) as counterpart:
        yield counterpart


def texts(connector: Any) -> dict[str, str]:
    items = [item.read() if isinstance(item, Pending) else item for item in connector.documents()]
    return {item.id: item.text if isinstance(item, Document) else item.reason for item in items}


def test_a_folder_on_an_sftp_server_is_a_source(sftp: Any) -> None:
    for name, text in (("a", "one"), ("deep/größe", "два"), ("t", "no"), ("z", "三")):
        sftp.put(name, text)
    (sftp.root / "docs" / "t.csv").write_bytes(b"id,text\n1,eins\n2,zwei\n")
    assert texts(sftp.connector(exclude=["t.txt"])) == {
        "shelf/a.txt": "one",
        "shelf/t.csv#1": "eins",
        "shelf/t.csv#2": "zwei",
        "shelf/z.txt": "三",
        "shelf/deep/größe.txt": "два",
    }


def test_a_file_has_its_time_and_size_as_revision(sftp: Any) -> None:
    def revision() -> str:
        (item,) = sftp.connector().documents()
        assert isinstance(item, Pending)
        return item.revision

    sftp.put("a", "one")
    first = revision()
    assert (revision(), first != "") == (first, True)
    sftp.put("a", "two")
    assert revision() != first


def test_a_folder_that_may_not_be_listed_keeps_what_is_stored_of_it(sftp: Any) -> None:
    sftp.put("a", "one")
    sftp.put("deep/c", "two")
    with sftp.half():
        items = list(sftp.connector().documents())
    assert [item.id for item in items] == ["shelf/a.txt", "shelf/deep/"]
    assert isinstance(items[1], Skip)
    assert items[1].prefix
    sftp.server.refused.add("/docs")
    with pytest.raises(SourceError, match="cannot list remote:shelf: PermissionError") as caught:
        texts(sftp.connector())
    assert caught.value.permanent


def test_a_wrong_password_is_refused_for_good_and_not_told(sftp: Any) -> None:
    with pytest.raises(SourceError, match="AuthenticationException") as caught:
        texts(sftp.connector(options={"password": "wrong-password"}))
    assert caught.value.permanent
    assert "wrong-password" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_a_server_that_is_down_is_no_empty_one(sftp: Any) -> None:
    with sftp.down(), pytest.raises(SourceError, match="cannot list remote:shelf") as caught:
        texts(sftp.connector())
    assert not caught.value.permanent


def test_a_connection_that_breaks_off_in_a_file_costs_that_file(sftp: Any) -> None:
    sftp.put("a", "one")
    (item,) = sftp.connector().documents()
    for transport in sftp.server.transports:
        transport.close()
    skip = item.read()
    assert isinstance(skip, Skip)
    assert skip.id == "shelf/a.txt"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL under which a web server lists it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_listing_of_a_web_server_is_a_source(web: tuple[Path, str]) -> None:
    pytest.importorskip("aiohttp")
    folder, url = web
    (folder / "docs" / "deep").mkdir(parents=True)
    (folder / "docs" / "a.txt").write_text("one")
    (folder / "docs" / "deep" / "b.txt").write_text("zwei ü")
    (folder / "docs" / "large.txt").write_text("vier " * 2_000_000)
    (folder / "docs" / "deep" / "t.csv").write_text("id,text\n1,drei\n")
    connector = RemoteConnector(f"{url}/docs/")
    assert connector.source == f"{url}/docs"
    found = texts(connector)
    assert len(found.pop(f"{url}/docs/large.txt")) == 10_000_000  # more than one block, and no ranges
    assert found == {
        f"{url}/docs/a.txt": "one",
        f"{url}/docs/deep/b.txt": "zwei ü",
        f"{url}/docs/deep/t.csv#1": "drei",
    }
    (first, *_) = connector.documents()
    assert isinstance(first, Pending)
    assert first.revision.startswith("3-")


def test_a_page_without_links_is_no_empty_folder(web: tuple[Path, str]) -> None:
    pytest.importorskip("aiohttp")
    folder, url = web
    (folder / "docs").mkdir()
    (folder / "docs" / "index.html").write_text("<h1>Back soon</h1>")
    with pytest.raises(SourceError, match="has no links to files"):
        texts(RemoteConnector(f"{url}/docs/"))
    with pytest.raises(SourceError, match="not found") as caught:
        texts(RemoteConnector(f"{url}/nowhere/"))
    assert caught.value.permanent


@pytest.mark.parametrize("page", ["<h1>শীঘ্রই ফিরছি</h1>", '<a href="/">home</a> <a href="mailto:x@example.org">us</a>'])
@pytest.mark.parametrize("bare", [True, False], ids=["the name without a slash is not there", "nor is it a folder"])
def test_a_folder_whose_page_has_no_links_keeps_what_is_stored_of_it(page: str, bare: bool) -> None:
    pytest.importorskip("aiohttp")
    with site() as server:
        server.put("/docs/", '<a href="a.txt">a</a><a href="sub/">sub</a>')
        server.put("/docs/a.txt", "one", "text/plain")
        server.put("/docs/sub/", page)
        if bare:
            server.redirect("/docs/sub", "/docs/sub/")
        items = list(RemoteConnector(f"{server.url}/docs/").documents())
        assert [item.id for item in items] == [f"{server.url}/docs/a.txt", f"{server.url}/docs/sub/"]
        assert isinstance(items[1], Skip)
        assert items[1].prefix
        assert "no links to files" in items[1].reason


@pytest.mark.parametrize("busy", ["/docs/", "/docs/a.txt"])
def test_a_web_server_that_is_busy_says_for_how_long(busy: str) -> None:
    pytest.importorskip("aiohttp")
    with site() as server:
        server.put("/docs/", '<a href="a.txt">a</a>')
        server.paths[busy] = Answer(status=429, headers={"Retry-After": "240"})
        with pytest.raises(SourceError, match="429") as caught:
            texts(RemoteConnector(f"{server.url}/docs/"))
    assert (caught.value.retry_after, caught.value.permanent) == (240.0, False)


def test_a_file_that_is_the_source_is_not_gone_when_its_server_fails() -> None:
    pytest.importorskip("aiohttp")
    with site() as server:
        server.put("/a.txt", "later", status=500)
        with pytest.raises(SourceError, match="500") as caught:
            texts(RemoteConnector(f"{server.url}/a.txt"))
        assert not caught.value.permanent
        del server.paths["/a.txt"]
        with pytest.raises(SourceError, match="not found") as caught:
            texts(RemoteConnector(f"{server.url}/a.txt"))
        assert caught.value.permanent


SECRETS = {"PRIVATE-TOKEN": "s-3cret", "Authorization": "Bearer s-3cret"}


def redirecting(server: Site, other: Site) -> None:
    """`/docs/` has a file and a folder that are on `other`, and a file that is elsewhere on `server`."""
    server.put("/docs/", '<a href="a.txt">a</a><a href="b.txt">b</a><a href="sub/">sub</a>')
    server.redirect("/docs/a.txt", f"{other.url}/inside.txt")
    server.redirect("/docs/b.txt", "/elsewhere/b.txt")
    server.redirect("/docs/sub/", f"{other.url}/sub/")
    server.put("/elsewhere/b.txt", "二", "text/plain")
    other.put("/inside.txt", "inside", "text/plain")
    other.put("/sub/", '<a href="c.txt">c</a>')


def test_a_redirect_to_another_host_is_refused() -> None:
    pytest.importorskip("aiohttp")
    with site() as server, site() as other:
        redirecting(server, other)
        given = {"client_kwargs": {"headers": SECRETS}}
        found = texts(RemoteConnector(f"{server.url}/docs/", options=given))
        refused = f"{server.url} redirects to {other.url}: refused. Add '{other.host}' to redirect_hosts to follow it."
        assert found == {
            f"{server.url}/docs/a.txt": refused,
            f"{server.url}/docs/b.txt": "二",
            f"{server.url}/docs/sub/": refused,
        }
        server.redirect("/docs/", f"{other.url}/sub/")
        with pytest.raises(SourceError, match="redirects to"):
            texts(RemoteConnector(f"{server.url}/docs/", options=given))
        assert other.requests == []
        assert all(request.headers["private-token"] == "s-3cret" for request in server.requests)


def test_a_redirect_to_a_host_that_was_named_is_followed_without_the_secrets() -> None:
    pytest.importorskip("aiohttp")
    with site() as server, site() as other:
        redirecting(server, other)
        given = {"client_kwargs": {"headers": SECRETS, "cookies": {"session": "s-3cret"}}}
        connector = RemoteConnector(f"{server.url}/docs/", options=given, redirect_hosts=[other.host])
        assert texts(connector)[f"{server.url}/docs/a.txt"] == "inside"
        assert other.requests
        assert not any("s-3cret" in value for request in other.requests for value in request.headers.values())


@pytest.mark.parametrize("host", ["", "http://a.example", "a.example/b", "u@a.example", "a:b"])
def test_a_wrong_host_of_redirects_says_what_to_write(host: str) -> None:
    with pytest.raises(ConfigurationError, match="Write a host name, or host:port"):
        RemoteConnector("https://a.example/", redirect_hosts=[host])


def test_an_archive_on_a_web_server_is_a_source(web: tuple[Path, str]) -> None:
    pytest.importorskip("aiohttp")
    import zipfile

    folder, url = web
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("x/a.txt", "one")
    connector = RemoteConnector(f"zip://x::{url}/a.zip")
    assert texts(connector) == {f"zip::{url}/a.zip/x/a.txt": "one"}
