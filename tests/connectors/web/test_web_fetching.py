"""Fetching what a stranger chose: nothing is without bounds, and nothing of one host goes to another."""

from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.web.addresses import Permission
from interlingua.connectors.web.fetching import Fetcher, FetchError
from interlingua.connectors.web.unpacking import unpack
from interlingua.connectors.web.urls import parse
from sites import Answer, Site, site
from web_network import Network, fetcher, get


def test_a_body_is_cut_off_at_its_limit(server: Site) -> None:
    server.put("/", b"x" * 3000)
    assert get(server, max_bytes=3000).content == b"x" * 3000
    with pytest.raises(FetchError, match="3,000 bytes, more than 2,999"):
        get(server, max_bytes=2999)


def test_a_body_without_a_length_is_cut_off_at_its_limit(server: Site) -> None:
    sent = 0

    def endless(handler: Any) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while sent < 50_000_000:
            handler.wfile.write(b"x" * 10_000)
            sent += 10_000

    server.paths["/"] = Answer(run=endless)
    with pytest.raises(FetchError, match="more than 100,000 bytes"):
        get(server, max_bytes=100_000)
    assert sent < 50_000_000


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize(
    ("named", "compress"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", deflated)],
)
def test_compressed_bodies_are_unpacked_within_the_limit(
    server: Site, named: str, compress: Callable[[bytes], bytes]
) -> None:
    server.put("/", compress(b"hello " * 1000), Content_Encoding=named)
    assert get(server).content == b"hello " * 1000
    bomb = compress(b"\0" * 40_000_000)
    assert len(bomb) < 100_000
    server.put("/", bomb, Content_Encoding=named)
    with pytest.raises(FetchError, match="more than 1,000,000 bytes"):
        get(server, max_bytes=1_000_000)


def test_a_bomb_is_unpacked_in_small_pieces() -> None:
    pieces = [len(piece) for piece in unpack(iter([gzip.compress(b"\0" * 40_000_000)]), 1_000_000)]
    assert sum(pieces) == 40_000_000
    assert max(pieces) <= 1 << 20


@pytest.mark.parametrize("named", ["br", "zstd", "gzip, gzip", "compress"])
def test_only_what_was_asked_for_is_unpacked(server: Site, named: str) -> None:
    server.put("/", gzip.compress(b"hello"), Content_Encoding=named)
    with pytest.raises(FetchError, match="not asked for"):
        get(server)
    assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"


def test_half_a_compressed_body_is_no_body(server: Site) -> None:
    server.put("/", gzip.compress(bytes(range(256)) * 100)[:-20], Content_Encoding="gzip")
    with pytest.raises(FetchError, match="no end") as caught:
        get(server)
    assert caught.value.unreachable
    server.put("/", b"\x1f\x8bno gzip at all", Content_Encoding="gzip")
    with pytest.raises(FetchError, match="damaged"):
        get(server)


@pytest.mark.parametrize("head", [True, False])
def test_an_answer_that_comes_byte_by_byte_ends_at_the_deadline(server: Site, head: bool) -> None:
    pause, sent = threading.Event(), []

    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n" + (b"X: " if head else b"\r\n"))
        while len(sent) < 200 and not pause.wait(0.02):
            handler.wfile.write(b"x")
            sent.append(1)

    server.paths["/"] = Answer(run=drip)
    with pytest.raises(FetchError, match=r"took too long|in time") as caught:
        get(server, total_seconds=0.1)
    received = len(sent)
    pause.set()
    assert caught.value.unreachable
    assert received < 200


def test_redirects_are_counted(server: Site) -> None:
    for number in range(5):
        server.redirect(f"/{number}", f"/{number + 1}")
    server.page("/5", "hello")
    assert str(get(server, "/0", max_redirects=5).url) == server.url + "/5"
    with pytest.raises(FetchError, match="more than 4 times"):
        get(server, "/0", max_redirects=4)


def test_cookies_are_kept_for_the_host_that_set_them(server: Site) -> None:
    server.paths["/"] = Answer(b"x", headers={"Set-Cookie": "seen=1; Path=/"})
    network = Network(server, {"a.example": [["93.184.216.34"]], "b.example": [["93.184.216.35"]]})
    fetching = fetcher(network)
    for host in ("a.example", "a.example", "b.example"):
        fetching.fetch(parse(f"http://{host}/"))
    assert [request.headers.get("cookie") for request in server.requests] == [None, "seen=1", None]


def test_credentials_go_to_their_own_host_only(server: Site) -> None:
    server.redirect("/", "http://b.example/next")
    server.page("/next", "hello")
    network = Network(server, {"a.example": [["93.184.216.34"]], "b.example": [["93.184.216.35"]]})
    fetching = fetcher(network, headers={"Authorization": "Bearer x"}, trusted=frozenset({"http://a.example"}))
    fetching.fetch(parse("http://a.example/"))
    assert [request.headers.get("authorization") for request in server.requests] == ["Bearer x", None]


def test_proxies_of_the_environment_are_not_used(server: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    server.page("/", "hello")
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert get(server).status == 200


def test_a_connection_that_the_server_closed_is_not_used_again(server: Site) -> None:
    server.page("/", "hello")
    fetching = Fetcher(permission=Permission(allow_hosts=[server.host]))
    assert fetching.fetch(parse(server.url + "/")).status == 200
    with server.down():
        with pytest.raises(FetchError, match="cannot be reached") as caught:
            fetching.fetch(parse(server.url + "/"))
        assert caught.value.unreachable
    assert fetching.fetch(parse(server.url + "/")).status == 200


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for tls.example, with its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    made = tmp_path / "tls.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=tls.example", "-addext", "subjectAltName=DNS:tls.example"]
    subprocess.run(
        [*command, *names, "-days", "2", "-keyout", tmp_path / "key", "-out", tmp_path / "crt"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    made.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "crt").read_bytes())
    return made


def test_tls_goes_to_the_checked_address_and_verifies_the_name(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    asked: list[str | None] = []
    context.sni_callback = lambda connection, name, _: asked.append(name)
    with site() as server:
        listener = server._listener
        assert listener is not None
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        server.page("/", "hello")
        names = {name: [["93.184.216.34"]] for name in ("tls.example", "other.example")}
        network = Network(server, names)
        trusting = fetcher(network, ca_file=str(certificate))
        assert trusting.fetch(parse("https://tls.example/")).status == 200
        with pytest.raises(FetchError, match=r"[Hh]ostname mismatch"):
            trusting.fetch(parse("https://other.example/"))
        with pytest.raises(FetchError, match="certificate is not valid"):
            fetcher(network).fetch(parse("https://tls.example/"))
        trusting.close()
    assert asked == ["tls.example", "other.example", "tls.example"]
    assert set(network.dialled) == {"93.184.216.34:443"}
