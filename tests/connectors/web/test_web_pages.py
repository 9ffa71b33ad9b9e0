"""What is read of a page, and its versions in other languages."""

from __future__ import annotations

import gzip
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.web import WebConnector
from interlingua.retrieval.errors import ConfigurationError
from sites import Answer, Site
from support import SENTENCES
from web_runs import NAMESPACES, change, crawler, listed, read


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
    page = Path(__file__).parents[3] / "docs" / "web.md"
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
