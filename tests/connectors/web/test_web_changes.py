"""What a second look at a site costs, and what it takes for gone."""

from __future__ import annotations

from typing import Any

import pytest
from interlingua import Index
from interlingua.connectors.web import WebConnector
from interlingua.retrieval.errors import CursorLostError, SourceError
from interlingua.retrieval.types import Checkpoint, Gone
from sites import Answer, Site, site
from support import SENTENCES, CountingEmbedder
from web_runs import canonical, change, crawler, listed, read, sitemap


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
