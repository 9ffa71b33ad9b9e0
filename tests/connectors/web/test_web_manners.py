"""What owners of sites ask for: robots.txt, delays, Retry-After."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest
from interlingua.connectors.web.fetching import Fetcher
from interlingua.connectors.web.hosts import Hosts
from interlingua.connectors.web.urls import parse
from interlingua.connectors.web.waiting import retry_after
from interlingua.retrieval.errors import SourceError
from interlingua.retrieval.types import Document
from processes import file_workers
from sites import Answer, Site
from web_runs import crawler, read


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


def test_a_run_that_failed_leaves_no_process_even_while_its_error_is_kept(server: Site) -> None:
    gc.collect()
    before = set(file_workers())
    server.page("/", "start", links=("/a",))
    server.paths["/a"] = Answer(status=429, headers={"Retry-After": "3600"})
    listing = crawler(server).documents()
    assert isinstance(next(listing), Document)
    assert set(file_workers()) > before
    with pytest.raises(SourceError) as caught:
        next(listing)
    assert set(file_workers()) == before, caught.value


@pytest.mark.parametrize("value", ["", "soon", "-5", "²", "Thu, 99 Jan 2026 00:00:30 GMT"])
def test_a_retry_after_that_makes_no_sense_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}) is None
