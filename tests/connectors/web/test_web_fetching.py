"""Fetching what a stranger chose: no packet goes to an address that may not be asked, and nothing is without bounds."""

from __future__ import annotations

import gzip
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.web.addresses import Address, Permission, RefusedError, canonical_host, is_public
from interlingua.connectors.web.fetching import Fetched, Fetcher, FetchError, FetchLimits
from interlingua.connectors.web.unpacking import unpack
from interlingua.connectors.web.urls import parse
from interlingua.retrieval.errors import ConfigurationError
from sites import Answer, Site, site


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as opened:
        yield opened


class Network:
    """Names with the addresses that they have, one list after the other; all that is dialled ends at `server`."""

    def __init__(self, server: Site, names: dict[str, list[list[str]]] | None = None) -> None:
        self.server = server
        self.names = names or {}
        self.dialled: list[str] = []
        self.looked_up: list[str] = []

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.looked_up.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise OSError(f"no such name: {host}")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ipaddress.ip_address(address) for address in addresses]

    def dial(self, address: Address, port: int, timeout: float) -> socket.socket:
        self.dialled.append(f"{address}:{port}")
        return socket.create_connection(("127.0.0.1", self.server.port), timeout)


def fetcher(network: Network, **options: Any) -> Fetcher:
    return Fetcher(resolver=network.resolve, dialler=network.dial, **options)


LOOPBACK = {
    "plain": "http://127.0.0.1/",
    "other loopback": "http://127.8.9.1/",
    "name": "http://localhost/",
    "name with a dot": "http://localhost./",
    "short": "http://127.1/",
    "three parts": "http://127.0.1/",
    "decimal": "http://2130706433/",
    "hexadecimal": "http://0x7f000001/",
    "hexadecimal parts": "http://0x7f.0x0.0x0.0x1/",
    "octal": "http://0177.0.0.01/",
    "octal whole": "http://017700000001/",
    "mixed": "http://0x7F.1/",
    "final dot": "http://127.0.0.1./",
    "full-width digits": "http://１２７.０.０.１/",
    "ideographic dots": "http://127。0。0。1/",
    "circled digits": "http://①②⑦.⓪.⓪.①/",
    "unspecified": "http://0.0.0.0/",
    "zero": "http://0/",
    "IPv6": "http://[::1]/",
    "IPv6 long": "http://[0:0:0:0:0:0:0:1]/",
    "IPv6 unspecified": "http://[::]/",
    "IPv4-mapped": "http://[::ffff:127.0.0.1]/",
    "IPv4-mapped hexadecimal": "http://[::ffff:7f00:1]/",
    "IPv4-compatible": "http://[::127.0.0.1]/",
    "NAT64": "http://[64:ff9b::127.0.0.1]/",
    "local NAT64": "http://[64:ff9b:1::7f00:1]/",
    "6to4": "http://[2002:7f00:1::]/",
    "Teredo": "http://[2001:0:7f00:1::80ff:fffe]/",
}
INTERNAL = {
    "metadata service": "http://169.254.169.254/latest/meta-data/",
    "metadata service decimal": "http://2852039166/",
    "metadata service mapped": "http://[::ffff:a9fe:a9fe]/",
    "metadata service of AWS, IPv6": "http://[fd00:ec2::254]/",
    "metadata service of Alibaba": "http://100.100.100.200/",
    "host of Azure": "http://168.63.129.16/",
    "10": "http://10.1.2.3/",
    "172.16": "http://172.31.255.255/",
    "192.168": "http://192.168.0.1/",
    "CGNAT": "http://100.64.0.1/",
    "multicast": "http://224.0.0.1/",
    "reserved": "http://240.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    "benchmarks": "http://198.18.0.1/",
    "documentation": "http://203.0.113.5/",
    "6to4 relay": "http://192.88.99.1/",
    "link-local": "http://[fe80::1]/",
    "site-local": "http://[fec0::1]/",
    "unique local": "http://[fc00::1]/",
    "IPv6 multicast": "http://[ff02::1]/",
    "IPv6 documentation": "http://[2001:db8::1]/",
}


@pytest.mark.parametrize("url", [*LOOPBACK.values(), *INTERNAL.values()], ids=[*LOOPBACK, *INTERNAL])
def test_an_address_inside_is_refused_without_a_packet(server: Site, url: str) -> None:
    network = Network(server, {"localhost": [["127.0.0.1", "::1"]]})
    with pytest.raises(RefusedError, match="not on the public internet"):
        fetcher(network).fetch(parse(url))
    assert network.dialled == []


MALFORMED = {
    "file": "file:///etc/passwd",
    "file with a host": "file://localhost/etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_INFO",
    "ftp": "ftp://example.com/",
    "dict": "dict://127.0.0.1:11211/stat",
    "data": "data:text/html,x",
    "javascript": "javascript:alert(1)",
    "jar": "jar:http://example.com!/",
    "no scheme": "//example.com/",
    "no host": "http:///etc/passwd",
    "no slashes": "http:127.0.0.1",
    "user": "http://example.com@127.0.0.1/",
    "user and password": "http://user:secret@example.com/",
    "empty user": "http://@127.0.0.1/",
    "two ats": "http://a@b@127.0.0.1/",
    "escaped at": "http://example.com%40127.0.0.1/",
    "backslash before at": "http://example.com\\@127.0.0.1:80/",
    "backslashes": "http:\\\\127.0.0.1\\",
    "backslash in host": "http://example.com\\.127.0.0.1/",
    "space in host": "http://127.0.0.1 .example.com/",
    "space before": " http://127.0.0.1/",
    "newline": "http://example.com/\r\nHost: 127.0.0.1",
    "tab": "http://127.0.0\t.1/",
    "NUL": "http://127.0.0.1\0.example.com/",
    "escaped host": "http://%31%32%37.0.0.1/",
    "zone": "http://[fe80::1%25eth0]/",
    "bare zone": "http://[fe80::1%eth0]/",
    "open bracket": "http://[::1/",
    "five parts": "http://127.0.0.0.1/",
    "too large a number": "http://4294967296/",
    "octal with an 8": "http://0188.0.0.1/",
    "number at the end": "http://example.1/",
    "two final dots": "http://127.0.0.1../",
    "port 0": "http://example.com:0/",
    "port too large": "http://example.com:65536/",
    "port with a sign": "http://example.com:+80/",
    "two ports": "http://example.com:80:80/",
    "IPv6 without brackets": "http://::1/",
    "half a character": "http://example.com/\ud800",
    "too long": "http://example.com/" + "a" * 5000,
}


@pytest.mark.parametrize("url", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        parse(url)


def test_a_password_does_not_reach_the_message() -> None:
    with pytest.raises(RefusedError) as caught:
        parse("http://user:hunter2@example.com/")
    assert "hunter2" not in str(caught.value)


REDIRECTS = {
    "loopback": "http://127.0.0.1/",
    "link-local": "http://169.254.169.254/latest/",
    "decimal": "http://2130706433/",
    "mapped": "http://[::ffff:7f00:1]/",
    "name inside": "http://inside.example/",
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "user": "http://good.example@127.0.0.1/",
    "other host without a scheme": "//169.254.169.254/",
    "backslashes": "\\\\127.0.0.1\\",
}


@pytest.mark.parametrize("target", REDIRECTS.values(), ids=REDIRECTS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_is_checked_again(server: Site, target: str, status: int) -> None:
    server.redirect("/", "/second", status)
    server.redirect("/second", target, status)
    names = {"good.example": [["93.184.216.34"]], "inside.example": [["10.0.0.7"]]}
    network = Network(server, names)
    with pytest.raises(RefusedError):
        fetcher(network).fetch(parse("http://good.example/"))
    assert set(network.dialled) == {"93.184.216.34:80"}


def test_one_address_inside_among_public_ones_is_enough_to_refuse(server: Site) -> None:
    network = Network(server, {"mixed.example": [["93.184.216.34", "127.0.0.1"]]})
    with pytest.raises(RefusedError, match=r"mixed\.example \(127\.0\.0\.1\)"):
        fetcher(network).fetch(parse("http://mixed.example/"))
    assert network.dialled == []


def test_a_name_that_changes_its_address_is_dialled_where_it_was_checked(server: Site) -> None:
    """DNS rebinding: public when it is checked, inside when it is asked again."""
    server.page("/", "hello")
    network = Network(server, {"rebind.example": [["93.184.216.34"], ["127.0.0.1"]]})
    fetching = fetcher(network)
    answer = fetching.fetch(parse("http://rebind.example/"))
    assert answer.status == 200
    assert (network.looked_up, network.dialled) == (["rebind.example"], ["93.184.216.34:80"])
    assert server.requests[0].headers["host"] == "rebind.example"
    fetching.close()
    with pytest.raises(RefusedError):
        fetching.fetch(parse("http://rebind.example/"))
    assert len(network.dialled) == 1


def test_rebinding_between_two_redirects_is_refused(server: Site) -> None:
    server.paths["/"] = Answer(status=302, headers={"Location": "/again", "Connection": "close"})
    network = Network(server, {"rebind.example": [["93.184.216.34"], ["169.254.169.254"]]})
    with pytest.raises(RefusedError):
        fetcher(network).fetch(parse("http://rebind.example/"))
    assert network.dialled == ["93.184.216.34:80"]


def test_the_next_address_is_tried_when_one_does_not_answer(server: Site) -> None:
    server.page("/", "hello")
    network = Network(server, {"two.example": [["93.184.216.34", "93.184.216.35"]]})
    connect = network.dial

    def first_is_dead(address: Address, port: int, timeout: float) -> socket.socket:
        connection = connect(address, port, timeout)
        if len(network.dialled) == 1:
            connection.close()
            raise OSError("no route to host")
        return connection

    answer = Fetcher(resolver=network.resolve, dialler=first_is_dead).fetch(parse("http://two.example/"))
    assert answer.status == 200
    assert network.dialled == ["93.184.216.34:80", "93.184.216.35:80"]


def test_the_real_resolver_and_the_real_network_are_behind_the_same_guard(server: Site) -> None:
    server.page("/", "hello")
    url = parse(f"http://localhost:{server.port}/")
    with pytest.raises(RefusedError):
        Fetcher().fetch(url)
    assert server.requests == []
    trusting = Fetcher(permission=Permission(allow_hosts=[f"localhost:{server.port}"]))
    assert trusting.fetch(url).status == 200


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("127.0.0.1", "http://127.0.0.1/", True),
        ("127.0.0.1:81", "http://127.0.0.1/", False),
        ("127.0.0.1:80", "http://127.0.0.1/", True),
        ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/", True),
        ("10.0.0.0/8", "http://127.0.0.1/", False),
        ("[::1]:80", "http://[::1]/", True),
        ("fd00::/8", "http://[fd12::1]/", True),
        ("wiki.intern", "http://WIKI.intern./", True),
        ("wiki.intern:8080", "http://wiki.intern/", False),
        ("intern", "http://wiki.intern/", False),
    ],
)
def test_what_the_user_trusts_is_asked(server: Site, entry: str, url: str, allowed: bool) -> None:
    server.page("/", "hello")
    network = Network(server, {"wiki.intern": [["10.0.0.5"]]})
    guarded = fetcher(network, permission=Permission(allow_hosts=[entry]))
    if allowed:
        assert guarded.fetch(parse(url)).status == 200
    else:
        with pytest.raises(RefusedError):
            guarded.fetch(parse(url))
        assert network.dialled == []


def test_all_addresses_are_asked_when_the_user_says_so(server: Site) -> None:
    server.page("/", "hello")
    everywhere = Fetcher(permission=Permission(allow_private=True))
    assert everywhere.fetch(parse(server.url + "/")).status == 200
    with pytest.raises(RefusedError):
        parse("file:///etc/passwd")


@pytest.mark.parametrize("entry", ["http://x/", "a b", "10.0.0.0/99", "", "x:y", "1.2.3.4.5"])
def test_a_wrong_allow_hosts_says_what_to_write(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_hosts"):
        Permission(allow_hosts=[entry])


def test_public_addresses_are_public() -> None:
    public = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
    assert [address for address in public if not is_public(ipaddress.ip_address(address))] == []


def test_a_name_in_any_script_has_one_form() -> None:
    assert canonical_host("Bücher.Example") == canonical_host("xn--bcher-kva.example.") == "xn--bcher-kva.example"
    assert canonical_host("例え。テスト") == "xn--r8jz45g.xn--zckzah"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("HTTP://Example.COM:80/a/./b/../c", "http://example.com/a/c"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com/%7Euser/%d9%85#top", "https://example.com/~user/%D9%85"),
        ("https://example.com/می‌خواهم", "https://example.com/%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85"),
        ("https://example.com/?utm_source=x&id=7&gclid=1", "https://example.com/?id=7"),
        ("https://example.com/?utm_source=x", "https://example.com/"),
        ("https://example.com/a%2Fb?x=%20", "https://example.com/a%2Fb?x=%20"),
        ("https://example.com/..", "https://example.com/"),
    ],
)
def test_a_url_has_one_form(written: str, normal: str) -> None:
    assert str(parse(written, tracking=False)) == normal
    assert parse(normal, tracking=False) == parse(written, tracking=False)


def get(server: Site, path: str = "/", **limits: Any) -> Fetched:
    permission = Permission(allow_hosts=[server.host])
    return Fetcher(permission=permission, limits=FetchLimits(**limits)).fetch(parse(server.url + path))


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
