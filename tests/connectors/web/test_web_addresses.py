"""Whom a fetch may ask: no packet goes to an address inside, however it is written or reached."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from interlingua.connectors.web.addresses import Address, Permission, RefusedError, canonical_host, is_public
from interlingua.connectors.web.fetching import Fetcher
from interlingua.connectors.web.urls import parse
from interlingua.retrieval.errors import ConfigurationError
from sites import Answer, Site
from web_network import Network, fetcher

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


@pytest.mark.parametrize("url", [*LOOPBACK.values(), *INTERNAL.values()], ids=[*LOOPBACK, *INTERNAL])
def test_an_address_inside_is_refused_without_a_packet(server: Site, url: str) -> None:
    network = Network(server, {"localhost": [["127.0.0.1", "::1"]]})
    with pytest.raises(RefusedError, match="not on the public internet"):
        fetcher(network).fetch(parse(url))
    assert network.dialled == []


@pytest.mark.parametrize("url", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        parse(url)


def test_a_password_does_not_reach_the_message() -> None:
    with pytest.raises(RefusedError) as caught:
        parse("http://user:hunter2@example.com/")
    assert "hunter2" not in str(caught.value)


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
