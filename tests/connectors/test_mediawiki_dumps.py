"""MediaWiki dumps: pages streamed from bzip2, wikitext as text, revisions that tell what changed."""

from __future__ import annotations

import bz2
import gzip
import io
from pathlib import Path

import pytest
from counterparts.mediawiki import HEAD, PREFIX, multistream, page
from incremental import broken_off, cursors, loaded, resumed_everywhere, skips, texts
from interlingua import Index
from interlingua.connectors.dumps.mediawiki import MediaWikiConnector
from interlingua.connectors.files.formats.wikitext import read
from interlingua.connectors.files.limits import Limits
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Document, Pending
from support import SENTENCES

PAGES = [page(f"Artikel {tag}", text) for tag, text in SENTENCES.items()]


def dump(path: Path, pages: list[str] = PAGES, *, head: str = HEAD) -> Path:
    path.write_bytes(multistream(pages, head=head))
    return path


def as_text(wikitext: str) -> str:
    return read(io.BytesIO(wikitext.encode()), Limits()).text


def test_a_page_is_a_document_with_the_url_of_the_wiki(tmp_path: Path) -> None:
    path = dump(tmp_path / "d.xml.bz2", [page("Straße & Weg?", "Ein '''Weg'''.", revision=77)])
    (found,) = [loaded(item) for item in MediaWikiConnector(path).documents()]
    assert found == Document(
        id=f"{PREFIX}Stra%C3%9Fe_%26_Weg%3F",
        text="Ein Weg.",
        language="de",
        title="Straße & Weg?",
        url=f"{PREFIX}Stra%C3%9Fe_%26_Weg%3F",
        metadata={
            "wiki": "Wikipedia",
            "timestamp": "2026-11-01T12:00:00Z",
            "revision": "77",
            "format": "mediawiki",
        },
        revision="77 w1",
    )


@pytest.mark.parametrize("form", ["multistream", "bz2", "gz", "plain"])
def test_every_form_of_a_dump_is_read_and_goes_on_at_any_checkpoint(tmp_path: Path, form: str) -> None:
    whole = (HEAD + "".join(PAGES) + "</mediawiki>\n").encode()
    forms = {"multistream": multistream(PAGES), "bz2": bz2.compress(whole), "gz": gzip.compress(whole), "plain": whole}
    path = tmp_path / "dump.xml"
    path.write_bytes(forms[form])
    runs = resumed_everywhere(MediaWikiConnector(path, checkpoint_every=3))
    assert len(runs) == len(PAGES) // 3 + 1
    for run in runs:
        assert [item.id for item in run if isinstance(item, Pending)] == [f"{PREFIX}Artikel_{tag}" for tag in SENTENCES]
    assert list(texts(runs[1]).values()) == list(SENTENCES.values())


def test_namespaces_and_redirects_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    pages = [
        page("Berlin", "Stadt."),
        page("Berolina", "#WEITERLEITUNG [[Berlin]]", redirect="Berlin"),
        page("Diskussion:Berlin", "Gerede.", namespace=1),
        page("Vorlage:Kasten", "{{{1}}}", namespace=10),
    ]
    path = dump(tmp_path / "d.xml.bz2", pages)
    assert [*texts(MediaWikiConnector(path).documents())] == [PREFIX + "Berlin"]
    more = texts(MediaWikiConnector(path, namespaces=[0, 1], redirects=True).documents())
    assert list(more.values()) == ["Stadt.", "Berolina → Berlin", "Gerede."]


def test_files_and_categories_are_known_by_the_names_that_the_wiki_gives_them(tmp_path: Path) -> None:
    text = "[[Datei:Tor.jpg|mini|Das [[Tor]]]] Das Tor. [[ kategorie : Bauwerk]] [[:Kategorie:Bauwerk|siehe]]"
    path = dump(tmp_path / "d.xml.bz2", [page("Tor", text)])
    assert texts(MediaWikiConnector(path).documents()) == {PREFIX + "Tor": "Das Tor. siehe"}


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("'''Fett''' und ''kursiv''", "Fett und kursiv"),
        ("== Titel ==\nText", "## Titel\n\nText"),
        ("[[Haus|Häuser]] und [[Baum]]", "Häuser und Baum"),
        ("Wort<ref>{{Quelle}}</ref>.<ref name=a/>", "Wort."),
        ("{{Infobox\n|a={{b}}\n}}Text {{unbekannt|weg}}", "Text"),
        ("Text\n{| class=x\n| a || b\n|}\nmehr", "Text\n\nmehr"),
        ("[http://a.b Seite] [http://a.b] http://a.b", "Seite http://a.b"),
        ("* eins\n** zwei\n# drei", "- eins\n- zwei\n- drei"),
        ("a&nbsp;b &ndash; &#x1F600; &lt;", "a b – 😀 <"),
        ("Tokio ({{lang|ja|東京}}; {{IPA|x}}) ist", "Tokio (東京) ist"),
        ("Tokio ({{IPA|x}}) ist", "Tokio ist"),
        ("<nowiki>[[kein Link]]</nowiki>", "[[kein Link]]"),
        ("<!-- weg -->da __TOC__", "da"),
        ("می‌خواهم [[کتاب]]", "می‌خواهم کتاب"),
        ("-{zh-hans:计算机; zh-hant:電腦}-和-{发}-", "计算机和发"),
        ("[[en:Berlin]] [[fr:Berlin]] Text", "Text"),
        ("<math>a^2</math>Formel<gallery>\nDatei:x.jpg\n</gallery>", "Formel"),
        ("offen {{Vorlage|[[Link", "offen {{Vorlage|[[Link"),
    ],
)
def test_wikitext_becomes_the_text_that_readers_see(wikitext: str, text: str) -> None:
    assert as_text(wikitext) == text


def test_wikitext_that_takes_the_parser_down_costs_one_page(tmp_path: Path) -> None:
    pages = [page("Bombe", "{{{a|" * 20_000), page("Gut", "Gut.")]
    path = dump(tmp_path / "d.xml.bz2", pages)
    found = [loaded(item) for item in MediaWikiConnector(path, limits=Limits(max_seconds=2)).documents()]
    assert texts(found) == {PREFIX + "Gut": "Gut."}
    assert list(skips(found)) == [PREFIX + "Bombe"]


def test_only_the_language_that_the_dump_states_is_taken(tmp_path: Path) -> None:
    path = dump(tmp_path / "d.xml.bz2", PAGES[:1], head=HEAD.replace('xml:lang="de"', 'xml:lang="zh-Hant"'))
    for language, expected in ((None, "zh-Hant"), ("yue", "yue"), ("", None)):
        (found,) = map(loaded, MediaWikiConnector(path, language=language).documents())
        assert found.language == expected


def test_the_next_dump_has_the_same_revisions_of_what_was_not_edited(tmp_path: Path) -> None:
    def revisions(path: Path) -> dict[str, str]:
        return {i.id: i.revision for i in MediaWikiConnector(path).documents() if isinstance(i, Pending)}

    old = revisions(dump(tmp_path / "1.xml.bz2", [page("A", "eins"), page("B", "zwei"), page("C", "drei")]))
    new = revisions(dump(tmp_path / "2.xml.bz2", [page("B", "zwei, neu"), page("A", "eins")]))
    assert new[PREFIX + "A"] == old[PREFIX + "A"]
    assert new[PREFIX + "B"] != old[PREFIX + "B"]
    assert PREFIX + "C" not in new


def test_the_whole_history_gives_the_newest_revision(tmp_path: Path) -> None:
    older = page("A", "alt", revision=1).replace("2026-11-01", "2020-01-01")
    begin, end = older.index("    <revision>"), older.index("  </page>")
    both = page("A", "neu", revision=2).replace("  </page>", older[begin:end] + "  </page>")
    assert texts(MediaWikiConnector(dump(tmp_path / "d.xml.bz2", [both])).documents()) == {PREFIX + "A": "neu"}


@pytest.mark.parametrize("end", ["in a page", "after a page", "in a stream"])
def test_a_dump_that_breaks_off_keeps_what_was_read_and_deletes_nothing(tmp_path: Path, end: str) -> None:
    path = tmp_path / "d.xml"
    whole = HEAD + "".join(PAGES)
    path.write_bytes(
        {
            "in a page": whole[:-200].encode(),
            "after a page": whole.encode(),
            "in a stream": multistream(PAGES, per_stream=5)[:-300],
        }[end]
    )
    listed, error = broken_off(MediaWikiConnector(path).changes(None))
    assert "Fetch the dump again" in str(error)
    assert len(texts(listed)) >= 5
    assert not any('"listed":true' in cursor for cursor in cursors(listed))


def test_a_broken_page_spoils_only_itself_and_nothing_is_deleted(tmp_path: Path) -> None:
    pages = [page("A", "eins"), page("B", "zwei").replace("</title>", "</titel>"), page("C", "drei")]
    found = list(MediaWikiConnector(dump(tmp_path / "d.xml.bz2", pages)).documents())
    assert list(texts(found).values()) == ["eins", "drei"]
    assert "broken XML" in skips(found)[PREFIX]


@pytest.mark.parametrize("base", ["https://w.example/wiki/Start", "https://w.example/w/index.php?title=Start"])
def test_a_broken_page_deletes_none_of_those_that_are_stored(tmp_path: Path, index: Index, base: str) -> None:
    head = HEAD.replace("https://de.wikipedia.org/wiki/Wikipedia:Hauptseite", base)
    pages = [page(f"Seite {number}", f"Text {number}.") for number in range(8)]
    connector = MediaWikiConnector(dump(tmp_path / "d.xml.bz2", pages, head=head))
    assert index.ingest(connector).added == 8
    pages[3] = pages[3].replace("</title>", "</titel>")
    dump(tmp_path / "d.xml.bz2", pages, head=head)
    report = index.ingest(connector)
    assert (report.skipped, report.deleted, report.unchanged) == (1, 0, 7)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    declared = '<!DOCTYPE mediawiki [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>\n'
    path = tmp_path / "d.xml"
    path.write_text(declared + HEAD + page("A", "X").replace(">X<", ">&b;<") + page("B", "gut") + "</mediawiki>")
    found = list(MediaWikiConnector(path).documents())
    assert texts(found) == {PREFIX + "B": "gut"}
    assert "broken XML" in skips(found)[PREFIX]


def test_hidden_texts_and_other_models_are_skipped_with_their_reason(tmp_path: Path) -> None:
    pages = [
        page("A", "", attributes=' deleted="deleted"'),
        page("Q1", "{}").replace("<model>wikitext", "<model>wikibase-item"),
        page("B", "{{nur|Vorlage}}"),
    ]
    reasons = skips(MediaWikiConnector(dump(tmp_path / "d.xml.bz2", pages)).documents())
    assert "hidden" in reasons[PREFIX + "A"]
    assert "wikibase-item" in reasons[PREFIX + "Q1"]
    assert "empty" in reasons[PREFIX + "B"]


def test_a_page_of_any_size_is_passed_over_in_bounded_memory(tmp_path: Path) -> None:
    pages = [page("A", "eins"), page("Riesig", "x" * 60_000_000), page("C", "drei")]
    (tmp_path / "d.xml").write_text(HEAD + "".join(pages) + "</mediawiki>\n", encoding="utf-8")
    found = list(MediaWikiConnector(tmp_path / "d.xml").documents())
    assert list(texts(found).values()) == ["eins", "drei"]
    assert "more than 50,000,000 bytes" in skips(found)[PREFIX]


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"<mediawiki></mediawiki>", b"BZh9 nothing"])
def test_what_is_no_dump_is_a_fault_of_the_source(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.xml").write_bytes(content)
    with pytest.raises(SourceError):
        list(MediaWikiConnector(tmp_path / "d.xml").documents())


def test_of_dumps_with_a_day_in_their_names_the_latest_is_read(tmp_path: Path, index: Index) -> None:
    def write(name: str, text: str, titles: str, head: str = HEAD) -> None:
        dump(tmp_path / name, [page(title, f"{text} {title}.") for title in titles], head=head)

    english = HEAD.replace("de.wikipedia", "en.wikipedia")
    write("dewiki-20261001-pages-articles.xml.bz2", "alt", "ABCD")
    write("enwiki-20261001-pages-articles.xml.bz2", "old", "A", english)
    write("more.xml.bz2", "ohne Tag", "E")
    connector = MediaWikiConnector(tmp_path, name="wiki")
    assert index.ingest(connector).added == 6
    write("dewiki-20261101-pages-articles1.xml-p1p2.bz2", "neu", "AB")
    write("dewiki-20261101-pages-articles2.xml-p3p4.bz2", "neu", "C")
    connector = MediaWikiConnector(tmp_path / "*.bz2", name="wiki")
    report = index.ingest(connector)
    assert (report.updated, report.deleted, report.skipped) == (3, 1, 0)
    found = texts(connector.documents())
    assert sorted(found.values()) == ["neu A.", "neu B.", "neu C.", "ohne Tag E.", "old A."]
    assert index.ingest(connector).unchanged == 5


def test_a_dump_in_parts_is_one_source_and_a_part_that_goes_has_all_listed_anew(tmp_path: Path) -> None:
    for number, part in enumerate((PAGES[:5], PAGES[5:]), start=1):
        dump(tmp_path / f"pages-articles{number}.xml.bz2", part)
    connector = MediaWikiConnector(tmp_path / "pages-articles*.xml.bz2", name="dewiki")
    first = list(connector.changes(None))
    assert len(texts(first)) == len(PAGES)
    assert not texts(connector.changes(cursors(first)[-1]))
    (tmp_path / "pages-articles2.xml.bz2").unlink()
    with pytest.raises(CursorLostError):
        list(connector.changes(cursors(first)[-1]))


def test_wrong_options_are_named() -> None:
    with pytest.raises(ConfigurationError, match="paths is empty"):
        MediaWikiConnector([])
    with pytest.raises(ConfigurationError, match="not a BCP-47 tag"):
        MediaWikiConnector("d.xml", language="German")
