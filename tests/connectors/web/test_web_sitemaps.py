"""Sitemaps: what they list, and how far they are believed."""

from __future__ import annotations

import gzip

import pytest
from interlingua.retrieval.errors import SourceError
from sites import Answer, Site, site
from web_runs import NAMESPACES, change, crawler, listed, read, sitemap


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
