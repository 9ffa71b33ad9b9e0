"""What a crawl finds, and by which address a page goes."""

from __future__ import annotations

import pytest
from interlingua.retrieval.errors import SourceError
from sites import Site, site
from web_runs import canonical, change, crawler, read


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
