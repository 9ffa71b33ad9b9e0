"""A web site as a source: what is read, how politely, and what a second look costs."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from interlingua import Index
from interlingua.connectors.web import WebConnector
from interlingua.connectors.web.fetching import Fetcher
from interlingua.connectors.web.hosts import Hosts
from interlingua.connectors.web.urls import parse
from interlingua.connectors.web.waiting import retry_after
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Checkpoint, Document, Gone, Skip
from sites import Answer, Site, site
from support import SENTENCES, CountingEmbedder

NAMESPACES = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as opened:
        yield opened


def crawler(server: Site, *start: str, **options: Any) -> WebConnector:
    settings: dict[str, Any] = {"delay": 0, "allow_hosts": [server.host], **options}
    return WebConnector([server.url + path for path in start or ("/",)], **settings)


def listed(server: Site, *sitemaps: str, **options: Any) -> WebConnector:
    settings: dict[str, Any] = {"delay": 0, "allow_hosts": [server.host], **options}
    return WebConnector(sitemaps=[server.url + path for path in sitemaps or ("/sitemap.xml",)], **settings)


class Run:
    """What a connector gave, by path."""

    def __init__(self, server: Site, items: Iterator[Any]) -> None:
        def path(item: Any) -> str:
            return str(item.id).removeprefix(server.url)

        found = list(items)
        self.documents = {path(item): item for item in found if isinstance(item, Document)}
        self.skips = {path(item): item.reason for item in found if isinstance(item, Skip)}
        self.gone = [path(item) for item in found if isinstance(item, Gone)]
        self.cursors = [item.cursor for item in found if isinstance(item, Checkpoint)]


def read(server: Site, connector: WebConnector) -> Run:
    return Run(server, connector.documents())


def change(server: Site, connector: WebConnector, since: str | None = None) -> Run:
    return Run(server, connector.changes(since))


def sitemap(server: Site, *entries: str | tuple[str, str]) -> bytes:
    pairs = [(entry, "") if isinstance(entry, str) else entry for entry in entries]
    urls = "".join(
        f"<url><loc>{server.url}{path}</loc>{f'<lastmod>{when}</lastmod>' if when else ''}</url>"
        for path, when in pairs
    )
    return f'<?xml version="1.0"?><urlset {NAMESPACES}>{urls}</urlset>'.encode()


# What is found


def test_a_crawl_finds_what_is_linked_on_its_own_site(server: Site) -> None:
    server.page("/", "start", links=("a", "/b?x=1#part", "https://elsewhere.example/", "mailto:a@b.c", "c.jpg"))
    server.page("/a", "text a", links=("/", "deep/c"))
    server.page("/b?x=1", "text b")
    server.page("/deep/c", "text c", links=("../a",))
    run = read(server, crawler(server))
    assert list(run.documents) == ["/", "/a", "/b?x=1", "/deep/c"]
    assert run.documents["/a"].text == "text a"
    assert run.documents["/a"].url == server.url + "/a"
    assert run.documents["/a"].title == "/a"
    assert run.skips == {}
    assert [path for path, _ in server.asked()] == ["/", "/a", "/b?x=1", "/deep/c"]


def test_the_same_site_gives_the_same_order_with_any_concurrency(server: Site) -> None:
    for number in range(40):
        links = tuple(f"/{n}" for n in (2 * number + 1, 2 * number + 2) if n < 40)
        server.page(f"/{number}", f"text {number}", links=links)
    orders = [list(read(server, crawler(server, "/0", concurrency=n)).documents) for n in (1, 8, 8)]
    assert orders[0] == orders[1] == orders[2]
    assert len(orders[0]) == 40


def test_depth_include_exclude_and_count_bound_a_crawl(server: Site) -> None:
    server.page("/", "start", links=("/docs/a", "/blog/b"))
    server.page("/docs/a", "a", links=("/docs/c", "/docs/old/x"))
    server.page("/docs/c", "c", links=("/docs/d",))
    for path in ("/docs/d", "/docs/old/x", "/blog/b"):
        server.page(path, path)
    assert set(read(server, crawler(server, max_depth=0)).documents) == {"/"}
    assert set(read(server, crawler(server, max_depth=1)).documents) == {"/", "/docs/a", "/blog/b"}
    options = {"include": [server.url + "/docs/*"], "exclude": ["*/old/*"]}
    assert set(read(server, crawler(server, **options)).documents) == {"/", "/docs/a", "/docs/c", "/docs/d"}
    few = read(server, crawler(server, max_pages=2))
    assert set(few.documents) == {"/", "/docs/a"}
    assert "max_pages (2)" in few.skips["/"]  # nothing of this host counts as gone


def test_other_hosts_are_followed_when_they_are_named(server: Site) -> None:
    with site() as other:
        server.page("/", "start", links=(other.url + "/x",))
        other.page("/x", "other", links=(other.url + "/y",))
        other.page("/y", "more")
        options = {"allow_hosts": [server.host, other.host], "discover": False}
        assert len(read(server, crawler(server, **options)).documents) == 1
        assert len(read(server, crawler(server, **options, hosts=[other.host])).documents) == 3


def test_links_to_refused_addresses_are_never_asked(server: Site) -> None:
    with site() as inside:
        inside.page("/", "secret")
        server.page("/", "start", links=(inside.url, "file:///etc/passwd", "/go"))
        server.redirect("/go", inside.url + "/")
        run = read(server, crawler(server, hosts=[inside.host]))
        assert set(run.documents) == {"/"}
        assert "not on the public internet" in run.skips[inside.url + "/"]
        assert inside.requests == []


# Redirects and canonical links


def test_a_document_is_named_by_where_its_redirects_end(server: Site) -> None:
    server.page("/", "start", links=("/old", "/older", "/away"))
    server.redirect("/away", "file:///etc/passwd")
    server.redirect("/older", "/old", 301)
    server.redirect("/old", "/new?utm_source=x", 302)
    server.page("/new", "text")
    run = read(server, crawler(server))
    assert list(run.documents) == ["/", "/new"]
    assert run.skips == {}


def test_a_start_page_that_moved_takes_its_site_along(server: Site) -> None:
    with site() as new:
        server.redirect("/", new.url + "/home")
        new.page("/home", "text", links=("/a",))
        new.page("/a", "more")
        run = read(new, crawler(server, allow_hosts=[server.host, new.host]))
        assert set(run.documents) == {"/home", "/a"}


def test_redirects_in_a_ring_end(server: Site) -> None:
    server.page("/", "start", links=("/a",))
    server.redirect("/a", "/b")
    server.redirect("/b", "/a")
    server.redirect("/self", "/self")
    assert set(read(server, crawler(server)).documents) == {"/"}
    with pytest.raises(SourceError, match="redirects to itself"):
        read(server, crawler(server, "/self"))


def canonical(path: str) -> str:
    return f'<link rel="canonical" href="{path}">'


def test_a_page_with_a_canonical_url_is_that_document(server: Site) -> None:
    server.page("/", "start", links=("/a?print=1", "/a?from=mail"))
    for path in ("/a?print=1", "/a?from=mail", "/a"):
        server.page(path, "text", head=canonical("/a"))
    assert list(read(server, crawler(server)).documents) == ["/", "/a"]


def test_a_canonical_url_that_is_no_document_is_not_believed(server: Site) -> None:
    """A template that names the wrong URL must not cost the site its pages."""
    server.page("/", "start", links=("/a", "/b", "/c", "/d"))
    server.page("/a", "text a", head=canonical("/missing"))
    server.page("/b", "text b", head=canonical("https://elsewhere.example/b"))
    server.page("/c", "text c", head=canonical("/d"))
    server.page("/d", "text d", head=canonical("/c"))
    run = read(server, crawler(server))
    assert set(run.documents) == {"/", "/a", "/b", "/c", "/d"}


def test_a_chain_of_canonical_urls_is_followed(server: Site) -> None:
    server.page("/", "start", links=("/a",))
    server.page("/a", "text", head=canonical("/b"))
    server.page("/b", "text", head=canonical("/c"))
    server.page("/c", "text")
    assert set(read(server, crawler(server)).documents) == {"/", "/c"}


def test_a_page_that_gets_a_canonical_url_is_gone(server: Site) -> None:
    server.page("/", "start", links=("/a", "/b"))
    server.page("/a", "text")
    server.page("/b", "text")
    first = change(server, crawler(server))
    server.page("/b", "text", head=canonical("/a"))
    second = change(server, crawler(server), first.cursors[-1])
    assert (list(second.documents), second.gone) == ([], ["/b"])
    third = change(server, crawler(server), second.cursors[-1])
    assert (list(third.documents), third.gone) == ([], [])


# What owners of sites ask for


def test_robots_txt_is_obeyed(server: Site) -> None:
    rules = "User-agent: *\nDisallow: /private/\nUser-agent: interlingua\nDisallow: /*.php$\nAllow: /private/ok\n"
    server.put("/robots.txt", rules, "text/plain")
    server.page("/", "start", links=("/private/a", "/x.php", "/x.php?y"))
    for path in ("/private/a", "/x.php", "/x.php?y"):
        server.page(path, path)
    assert set(read(server, crawler(server)).documents) == {"/", "/private/a", "/x.php?y"}
    server.asked()
    others = crawler(server, user_agent="Other/2.0")
    assert set(read(server, others).documents) == {"/", "/x.php", "/x.php?y"}
    assert "/private/a" not in dict(server.asked())
    assert len(read(server, crawler(server, respect_robots=False)).documents) == 4


def test_a_start_page_that_is_closed_to_crawlers_is_an_error(server: Site) -> None:
    server.page("/", "start")
    server.put("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    with pytest.raises(SourceError, match=r"closed to crawlers by robots\.txt") as caught:
        read(server, crawler(server))
    assert caught.value.permanent


@pytest.mark.parametrize("status", [500, 503, 502])
def test_a_broken_robots_txt_closes_the_site_for_now(server: Site, status: int) -> None:
    server.page("/", "start")
    server.put("/robots.txt", "oops", status=status)
    with pytest.raises(SourceError, match="what may be read is not known") as caught:
        read(server, crawler(server))
    assert not caught.value.permanent
    assert server.asked() == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_robots_txt_allows_everything(server: Site, status: int) -> None:
    server.page("/", "start")
    server.put("/robots.txt", "no", status=status)
    assert set(read(server, crawler(server)).documents) == {"/"}


def test_pages_that_ask_not_to_be_indexed_or_followed_are_not(server: Site) -> None:
    server.page("/", "start", links=("/meta", "/header", "/other", "/none", "/nofollow"))
    server.page("/meta", "m", head='<meta name="ROBOTS" content="NoIndex">', links=("/from-meta",))
    server.page("/header", "h", X_Robots_Tag="noindex, nofollow", links=("/from-header",))
    server.page("/other", "o", X_Robots_Tag="otherbot: noindex", head='<meta name="otherbot" content="noindex">')
    server.page("/none", "n", head='<meta name="interlingua" content="none">')
    server.page("/nofollow", "f", head='<meta name="robots" content="nofollow">', links=("/from-nofollow",))
    for path in ("/from-meta", "/from-header", "/from-nofollow"):
        server.page(path, path)
    assert set(read(server, crawler(server)).documents) == {"/", "/other", "/nofollow", "/from-meta"}


def test_a_link_with_nofollow_is_not_followed(server: Site) -> None:
    server.put("/", '<p>start <a href="/a">a</a> <a rel="ugc nofollow" href="/b">b</a></p>')
    server.page("/a", "a")
    server.page("/b", "b")
    assert set(read(server, crawler(server)).documents) == {"/", "/a"}


class Clock:
    """A time that passes by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


def manners(server: Site, clock: Clock, **options: Any) -> Hosts:
    from interlingua.connectors.web.addresses import Permission

    fetcher = Fetcher(permission=Permission(allow_hosts=[server.host]))
    return Hosts(fetcher, robots_name="interlingua", sleep=clock.sleep, clock=lambda: clock.now, **options)


def test_a_host_is_asked_once_per_delay(server: Site) -> None:
    server.page("/", "start")
    clock = Clock()
    hosts = manners(server, clock, delay=2.0)
    for _ in range(3):
        hosts.fetch(parse(server.url + "/"))
    assert clock.slept == [2.0, 2.0]


@pytest.mark.parametrize(
    ("rule", "pause"), [("Crawl-delay: 7", 7.0), ("Request-rate: 1/5", 5.0), ("Crawl-delay: 0.1", 2.0)]
)
def test_robots_txt_can_ask_for_more_time(server: Site, rule: str, pause: float) -> None:
    server.page("/", "start")
    server.put("/robots.txt", f"User-agent: *\n{rule}\n", "text/plain")
    clock = Clock()
    hosts = manners(server, clock, delay=2.0)
    url = parse(server.url + "/")
    assert hosts.allows(url)
    hosts.fetch(url)
    hosts.fetch(url)
    assert clock.slept[-1] == pause


@pytest.mark.parametrize(("max_pause", "pause"), [(5.0, 60.0), (300.0, 120.0), (90.0, 90.0)])
def test_a_long_crawl_delay_is_obeyed_as_far_as_patience_goes(server: Site, max_pause: float, pause: float) -> None:
    server.page("/", "start")
    server.put("/robots.txt", "User-agent: *\nCrawl-delay: 120\n", "text/plain")
    clock = Clock()
    hosts = manners(server, clock, max_pause=max_pause)
    url = parse(server.url + "/")
    assert hosts.allows(url)
    hosts.fetch(url)
    hosts.fetch(url)
    assert clock.slept[-1] == pause


def test_a_run_that_is_given_up_waits_for_nothing(server: Site) -> None:
    server.page("/", "start")
    server.page("/a", "a")
    listing = crawler(server, "/", "/a", delay=3600, respect_robots=False).documents()
    assert isinstance(next(listing), Document)
    assert isinstance(listing, Generator)
    listing.close()
    assert [thread for thread in threading.enumerate() if thread.name.startswith("interlingua-web")] == []


def busy(times: int, status: int, **headers: str) -> Callable[[Any], None]:
    left = [times]

    def answer(handler: Any) -> None:
        if left[0]:
            left[0] -= 1
            handler.reply(status, b"", {name.replace("_", "-"): value for name, value in headers.items()})
        else:
            handler.reply(200, b"<p>here</p>", {"Content-Type": "text/html"})

    return answer


@pytest.mark.parametrize(
    ("status", "headers", "slept"),
    [
        (429, {"Retry_After": "7"}, [7.0, 7.0]),
        (503, {"Retry_After": "20"}, [20.0, 20.0]),
        (429, {}, [1.0, 2.0]),
        (503, {"Retry_After": "Thu, 01 Jan 2026 00:00:30 GMT", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, [30.0, 30.0]),
    ],
)
def test_a_busy_host_is_asked_again_when_it_says(
    server: Site, status: int, headers: dict[str, str], slept: list[float]
) -> None:
    def reply(handler: Any) -> None:
        # The handler of the standard library writes a Date of its own.
        handler.date_time_string = lambda timestamp=None: headers.get("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
        inner(handler)

    inner = busy(2, status, **{name: value for name, value in headers.items() if name != "Date"})
    server.paths["/"] = Answer(run=reply)
    clock = Clock()
    assert manners(server, clock, delay=0.0).fetch(parse(server.url + "/")).status == 200
    assert clock.slept == slept


def test_a_host_that_asks_for_too_much_patience_ends_the_run(server: Site) -> None:
    server.page("/", "start", links=("/a", "/b"))
    server.paths["/a"] = Answer(status=429, headers={"Retry-After": "3600"})
    server.page("/b", "b")
    with pytest.raises(SourceError, match="answers 429") as caught:
        read(server, crawler(server))
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize("value", ["", "soon", "-5", "²", "Thu, 99 Jan 2026 00:00:30 GMT"])
def test_a_retry_after_that_makes_no_sense_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}) is None


# What a second look costs


def test_an_unchanged_site_costs_requests_without_bodies(server: Site) -> None:
    server.page("/", "start", links=("/a", "/b"))
    server.page("/a", "a", links=("/c",))
    server.page("/b", "b")
    server.page("/c", "c")
    first = change(server, crawler(server))
    server.asked()
    second = change(server, crawler(server), first.cursors[-1])
    assert server.asked() == [("/", 304), ("/a", 304), ("/b", 304), ("/c", 304)]
    assert (second.documents, second.gone, second.skips) == ({}, [], {})


def test_only_what_changed_comes_again(server: Site) -> None:
    server.page("/", "start", links=("/a", "/b", "/c"))
    for path in ("/a", "/b", "/c"):
        server.page(path, path)
    first = change(server, crawler(server))
    server.page("/a", "new text", links=("/new",))
    server.page("/new", "a new page")
    server.put("/b", "gone", status=410)
    del server.paths["/c"]
    second = change(server, crawler(server), first.cursors[-1])
    assert {path: document.text for path, document in second.documents.items()} == {
        "/a": "new text",
        "/new": "a new page",
    }
    assert second.gone == ["/b", "/c"]
    server.asked()
    third = change(server, crawler(server), second.cursors[-1])
    assert server.asked() == [("/", 304), ("/a", 304), ("/new", 304)]
    assert third.gone == []


def test_last_modified_is_used_where_there_is_no_etag(server: Site) -> None:
    page = Answer(
        b"<p>text</p>", headers={"Content-Type": "text/html", "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    )
    page.etag = False
    server.paths["/"] = page
    first = change(server, crawler(server))
    server.requests.clear()
    change(server, crawler(server), first.cursors[-1])
    asked = [request for request in server.requests if request.path == "/"]
    assert asked[0].headers["if-modified-since"] == "Thu, 01 Jan 2026 00:00:00 GMT"


def test_an_etag_that_cannot_be_sent_back_is_not_kept(server: Site) -> None:
    server.page("/", "start", ETag='"ü"')
    since = change(server, crawler(server)).cursors[-1]
    assert set(change(server, crawler(server), since).documents) == {"/"}


def test_a_robots_txt_elsewhere_is_read_there_or_not_at_all(server: Site) -> None:
    server.page("/", "start", links=("/private",))
    server.page("/private", "x")
    server.redirect("/robots.txt", "/moved.txt", 301)
    server.put("/moved.txt", "User-agent: *\nDisallow: /private\n", "text/plain")
    assert set(read(server, crawler(server)).documents) == {"/"}
    server.redirect("/robots.txt", "http://169.254.169.254/", 301)
    assert set(read(server, crawler(server)).documents) == {"/", "/private"}


def test_a_last_modified_as_young_as_the_answer_is_not_relied_on(server: Site) -> None:
    """It counts whole seconds: the next change could have the same."""

    def young(handler: Any) -> None:
        headers = {"Content-Type": "text/html", "Last-Modified": handler.date_time_string()}
        handler.reply(200, b"<p>text</p>", headers)

    server.paths["/"] = Answer(run=young)
    first = change(server, crawler(server))
    server.requests.clear()
    change(server, crawler(server), first.cursors[-1])
    asked = [request for request in server.requests if request.path == "/"]
    assert "if-modified-since" not in asked[0].headers


@pytest.mark.parametrize("status", [500, 502, 403, 418])
def test_a_page_that_fails_is_kept(server: Site, status: int) -> None:
    server.page("/", "start", links=("/a", "/b"))
    server.page("/a", "a")
    server.page("/b", "b")
    first = change(server, crawler(server))
    server.put("/a", "oops", status=status)
    second = change(server, crawler(server), first.cursors[-1])
    assert (second.gone, second.documents) == ([], {})
    assert str(status) in second.skips["/a"]
    server.page("/a", "a is back")
    third = change(server, crawler(server), second.cursors[-1])
    assert third.documents["/a"].text == "a is back"


def test_a_listing_with_a_failed_page_takes_nothing_for_gone(index: Index, server: Site) -> None:
    """What only that page links to cannot be found."""
    server.page("/", "start", links=("/a",))
    server.page("/a", "a", links=("/b",))
    server.page("/b", "b")
    server.page("/other", "x")
    index.ingest(crawler(server, "/", "/other"))
    server.put("/a", "oops", status=500)
    report = index.ingest(crawler(server, "/", "/other"))
    assert (report.deleted, report.skipped) == (0, 2)
    server.page("/a", "a", links=("/b",))
    report = index.ingest(crawler(server, "/", "/other"))
    assert (report.unchanged, report.skipped) == (4, 0)
    assert index.status().documents == 4


def test_a_whole_listing_removes_what_is_no_longer_there(
    index: Index, server: Site, counting: CountingEmbedder
) -> None:
    server.page("/", "start", links=("/a", "/b"))
    server.page("/a", "a")
    server.page("/b", "b")
    assert index.ingest(crawler(server)).added == 3
    del server.paths["/b"]
    counting.passages.clear()
    report = index.ingest(crawler(server))
    assert (report.unchanged, report.deleted, report.skipped) == (2, 1, 0)
    assert counting.passages == []


def test_a_site_that_is_down_is_an_error_and_nothing_is_gone(server: Site) -> None:
    server.page("/", "start", links=("/a",))
    server.page("/a", "a")
    first = change(server, crawler(server))
    with server.down(), pytest.raises(SourceError, match="cannot be reached"):
        change(server, crawler(server), first.cursors[-1])


@pytest.mark.parametrize("status", [404, 410])
def test_a_start_page_that_is_gone_is_taken_for_a_fault(server: Site, status: int) -> None:
    server.page("/", "start", links=("/a",))
    server.page("/a", "a")
    first = change(server, crawler(server))
    server.paths.clear()
    server.put("/", "nothing", status=status)
    with pytest.raises(SourceError, match="is not there"):
        change(server, crawler(server), first.cursors[-1])


def test_a_site_in_maintenance_is_an_error(server: Site) -> None:
    server.page("/", "start", links=tuple(f"/{n}" for n in range(9)))
    for number in range(9):
        server.page(f"/{number}", "text")
    first = change(server, crawler(server))
    for number in range(9):
        server.put(f"/{number}", "maintenance", status=500)
    seen: list[str] = []
    original = dict(server.paths)
    server.paths["/robots.txt"] = Answer(
        run=lambda handler: (
            seen.append("robots"),
            handler.reply(404 if len(seen) == 1 else 500, b"", {"Content-Type": "text/plain"}),
        )
    )
    with pytest.raises(SourceError, match="500"):
        change(server, crawler(server), first.cursors[-1])
    assert len(original) == 10


def test_one_host_of_two_that_is_down_costs_its_own_pages_only(server: Site) -> None:
    with site() as other:
        for host in (server, other):
            host.page("/", "start", links=("/a",))
            host.page("/a", "a")
        both = WebConnector(
            [server.url + "/", other.url + "/"], delay=0, allow_hosts=[server.host, other.host], discover=False
        )
        first = change(server, both)
        server.page("/a", "changed")
        with other.down():
            second = change(server, both, first.cursors[-1])
        assert (list(second.documents), second.gone) == (["/a"], [])
        assert "cannot be reached" in second.skips[other.url + "/"]
        third = change(server, both, second.cursors[-1])
        assert (third.documents, third.skips) == ({}, {})


def test_what_only_a_refused_host_links_to_is_kept(index: Index, server: Site) -> None:
    """A name may lead inside for a while, as in an office with a DNS of its own."""
    with site() as other:
        server.page("/", "start", links=(other.url + "/map",))
        other.page("/map", SENTENCES["ar"], links=(server.url + "/a",))
        server.page("/a", SENTENCES["ja"])
        options: dict[str, Any] = {"hosts": [other.host], "discover": False}
        assert index.ingest(crawler(server, allow_hosts=[server.host, other.host], **options)).added == 3
        report = index.ingest(crawler(server, **options))
        assert (report.unchanged, report.deleted) == (1, 0)
        assert "not on the public internet" in next(s.reason for s in report.skips if s.id == other.url + "/")


def test_a_listing_that_breaks_off_goes_on_where_it_was(server: Site) -> None:
    server.page("/", "start", links=tuple(f"/{n}" for n in range(120)))
    for number in range(120):
        server.page(f"/{number}", f"text {number}")
    before, cursor = [], None
    for item in crawler(server).changes(None):
        if isinstance(item, Checkpoint):
            cursor = item.cursor
            break
        before.append(item.id)
    assert 40 <= len(before) < 100
    server.asked()
    after = change(server, crawler(server), cursor)
    assert len({*before, *(document.id for document in after.documents.values())}) == 121
    assert len(server.asked()) < 80


def test_other_settings_or_a_strange_cursor_mean_a_new_listing(server: Site) -> None:
    server.page("/", "start")
    cursor = change(server, crawler(server)).cursors[-1]
    with pytest.raises(CursorLostError, match="other settings"):
        change(server, crawler(server, max_depth=3), cursor)
    for strange in ("", "x", "{}", cursor[:-9], "ü"):
        with pytest.raises(CursorLostError):
            change(server, crawler(server), strange)


def test_a_cursor_is_small(server: Site) -> None:
    paths = tuple(f"/articles/{n:05}/some-title-of-an-article" for n in range(600))
    server.page("/", "start", links=paths)
    for path in paths:
        server.page(path, path)
    cursor = change(server, crawler(server, concurrency=8)).cursors[-1]
    assert len(cursor) < 60 * 601


def test_a_page_that_moved_is_gone_from_where_it_was(server: Site) -> None:
    server.page("/", "start", links=("/a", "/b"))
    server.page("/a", "a")
    server.page("/b", "b")
    first = change(server, crawler(server))
    server.redirect("/a", "/new", 301)
    server.page("/new", "a")
    second = change(server, crawler(server), first.cursors[-1])
    assert (list(second.documents), second.gone) == (["/new"], ["/a"])
    third = change(server, crawler(server), second.cursors[-1])
    assert (third.documents, third.gone) == ({}, [])


@pytest.mark.parametrize("status", [500, 403])
@pytest.mark.parametrize("hops", [("/new",), ("/newer", "/new")])
def test_a_page_that_moved_to_what_cannot_be_read_is_kept(server: Site, status: int, hops: tuple[str, ...]) -> None:
    server.page("/", "start", links=("/a",))
    server.page("/a", "Ọjà ń ṣí ní ọjọ́ Tuesday.")
    first = change(server, crawler(server))
    for path, target in zip(("/a", *hops), hops, strict=False):
        server.redirect(path, target, 301)
    server.put("/new", "later", status=status)
    second = change(server, crawler(server), first.cursors[-1])
    assert second.gone == []
    assert second.skips["/a"] == f"leads to {server.url}/new, which could not be read"
    server.page("/new", "Ọjà ń ṣí ní ọjọ́ Tuesday.")
    third = change(server, crawler(server), second.cursors[-1])
    assert (list(third.documents), third.gone[0], third.skips) == (["/new"], "/a", {})


def test_a_page_that_moved_to_where_nothing_is_is_gone(server: Site) -> None:
    server.page("/", "start", links=("/a", "/b"))
    server.page("/a", "a")
    server.page("/b", "b")
    first = change(server, crawler(server))
    server.redirect("/a", "/missing")
    server.redirect("/b", "https://elsewhere.example/")
    second = change(server, crawler(server), first.cursors[-1])
    assert (sorted(second.gone), second.skips) == (["/a", "/b"], {})


def test_a_page_that_leads_into_a_ring_is_kept(server: Site) -> None:
    server.page("/", "start", links=("/a",))
    server.page("/a", "a")
    first = change(server, crawler(server))
    server.redirect("/a", "/b")
    server.redirect("/b", "/a")
    second = change(server, crawler(server), first.cursors[-1])
    assert (second.gone, second.skips["/a"]) == ([], "leads to itself, in a ring")


def test_a_listing_keeps_a_page_that_moved_to_what_cannot_be_read(index: Index, server: Site) -> None:
    server.put("/sitemap.xml", sitemap(server, "/a", "/b"), "application/xml")
    server.page("/a", SENTENCES["fa"])
    server.page("/b", SENTENCES["ja"])
    assert index.ingest(listed(server)).added == 2
    server.redirect("/a", "/new")
    server.put("/new", "later", status=500)
    report = index.ingest(listed(server))
    assert (report.unchanged, report.deleted) == (1, 0)
    assert server.url + "/a" in [skip.id for skip in report.skips]


@pytest.mark.parametrize("how", ["redirect", "canonical"])
def test_a_login_wall_does_not_empty_the_index(server: Site, how: str) -> None:
    paths = tuple(f"/{n}" for n in range(15))
    server.page("/", "start", links=paths)
    server.page("/login", "Who are you?", links=("/",))
    for path in paths:
        server.page(path, path)
    first = change(server, crawler(server))
    for path in paths:
        if how == "redirect":
            server.redirect(path, "/login")
        else:
            server.page(path, path, head=canonical("/login"))
    given: list[Any] = []
    with pytest.raises(SourceError, match=r"15 pages that were documents now lead to .*/login"):
        given.extend(crawler(server).changes(first.cursors[-1]))
    assert not any(isinstance(item, Gone) for item in given)


# Sitemaps


def test_a_sitemap_gives_its_pages_and_no_others(server: Site) -> None:
    server.put("/sitemap.xml", sitemap(server, "/a", "/b"), "application/xml")
    server.page("/a", "a", links=("/c",))
    server.page("/b", "b")
    server.page("/c", "c")
    assert set(read(server, listed(server)).documents) == {"/a", "/b"}


def test_indexes_gzip_and_text_sitemaps_are_read(server: Site) -> None:
    maps = "".join(
        f"<sitemap><loc>{server.url}/{name}</loc></sitemap>" for name in ("one.xml.gz", "two.txt", "one.xml.gz")
    )
    server.put("/sitemap.xml", f"<sitemapindex {NAMESPACES}>{maps}</sitemapindex>", "application/xml")
    server.put("/one.xml.gz", gzip.compress(sitemap(server, "/a")), "application/gzip")
    server.put("/two.txt", f"\ufeff{server.url}/b\r\n\r\nfile:///etc/passwd\n{server.url}/c\n".encode(), "text/plain")
    for path in ("/a", "/b", "/c"):
        server.page(path, path)
    assert set(read(server, listed(server)).documents) == {"/a", "/b", "/c"}


def test_robots_txt_leads_a_crawl_to_sitemaps(server: Site) -> None:
    server.put("/robots.txt", f"Sitemap: {server.url}/hidden.xml\n", "text/plain")
    server.put("/hidden.xml", sitemap(server, "/unlinked"), "application/xml")
    server.page("/", "start")
    server.page("/unlinked", "text")
    assert set(read(server, crawler(server)).documents) == {"/", "/unlinked"}
    assert set(read(server, crawler(server, discover=False)).documents) == {"/"}
    assert set(read(server, crawler(server, max_depth=0)).documents) == {"/"}


def test_a_sitemap_of_long_ago_in_robots_txt_is_no_failure(server: Site) -> None:
    server.put("/robots.txt", f"Sitemap: {server.url}/missing.xml\n", "text/plain")
    server.page("/", "start")
    assert read(server, crawler(server)).skips == {}
    named = crawler(server, sitemaps=[server.url + "/missing.xml"])
    assert "answers 404" in read(server, named).skips["/missing.xml"]
    server.put("/missing.xml", "oops", status=500)
    assert "answers 500" in read(server, crawler(server)).skips["/missing.xml"]


BROKEN = {
    "damaged": b"<urlset><url><loc>http",
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
    "bomb": gzip.compress(b" " * 5_000_000),
    "no gzip": b"\x1f\x8bnot gzip",
    "a page": b"<html xmlns='http://www.w3.org/1999/xhtml'><head><title>Back soon</title></head><body/></html>",
    "nothing": b"",
    "white space": b"\xef\xbb\xbf \r\n",
    "nothing in gzip": gzip.compress(b""),
    "a notice": "সাইটটি শীঘ্রই ফিরে আসবে।".encode(),
    "a notice with a URL": b"Back soon.\nhttps://status.example.com/\n",
    "a feed": b"<rss version='2.0'><channel><item><link>https://example.com/</link></item></channel></rss>",
    "a feed in Atom": b"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title></feed>",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_sitemap_that_cannot_be_read_is_an_error(server: Site, content: bytes) -> None:
    server.put("/sitemap.xml", content, "application/xml")
    with pytest.raises(SourceError, match=r"sitemap .* could not be read"):
        read(server, listed(server, max_bytes=1_000_000))


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_sitemap_that_cannot_be_read_empties_nothing(server: Site, content: bytes) -> None:
    server.put("/one.xml", sitemap(server, "/a"), "application/xml")
    server.put("/two.xml", sitemap(server, "/b"), "application/xml")
    for path in ("/a", "/b"):
        server.page(path, path)
    both = listed(server, "/one.xml", "/two.xml", max_bytes=1_000_000)
    first = change(server, both)
    server.put("/two.xml", content, "application/xml")
    second = change(server, both, first.cursors[-1])
    assert second.gone == []
    assert "could not be read" in second.skips["/two.xml"]


def test_a_sitemap_without_pages_is_one(server: Site) -> None:
    server.put("/one.xml", sitemap(server, "/a"), "application/xml")
    server.put("/two.xml", sitemap(server, "/b"), "application/xml")
    for path in ("/a", "/b"):
        server.page(path, path)
    first = change(server, listed(server, "/one.xml", "/two.xml"))
    server.put("/two.xml", sitemap(server), "application/xml")
    second = change(server, listed(server, "/one.xml", "/two.xml"), first.cursors[-1])
    assert (second.gone, second.skips) == (["/b"], {})


def test_a_busy_host_of_a_sitemap_in_robots_txt_does_not_end_the_run(server: Site) -> None:
    with site() as other:
        server.put("/robots.txt", f"Sitemap: {other.url}/map.xml\n", "text/plain")
        server.page("/", "start")
        other.paths["/map.xml"] = Answer(status=429, headers={"Retry-After": "3600"})
        both = [server.host, other.host]
        run = read(server, crawler(server, allow_hosts=both))
        assert list(run.documents) == ["/"]
        assert "asks to come back in 3600 s" in run.skips[other.url + "/map.xml"]
        assert "could not be read" in run.skips["/"]  # nothing of this host counts as gone
        with pytest.raises(SourceError, match="answers 429") as caught:
            read(server, crawler(server, sitemaps=[other.url + "/map.xml"], allow_hosts=both))
        assert caught.value.retry_after == 3600


def test_more_sitemaps_than_are_read_make_no_page_gone(server: Site) -> None:
    def index(children: list[str]) -> None:
        maps = "".join(f"<sitemap><loc>{server.url}{path}</loc></sitemap>" for path in children)
        server.put("/sitemap.xml", f"<sitemapindex {NAMESPACES}>{maps}</sitemapindex>", "application/xml")

    server.put("/a.xml", sitemap(server, "/a"), "application/xml")
    server.page("/a", "ዳቦ ቤቱ ማክሰኞ ክፍት ነው።")
    index(["/a.xml"])
    first = change(server, listed(server))
    more = [f"/{number}.xml" for number in range(999)]
    for path in more:
        server.put(path, sitemap(server), "application/xml")
    index([*more, "/a.xml"])
    second = change(server, listed(server), first.cursors[-1])
    assert second.gone == []
    assert "more than 1,000 sitemaps" in second.skips["/a.xml"]


def test_a_feed_that_robots_txt_names_as_a_sitemap_is_no_failure(server: Site) -> None:
    server.put("/robots.txt", f"Sitemap: {server.url}/feed\n", "text/plain")
    server.put("/feed", BROKEN["a feed"], "application/rss+xml")
    server.page("/", "start")
    assert read(server, crawler(server)).skips == {}


def test_a_page_that_its_sitemap_no_longer_lists_is_gone(server: Site) -> None:
    server.put("/sitemap.xml", sitemap(server, "/a", "/b"), "application/xml")
    server.page("/a", "a")
    server.page("/b", "b")
    first = change(server, listed(server))
    server.put("/sitemap.xml", sitemap(server, "/a"), "application/xml")
    assert change(server, listed(server), first.cursors[-1]).gone == ["/b"]
    server.put("/more.xml", "oops", status=500)
    server.put("/sitemap.xml", sitemap(server, "/a"), "application/xml")
    two = listed(server, "/sitemap.xml", "/more.xml")
    server.put("/more.xml", sitemap(server, "/b"), "application/xml")
    both = change(server, two)
    server.put("/more.xml", "oops", status=500)
    assert change(server, two, both.cursors[-1]).gone == []


def test_a_sitemap_is_believed_that_an_old_page_is_unchanged(server: Site) -> None:
    entries = (("/old", "2020-01-01"), ("/older", "2019-05-05T10:00:00+02:00"), ("/without", ""), ("/nonsense", "soon"))
    server.put("/sitemap.xml", sitemap(server, *entries), "application/xml")
    for path, _ in entries:
        server.page(path, path)
    first = change(server, listed(server))
    server.asked()
    second = change(server, listed(server), first.cursors[-1])
    assert server.asked() == [("/nonsense", 304), ("/sitemap.xml", 200), ("/without", 304)]
    change(server, listed(server, recheck_days=0), second.cursors[-1])
    assert len(server.asked()) == 5
    server.page("/old", "new text")
    server.put("/sitemap.xml", sitemap(server, ("/old", "2021-01-01")), "application/xml")
    assert change(server, listed(server), second.cursors[-1]).documents["/old"].text == "new text"


def test_a_sitemap_is_not_believed_about_today(server: Site) -> None:
    """A second change on the same day would have the same date."""
    import datetime as dt

    today = dt.datetime.now(dt.UTC).date().isoformat()
    server.put("/sitemap.xml", sitemap(server, ("/a", today)), "application/xml")
    server.page("/a", "a")
    first = change(server, listed(server))
    server.page("/a", "changed at once")
    assert "/a" in change(server, listed(server), first.cursors[-1]).documents


# Versions in other languages


def alternates(**versions: str) -> str:
    return "".join(
        f'<link rel="alternate" hreflang="{tag.replace("_", "-")}" href="{path}">' for tag, path in versions.items()
    )


def test_versions_of_a_page_are_one_translation_group(server: Site) -> None:
    head = alternates(de="/de/guide", en="/en/guide", fa="/fa/guide")
    server.page("/", "start", links=("/de/guide", "/en/guide", "/fa/guide", "/alone"))
    for tag in ("de", "en", "fa"):
        server.page(f"/{tag}/guide", SENTENCES[tag], head=head)
    server.page("/alone", "alone", head=alternates(de="/alone"))
    documents = read(server, crawler(server)).documents
    groups = {path: document.metadata.get("translation_group") for path, document in documents.items()}
    assert groups == {
        "/": None,
        "/alone": None,
        **{f"/{tag}/guide": f"{server.url}/de/guide" for tag in ("de", "en", "fa")},
    }
    assert documents["/fa/guide"].metadata["alternates"] == {t: f"{server.url}/{t}/guide" for t in ("de", "en", "fa")}


def test_a_version_that_no_link_leads_to_is_found(server: Site) -> None:
    server.page("/", SENTENCES["en"], head=alternates(en="/", ko="/ko"))
    server.page("/ko", SENTENCES["ko"])
    assert set(read(server, crawler(server)).documents) == {"/", "/ko"}


def test_the_default_version_names_the_group_only_when_it_is_one_of_them(server: Site) -> None:
    server.page("/", "start", links=("/a", "/b"), head=alternates(de="/de", en="/en", x_default="/en"))
    server.page("/a", "a", head=alternates(de="/a-de", en="/a", x_default="/"))
    server.page("/b", "b", head=alternates(de="/b-de", en="/b", x_default="/"))
    documents = read(server, crawler(server)).documents
    assert documents["/a"].metadata["translation_group"] == server.url + "/a"
    assert documents["/b"].metadata["translation_group"] == server.url + "/b"
    assert documents["/"].metadata["translation_group"] == server.url + "/en"
    assert documents["/"].metadata["alternates"]["x-default"] == server.url + "/en"
    assert "x-default" not in documents["/a"].metadata["alternates"]  # a page of several groups is a version in none


def test_versions_stand_in_sitemaps_and_headers_too(server: Site) -> None:
    links = "".join(f'<xhtml:link rel="alternate" hreflang="{t}" href="{server.url}/{t}"/>' for t in ("de", "ja"))
    entries = "".join(f"<url><loc>{server.url}/{t}</loc>{links}</url>" for t in ("de", "ja"))
    server.put("/sitemap.xml", f"<urlset {NAMESPACES}>{entries}<url><loc>{server.url}/h</loc></url></urlset>")
    server.page("/de", SENTENCES["de"])
    server.page("/ja", SENTENCES["ja"])
    header = '</h>; rel="alternate"; hreflang="en", </h-fr>; rel=alternate; hreflang=fr'
    server.page("/h", "h", Link=header)
    first = change(server, listed(server))
    assert {first.documents[path].metadata["translation_group"] for path in ("/de", "/ja")} == {server.url + "/de"}
    assert first.documents["/h"].metadata["alternates"] == {"en": server.url + "/h", "fr": server.url + "/h-fr"}
    # A version more is news of pages that did not change themselves.
    more = entries.replace("</url>", f'<xhtml:link rel="alternate" hreflang="ko" href="{server.url}/ko"/></url>')
    server.put("/sitemap.xml", f"<urlset {NAMESPACES}>{more}</urlset>")
    second = change(server, listed(server), first.cursors[-1])
    assert second.documents["/ja"].metadata["alternates"]["ko"] == server.url + "/ko"


def test_a_declared_language_is_a_hint(server: Site) -> None:
    server.put("/", '<html lang="fa-IR"><body><p>سلام دنیا</p></body></html>')
    server.page("/header", "x", Content_Language="th")
    documents = read(server, crawler(server, "/", "/header")).documents
    assert documents["/"].language is None
    assert documents["/"].metadata["declared_language"] == "fa-IR"
    assert documents["/header"].metadata["declared_language"] == "th"


# What is read of a page


@pytest.mark.parametrize("tag", ["fa", "hi", "bn", "th", "ar", "he", "ja", "zh-Hans"])
def test_the_text_of_a_page_is_kept_to_the_character(server: Site, tag: str) -> None:
    text = SENTENCES[tag] + (" نمی‌خواهم کتاب‌هایش را" if tag == "fa" else " क्‍ष" if tag == "hi" else "")
    server.page("/", text, links=("/menu",))
    assert read(server, crawler(server, max_depth=0)).documents["/"].text == text


FURNITURE = """<!doctype html><html><head><title>Ferry</title></head><body>
<header class="site-header"><a href="/">Home</a></header>
<div class="mainNav"><ul><li><a href="/x">Products</a></li></ul></div>
<div id="cookieConsent" role="dialog"><p>We use cookies to improve your visit.</p><button>Accept</button></div>
<div class="breadcrumbs">You are here</div>{body}
<div class="sidebar"><p>Related stories</p></div><div id="newsletter-signup">Subscribe now</div>
<footer>Copyright</footer><div class="page-footer">Imprint</div></body></html>"""
BODIES = {
    "main": "<main><h1>Ferry</h1><p>{text}</p></main>",
    "article": '<article><header><h1>Ferry</h1></header><p>{text}</p><div class="share">Share this</div></article>',
    "plain": '<div id="content"><h1>Ferry</h1><p>{text}</p></div>',
    "named like furniture": '<div class="menu"><h1>Ferry</h1><p>{text}</p></div>',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_menus_cookie_banners_and_footers_go(server: Site, body: str) -> None:
    text = "The ferry leaves at half past seven, except on Sundays. " * 5
    server.put("/", FURNITURE.format(body=body.format(text=text)))
    assert read(server, crawler(server, max_depth=0)).documents["/"].text == f"# Ferry\n\n{text.strip()}"


def test_a_page_of_nothing_but_furniture_keeps_its_text(server: Site) -> None:
    server.put("/", "<body><nav><a href='/a'>one</a> <a href='/b'>two</a></nav></body>")
    assert read(server, crawler(server, max_depth=0)).documents["/"].text == "one two"


ENCODINGS = {
    "Shift_JIS in the header": ("ja", "shift_jis", "text/html; charset=Shift_JIS", ""),
    "Shift_JIS in the page": ("ja", "shift_jis", "text/html", '<meta charset="shift_jis">'),
    "EUC-KR": ("ko", "euc-kr", 'text/html;charset="euc-kr"', ""),
    "windows-1251 undeclared": ("ru", "cp1251", "text/html", ""),
    "wrong header, UTF-8 page": ("el", "utf-8", "text/html; charset=iso-8859-1", ""),
    "unknown charset": ("de", "utf-8", "text/html; charset=x-nonsense", ""),
    "UTF-16": ("he", "utf-16", "text/html", ""),
}


@pytest.mark.parametrize(("tag", "codec", "media", "head"), ENCODINGS.values(), ids=ENCODINGS)
def test_pages_in_other_encodings_are_read(server: Site, tag: str, codec: str, media: str, head: str) -> None:
    html = f"<html><head>{head}<title>x</title></head><body><p>{SENTENCES[tag]}</p></body></html>"
    server.put("/", html.encode(codec), media)
    assert read(server, crawler(server)).documents["/"].text == SENTENCES[tag]


def test_files_are_read_as_files(server: Site, tmp_path: Path) -> None:
    from docx import Document as Word

    word = Word()
    word.add_paragraph(SENTENCES["ar"])
    word.save(str(tmp_path / "a.docx"))
    server.page("/", "start", links=("/a.docx", "/notes.txt", "/photo", "/table", "/broken.docx"))
    server.put("/a.docx", (tmp_path / "a.docx").read_bytes(), "application/octet-stream")
    server.put("/notes.txt", SENTENCES["he"].encode("cp1255"), "text/plain; charset=windows-1255")
    server.put("/photo", b"\x89PNG\r\n\x1a\n", "image/png")
    server.put("/table", "a,b\n1,2\n", "text/csv")
    server.put("/broken.docx", b"no zip", "application/octet-stream")
    run = read(server, crawler(server))
    assert run.documents["/a.docx"].text == SENTENCES["ar"]
    assert run.documents["/notes.txt"].text == SENTENCES["he"]
    assert set(run.documents) == {"/", "/a.docx", "/notes.txt"}
    assert "text/csv" in run.skips["/table"]
    assert "damaged or mislabelled" in run.skips["/broken.docx"]
    assert "/photo" not in run.skips


def test_the_body_of_what_is_not_read_is_not_fetched(server: Site) -> None:
    sent: list[int] = []

    def film(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            for _ in range(1000):
                handler.wfile.write(b"x" * 1_000_000)
                sent.append(1)
        except OSError:
            pass

    server.page("/", "start", links=("/film",))
    server.paths["/film"] = Answer(run=film)
    assert set(read(server, crawler(server)).documents) == {"/"}
    assert len(sent) < 40  # megabytes, of the 50 that a body may have


BAD = {
    "bomb": (gzip.compress(b"<p>" + b"x" * 5_000_000), {"Content_Encoding": "gzip"}, "more than 1,000,000 bytes"),
    "too large": (b"<p>" + b"x" * 1_100_000, {}, "more than 1,000,000"),
    "binary": (b"\x00\x01\x02" * 900, {}, "binary data"),
    "empty": (b"  ", {}, "no text"),
    "no text": (b"<html><body><script>x()</script></body></html>", {}, "no text"),
    "brotli": (b"xx", {"Content_Encoding": "br"}, "not asked for"),
}


@pytest.mark.parametrize(("body", "headers", "reason"), BAD.values(), ids=BAD)
def test_one_bad_page_costs_itself_only(server: Site, body: bytes, headers: dict[str, str], reason: str) -> None:
    server.page("/", "start", links=("/bad", "/good"))
    server.put("/bad", body, **headers)
    server.page("/good", "good")
    run = read(server, crawler(server, max_bytes=1_000_000))
    assert set(run.documents) == {"/", "/good"}
    assert reason in run.skips["/bad"]


def test_a_slow_page_costs_itself_only(server: Site) -> None:
    release = threading.Event()
    server.page("/", "start", links=("/slow", "/good"))
    server.paths["/slow"] = Answer(run=lambda handler: release.wait(5))
    server.page("/good", "good")
    run = read(server, crawler(server, timeout=0.15))
    release.set()
    assert set(run.documents) == {"/", "/good"}
    assert "in time" in run.skips["/slow"]


def test_a_page_that_refreshes_to_another_is_that_one(server: Site) -> None:
    server.page("/", "You are being redirected", head='<meta http-equiv="refresh" content="0; url=/real">')
    server.page("/real", "real")
    assert set(read(server, crawler(server)).documents) == {"/real"}


def test_base_and_odd_links_are_read_as_browsers_do(server: Site) -> None:
    html = '<base href="/deep/"><p>start <a href=" a\n b ">x</a><a href="">self</a><a href="//[x">bad</a></p>'
    server.put("/", html)
    server.page("/deep/a%20b", "spaced")
    server.page("/فارسی", "persian")
    server.put("/", html.replace("self</a>", "self</a><a href='/فارسی'>fa</a>"))
    run = read(server, crawler(server))
    assert {"/deep/a%20b", "/%D9%81%D8%A7%D8%B1%D8%B3%DB%8C"} <= set(run.documents)


def test_credentials_are_sent_and_never_shown(server: Site) -> None:
    server.page("/", "start")
    connector = crawler(server, headers={"Authorization": "Bearer hunter2"})
    run = change(server, connector)
    assert [request.headers.get("authorization") for request in server.requests] == ["Bearer hunter2"] * 2
    assert "hunter2" not in repr((run.documents, run.cursors, connector.source))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "neither start nor sitemaps"),
        ({"start": "https://example.com/"}, "Give a list of URLs"),
        ({"start": ["file:///etc/passwd"]}, "start: .*only http and https"),
        ({"start": ["https://me:secret@example.com/"]}, "user name or password"),
        ({"start": ["https://example.com/"], "hosts": ["a/b"]}, "hosts has 'a/b'"),
        ({"start": ["https://example.com/"], "allow_hosts": ["a/b"]}, "allow_hosts has 'a/b'"),
    ],
)
def test_wrong_settings_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        WebConnector(**options)
    assert "secret" not in str(caught.value)


def test_a_source_is_named_by_its_first_url_or_its_name() -> None:
    assert WebConnector(["https://Example.com:443/docs/"]).source == "web:<https://example.com/docs/>"
    assert WebConnector(["https://example.com/"], name="handbook").source == "web:handbook"


def test_the_code_of_the_documentation_runs(
    server: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(__file__).parents[2] / "docs" / "web.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    server.page("/", "The ferry does not run on Sundays.", links=("/archive/old", "/a"))
    server.page("/a", SENTENCES["de"])
    entry = "<item><guid>1</guid><description>A new ferry.</description></item>"
    server.put("/feed.xml", f'<rss version="2.0"><channel>{entry}</channel></rss>', "application/rss+xml")
    code = code.replace("https://docs.example.com", server.url)
    monkeypatch.chdir(tmp_path)
    exec(code.replace("delay=1.0", f"delay=0, allow_hosts=['{server.host}']"), {})
    shown = capsys.readouterr().out
    assert server.url + "/ The ferry does not run on Sundays." in shown
    assert "/archive/old" not in dict(server.asked())
