"""Feeds as a source: RSS and Atom, asked for only when they changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from interlingua import Index
from interlingua.connectors.web import FeedConnector
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Checkpoint, Document, Pending, Skip
from sites import Site, site
from support import SENTENCES, CountingEmbedder

RSS = """<?xml version="1.0" encoding="{codec}"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>
<link>https://example.com/</link><language>fa-IR</language>{items}</channel></rss>"""
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>News</title>{items}</feed>'


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as opened:
        yield opened


def feed(server: Site, *paths: str, **options: Any) -> FeedConnector:
    settings: dict[str, Any] = {"delay": 0, "allow_hosts": [server.host], **options}
    return FeedConnector([server.url + path for path in paths or ("/feed",)], **settings)


def documents(items: Iterator[Any]) -> list[Document]:
    return [item for item in items if isinstance(item, Document)]


def cursor(items: Iterator[Any]) -> str:
    return [item.cursor for item in items if isinstance(item, Checkpoint)][-1]


def test_an_rss_item_is_a_document(server: Site) -> None:
    item = f"""<item><title>خبر &amp; تازه</title><link>/news/1?utm_source=rss</link>
    <guid isPermaLink="false">n-1</guid>
    <pubDate>Thu, 01 Jan 2026 12:30:00 +0330</pubDate><category>ferry</category><author>Sara</author>
    <description>short</description>
    <content:encoded><![CDATA[<p>{SENTENCES["fa"]}</p><script>x()</script><p>نمی‌خواهم</p>]]></content:encoded></item>"""
    server.put("/feed", RSS.format(codec="UTF-8", items=item), "application/rss+xml")
    (found,) = documents(feed(server).documents())
    assert found.id == f"{server.url}/feed#n-1"
    assert found.text == f"{SENTENCES['fa']}\n\nنمی‌خواهم"
    assert found.title == "خبر & تازه"
    assert found.url == server.url + "/news/1"
    assert found.language is None
    assert found.metadata == {
        "feed": server.url + "/feed",
        "published": dt.datetime(2026, 1, 1, 9, 0, tzinfo=dt.UTC),
        "author": "Sara",
        "tags": ["ferry"],
        "declared_language": "fa-IR",
    }


def test_an_atom_entry_is_a_document(server: Site) -> None:
    entries = f"""<entry><id>urn:uuid:7</id><title type="html">&lt;b&gt;Fähre&lt;/b&gt;</title><link href="https://example.com/7"/>
    <updated>2026-01-02T00:00:00Z</updated><content type="xhtml" xml:lang="ja"><div xmlns="http://www.w3.org/1999/xhtml">
    <p>{SENTENCES["ja"]}</p></div></content></entry>
    <entry><title>Plain</title><link href="https://example.com/8"/><summary>1 &lt; 2</summary></entry>"""
    server.put("/feed", ATOM.format(items=entries), "application/atom+xml")
    first, second = documents(feed(server).documents())
    assert (first.id, first.text, first.title) == (f"{server.url}/feed#urn:uuid:7", SENTENCES["ja"], "Fähre")
    assert first.metadata["declared_language"] == "ja"
    assert (second.id, second.text) == (f"{server.url}/feed#https://example.com/8", "1 < 2")
    assert second.metadata["declared_language"] == "de"


@pytest.mark.parametrize(("codec", "tag"), [("windows-1251", "ru"), ("Shift_JIS", "ja"), ("utf-8", "hi")])
def test_feeds_in_other_encodings_are_read(server: Site, codec: str, tag: str) -> None:
    item = f"<item><guid>1</guid><description>{SENTENCES[tag]}</description></item>"
    server.put("/feed", RSS.format(codec=codec, items=item).encode(codec), "application/rss+xml")
    assert [found.text for found in documents(feed(server).documents())] == [SENTENCES[tag]]


def item(number: int, text: str = "") -> str:
    return f"<item><guid>{number}</guid><description>{text or f'Notice number {number}.'}</description></item>"


def publish(server: Site, *items: str, path: str = "/feed") -> None:
    server.put(path, RSS.format(codec="UTF-8", items="".join(items)), "application/rss+xml")


def test_a_feed_that_did_not_change_costs_no_body(server: Site) -> None:
    publish(server, item(1))
    since = cursor(feed(server).changes(None))
    server.asked()
    again = list(feed(server).changes(since))
    assert server.asked() == [("/feed", 304)]
    assert [type(found) for found in again] == [Checkpoint]


def test_entries_that_a_feed_no_longer_shows_stay(index: Index, counting: CountingEmbedder, server: Site) -> None:
    publish(server, item(1), item(2))
    assert index.ingest(feed(server)).added == 2
    publish(server, item(2), item(3))
    counting.passages.clear()
    report = index.ingest(feed(server))
    assert (report.added, report.unchanged, report.deleted) == (1, 1, 0)
    assert counting.passages == ["Notice number 3."]
    assert index.status().documents == 3


def test_linked_pages_are_read_when_their_entry_changed(index: Index, server: Site) -> None:
    def entry(summary: str) -> str:
        return f"<item><guid>1</guid><link>{server.url}/page</link><description>{summary}</description></item>"

    publish(server, entry("short"))
    server.redirect("/page", "/moved")
    server.page("/moved", SENTENCES["th"], links=("/menu",))
    following = feed(server, follow_links=True)
    assert [type(found) for found in following.documents()] == [Pending]
    assert index.ingest(following).added == 1
    assert index.search(SENTENCES["th"], limit=1)[0].chunk.text == SENTENCES["th"]
    server.asked()
    assert index.ingest(following).unchanged == 1
    assert [path for path, _ in server.asked()] == ["/feed"]
    publish(server, entry("other"))
    server.page("/moved", "a new text")
    assert index.ingest(following).updated == 1


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/", "http://169.254.169.254/latest/", "file:///etc/passwd"])
def test_links_of_a_feed_lead_nowhere_inside(server: Site, target: str) -> None:
    publish(server, f"<item><guid>1</guid><link>{target}</link><description>text</description></item>")
    for found in feed(server, follow_links=True).documents():
        read = found.read() if isinstance(found, Pending) else found
        if target.startswith("file"):
            assert isinstance(read, Document)
            assert (read.text, read.url) == ("text", None)
        else:
            assert isinstance(read, Skip)
            assert "not on the public internet" in read.reason


def test_linked_pages_obey_robots_txt(server: Site) -> None:
    server.put("/robots.txt", "User-agent: *\nDisallow: /page\n", "text/plain")
    server.page("/page", "secret")
    publish(server, f"<item><guid>1</guid><link>{server.url}/page</link></item>")
    (found,) = feed(server, follow_links=True).documents()
    assert isinstance(found, Pending)
    read = found.read()
    assert isinstance(read, Skip)
    assert "robots.txt" in read.reason
    assert ("/page", 200) not in server.asked()


BROKEN = {
    "a page": ("<html><body>hello</body></html>", "is no feed"),
    "nothing": ("", "is no feed"),
    "entities": ('<!DOCTYPE x [<!ENTITY a "aaaa">]>' + RSS.format(codec="UTF-8", items=item(1, "&a;")), "entities"),
    "binary": ("\x00\x01\x02" * 100, "is no feed"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_feed_is_an_error(server: Site, content: str, message: str) -> None:
    server.put("/feed", content, "application/rss+xml")
    with pytest.raises(SourceError, match=message):
        list(feed(server).documents())


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (410, True), (403, True), (500, False), (502, False)])
def test_a_feed_that_is_not_given_out_is_an_error(server: Site, status: int, permanent: bool) -> None:
    server.put("/feed", "no", status=status)
    with pytest.raises(SourceError, match=str(status)) as caught:
        list(feed(server).documents())
    assert caught.value.permanent is permanent


def test_one_feed_of_two_that_is_down_costs_itself_only(server: Site) -> None:
    publish(server, item(1), path="/one")
    server.put("/two", "oops", status=500)
    two = feed(server, "/one", "/two")
    found = list(two.changes(None))
    assert [document.text for document in documents(iter(found))] == ["Notice number 1."]
    assert [(skip.id, skip.prefix) for skip in found if isinstance(skip, Skip)] == [(f"{server.url}/two#", True)]
    publish(server, item(2), path="/two")
    server.asked()
    assert len(documents(two.changes(cursor(iter(found))))) == 1
    assert server.asked() == [("/one", 304), ("/two", 200)]


def test_a_feed_that_its_parser_stumbles_over_costs_itself_only(server: Site) -> None:
    bad = "<item><guid>x&#xD800;y</guid><description>sel &amp; roti & teh</description></item>"
    publish(server, bad, path="/bad")
    publish(server, item(1, SENTENCES["hi"]), path="/good")
    items = list(feed(server, "/bad", "/good").changes(None))
    assert [found.text for found in documents(iter(items))] == [SENTENCES["hi"]]
    (skip,) = [found for found in items if isinstance(found, Skip)]
    assert (skip.id, skip.prefix) == (f"{server.url}/bad#", True)
    assert "/bad is no feed: UnicodeEncodeError" in skip.reason
    with pytest.raises(SourceError, match="is no feed"):
        list(feed(server, "/bad").documents())


def test_an_entry_without_any_name_is_skipped(server: Site) -> None:
    publish(server, "<item><title>Nameless</title></item>", item(2), "<item><guid>3</guid></item>")
    found = list(feed(server).documents())
    assert [document.text for document in documents(iter(found))] == ["Notice number 2."]
    reasons = [skip.reason for skip in found if isinstance(skip, Skip)]
    assert "Nameless" in reasons[0]
    assert "no text" in reasons[1]


@pytest.mark.parametrize("since", ["", "x", "[]", '{"a": 1}'])
def test_a_strange_cursor_means_a_new_listing(server: Site, since: str) -> None:
    publish(server, item(1))
    with pytest.raises(CursorLostError):
        list(feed(server).changes(since))


@pytest.mark.parametrize("feeds", [[], "https://example.com/feed", ["gopher://example.com/"], ["https://a:b@c.de/"]])
def test_wrong_settings_are_named(feeds: Any) -> None:
    with pytest.raises(ConfigurationError, match="feeds"):
        FeedConnector(feeds)
