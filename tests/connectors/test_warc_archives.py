"""WARC: the newest good capture of each page, and nothing that is damaged."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from counterparts.warc import SITE, add_page
from incremental import cursors, loaded, resumed_everywhere, skips, texts
from interlingua.connectors.dumps.warc import WarcConnector
from interlingua.connectors.files.limits import Limits
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Document, Pending
from reportlab.pdfgen.canvas import Canvas
from support import SENTENCES
from warcio.warcwriter import WARCWriter

Add = Callable[..., None]


def page(text: str, *, encoding: str = "utf-8") -> bytes:
    return f"<html><head><title>Titel</title></head><body><p>{text}</p></body></html>".encode(encoding)


def archive(path: Path, write: Callable[[Add], None], *, compressed: bool = True, version: str = "WARC/1.0") -> Path:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=compressed, warc_version=version)
        write(lambda name, body, **options: add_page(writer, SITE + name, body, **options))
    return path


def every_language(add: Add) -> None:
    for tag, text in SENTENCES.items():
        add(tag, page(text))


@pytest.mark.parametrize("form", ["record by record", "one gzip", "plain", "1.1"])
def test_every_form_of_an_archive_is_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "crawl.warc.gz"
    version = "WARC/1.1" if form == "1.1" else "WARC/1.0"
    archive(path, every_language, compressed=form in ("record by record", "1.1"), version=version)
    if form == "one gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))
    expected = {SITE + tag: text for tag, text in SENTENCES.items()}
    runs = resumed_everywhere(WarcConnector(path, checkpoint_every=4))
    assert len(runs) == len(SENTENCES) // 4 + 1
    for run in runs:
        assert [item.id for item in run if isinstance(item, Pending)] == list(expected)
    assert texts(runs[0]) == expected


def test_a_page_says_when_it_was_captured(tmp_path: Path) -> None:
    path = archive(tmp_path / "c.warc.gz", lambda add: add("a?b=c", page("Ein Text.")))
    (found,) = map(loaded, WarcConnector(path).documents())
    assert isinstance(found, Document)
    assert (found.id, found.url, found.title, found.text) == (SITE + "a?b=c", SITE + "a?b=c", "Titel", "Ein Text.")
    assert found.metadata["captured"] == "2026-11-01T12:00:00Z"
    assert str(found.metadata["record_id"]).startswith("urn:test:")


def test_the_newest_good_capture_counts_wherever_it_stands(tmp_path: Path) -> None:
    def first(add: Add) -> None:
        add("a", page("neu"), date="2026-11-03T00:00:00Z")
        add("b", page("alt"), date="2026-11-01T00:00:00Z")

    def second(add: Add) -> None:
        add("a", page("alt"), date="2026-11-01T00:00:00Z")
        add("b", page("neu"), date="2026-11-02T00:00:00Z")
        add("b", page("Fehler"), date="2026-11-04T00:00:00Z", status="503 Service Unavailable")
        add("b", page("anderswo"), date="2026-11-05T00:00:00Z", status="302 Found")
        add("b", b"", date="2026-11-06T00:00:00Z", kind="revisit")
        add("b", b"\x89PNG", date="2026-11-07T00:00:00Z", content_type="image/png")
        add("c", page("weg"), status="404 Not Found")

    archive(tmp_path / "1.warc.gz", first)
    archive(tmp_path / "2.warc", second, compressed=False)
    found = list(WarcConnector(tmp_path).documents())
    assert texts(found) == {SITE + "a": "neu", SITE + "b": "neu"}
    assert not skips(found)


def test_a_page_that_was_found_unchanged_is_skipped_where_its_content_is_elsewhere(tmp_path: Path) -> None:
    def again(add: Add) -> None:
        add("a", b"", kind="revisit", date="2026-11-02T00:00:00Z")
        add("b", b"", kind="revisit", date="2026-11-02T00:00:00Z", status="304 Not Modified", content_type="")
        add("c", page("neu"), date="2026-11-02T00:00:00Z")
        add("missing", b"", kind="revisit", status="404 Not Found")
        add("picture", b"", kind="revisit", content_type="image/png")

    archive(tmp_path / "2.warc.gz", again)
    found = list(WarcConnector(tmp_path).documents())
    assert texts(found) == {SITE + "c": "neu"}
    assert [*skips(found)] == [SITE + "a", SITE + "b"]
    archive(tmp_path / "1.warc.gz", lambda add: [add(name, page("alt")) for name in "abc"])
    found = list(WarcConnector(tmp_path).documents())
    assert texts(found) == {SITE + "a": "alt", SITE + "b": "alt", SITE + "c": "neu"}
    assert not skips(found)


@pytest.mark.parametrize(
    ("tag", "charset"),
    [("ru", "windows-1251"), ("ru", "koi8-r"), ("ja", "shift_jis"), ("ja", "iso-2022-jp"), ("zh-Hans", "gb18030")],
)
def test_the_charset_of_the_header_is_believed_over_that_of_the_page(tmp_path: Path, tag: str, charset: str) -> None:
    text = SENTENCES[tag]
    body = page(text, encoding=charset).replace(b"<head>", b'<head><meta charset="iso-8859-1">')
    path = archive(
        tmp_path / "c.warc.gz", lambda add: add("a", body, content_type=f'text/html; charset="{charset.upper()}"')
    )
    assert texts(WarcConnector(path).documents()) == {SITE + "a": text}


def test_codings_of_the_transfer_are_undone(tmp_path: Path) -> None:
    def write(add: Add) -> None:
        add("gzip", gzip.compress(page("gepackt")), http_headers=(("Content-Encoding", "gzip"),))
        data = page("in Stücken")
        chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (20, data[:20], len(data) - 20, data[20:])
        add("chunked", chunks, http_headers=(("Transfer-Encoding", "chunked"),))

    path = archive(tmp_path / "c.warc.gz", write)
    assert texts(WarcConnector(path).documents()) == {SITE + "gzip": "gepackt", SITE + "chunked": "in Stücken"}


def test_other_documents_than_pages_are_read_too(tmp_path: Path) -> None:
    canvas_file = io.BytesIO()
    canvas = Canvas(canvas_file)
    canvas.drawString(100, 700, "A report about rivers.")
    canvas.save()

    def write(add: Add) -> None:
        add("report", canvas_file.getvalue(), content_type="application/pdf")
        add("stored", b"Gespeichert.", kind="resource", content_type="text/plain")
        add("extracted", b"Entnommen.", kind="conversion", content_type="text/plain")

    path = archive(tmp_path / "c.warc.gz", write)
    found = texts(WarcConnector(path).documents())
    assert found == {SITE + "report": "A report about rivers.", SITE + "stored": "Gespeichert."}
    assert texts(WarcConnector(path, records=["conversion"]).documents()) == {SITE + "extracted": "Entnommen."}


def test_what_is_not_of_the_web_is_passed_over_and_no_password_is_kept(tmp_path: Path) -> None:
    def write(add: Add) -> None:
        add("a#part", page("eins"))

    path = archive(tmp_path / "c.warc", write, compressed=False)
    path.write_bytes(path.read_bytes().replace(b"https://archive", b"https://user:secret@archive"))
    with path.open("ab") as file:
        writer = WARCWriter(file, gzip=False)
        for uri in ("dns:archive.example", "metadata://x/y", "https://[broken"):
            add_page(writer, uri, b"text", kind="resource", content_type="text/plain")
    found = [loaded(item) for item in WarcConnector(path).documents()]
    assert texts(found) == {SITE + "a": "eins"}
    assert "secret" not in repr(found)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_that_is_cut_off_keeps_what_was_before_and_deletes_nothing(tmp_path: Path, compressed: bool) -> None:
    path = archive(tmp_path / "c.warc.gz", every_language, compressed=compressed)
    path.write_bytes(path.read_bytes()[:-150])
    found = list(WarcConnector(path).documents())
    assert list(texts(found).values()) == list(SENTENCES.values())[:-1]
    assert {"http://", "https://"} <= set(skips(found))


@pytest.mark.parametrize("compressed", [True, False])
def test_a_damaged_record_spoils_only_itself(tmp_path: Path, compressed: bool) -> None:
    path = archive(tmp_path / "c.warc.gz", every_language, compressed=compressed)
    data = bytearray(path.read_bytes())
    if compressed:
        members = [place for place in range(len(data)) if data[place : place + 3] == b"\x1f\x8b\x08"]
        data[members[2] + 20 : members[2] + 60] = b"\xff" * 40
    else:
        second = data.find(b"Content-Length:", data.find(SITE.encode() + b"ru"))
        data[second : second + 16] = b"Content-Length:x"
    path.write_bytes(data)
    found = list(WarcConnector(path).documents())
    assert list(texts(found).values()) == [text for tag, text in SENTENCES.items() if tag != "ru"]
    assert skips(found)


def test_a_record_whose_digest_is_another_is_skipped(tmp_path: Path) -> None:
    def write(add: Add) -> None:
        add("a", page("eins"), warc_headers={"WARC-Block-Digest": "sha1:" + "A" * 32})
        add("b", page("zwei"), warc_headers={"WARC-Payload-Digest": "sha1:" + "A" * 32})
        add("c", page("drei"))

    found = list(WarcConnector(archive(tmp_path / "c.warc.gz", write)).documents())
    assert SITE + "a" in skips(found)
    assert {SITE + "b", SITE + "c"} == set(texts(found))  # of payloads, crawlers compute it in several ways


def test_bombs_are_refused(tmp_path: Path) -> None:
    def write(add: Add) -> None:
        add("bomb", gzip.compress(bytes(60_000_000)), http_headers=(("Content-Encoding", "gzip"),))
        add("good", page("gut"))

    path = archive(tmp_path / "c.warc.gz", write)
    found = [loaded(i) for i in WarcConnector(path, limits=Limits(max_file_bytes=1_000_000)).documents()]
    assert texts(found) == {SITE + "good": "gut"}
    assert "Limits.max_file_bytes" in skips(found)[SITE + "bomb"]


def test_a_file_that_changes_between_listing_and_reading_is_noticed(tmp_path: Path) -> None:
    path = archive(tmp_path / "c.warc", lambda add: add("a", page("alt")), compressed=False)
    (pending,) = WarcConnector(path).documents()
    archive(path, lambda add: add("a", page("neu")), compressed=False)
    assert "changed while it was read" in skips([pending])[SITE + "a"]


def test_a_new_file_has_all_listed_anew_and_unchanged_pages_keep_their_revision(tmp_path: Path) -> None:
    archive(tmp_path / "1.warc.gz", every_language)
    connector = WarcConnector(tmp_path)
    first = list(connector.changes(None))
    last = cursors(first)[-1]
    assert not texts(connector.changes(last))
    archive(tmp_path / "2.warc.gz", lambda add: add("en", page("Newer."), date="2026-12-01T00:00:00Z"))
    with pytest.raises(CursorLostError):
        list(connector.changes(last))

    def revisions(items: list[Any]) -> dict[str, str]:
        return {item.id: item.revision for item in items if isinstance(item, Pending)}

    old, new = revisions(first), revisions(list(connector.changes(None)))
    assert {id for id in new if new[id] != old[id]} == {SITE + "en"}


@pytest.mark.parametrize("cursor", ["", "[]", "{}", '{"after": [0, 0, 0]}'])
def test_a_cursor_of_something_else_is_lost(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(CursorLostError):
        list(WarcConnector(archive(tmp_path / "c.warc.gz", every_language)).changes(cursor))


def test_a_source_that_is_not_there_deletes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        list(WarcConnector(tmp_path / "c.warc.gz").documents())
    with pytest.raises(SourceError):
        list(WarcConnector(tmp_path).documents())


def test_wrong_options_are_named() -> None:
    with pytest.raises(ConfigurationError, match="records has"):
        WarcConnector("c.warc", records=["request"])
    with pytest.raises(ConfigurationError, match="paths is empty"):
        WarcConnector([])
