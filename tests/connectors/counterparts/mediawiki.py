"""A dump as Wikimedia publishes it: export schema 0.11, bzip2 in several streams of whole pages each."""

from __future__ import annotations

import bz2
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from interlingua.connectors.dumps.mediawiki import MediaWikiConnector
from rewritten_file import RewrittenFile, cut_off

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.mediawiki.org/xml/export-0.11/ http://www.mediawiki.org/xml/export-0.11.xsd" \
version="0.11" xml:lang="de">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>dewiki</dbname>
    <base>https://de.wikipedia.org/wiki/Wikipedia:Hauptseite</base>
    <generator>MediaWiki 1.46.0-wmf.2</generator>
    <case>first-letter</case>
    <namespaces>
      <namespace key="-2" case="first-letter">Medium</namespace>
      <namespace key="0" case="first-letter" />
      <namespace key="1" case="first-letter">Diskussion</namespace>
      <namespace key="6" case="first-letter">Datei</namespace>
      <namespace key="10" case="first-letter">Vorlage</namespace>
      <namespace key="14" case="first-letter">Kategorie</namespace>
    </namespaces>
  </siteinfo>
"""
PREFIX = "https://de.wikipedia.org/wiki/"


@contextmanager
def opened(folder: Path) -> Iterator[RewrittenFile]:
    yield RewrittenFile(
        path=folder / "dewiki-pages-articles-multistream.xml.bz2",
        make=MediaWikiConnector,
        write=_write,
        identify=lambda name: PREFIX + name,
        break_off=cut_off,
    )


def page(
    title: str, text: str, *, namespace: int = 0, revision: int | None = None, redirect: str = "", attributes: str = ""
) -> str:
    """One page; its revision is a number made of its text, unless given."""
    number = revision if revision is not None else int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
    lead = f'\n    <redirect title="{escape(redirect)}" />' if redirect else ""
    return f"""  <page>
    <title>{escape(title)}</title>
    <ns>{namespace}</ns>
    <id>{abs(hash(title)) % 10**7}</id>{lead}
    <revision>
      <id>{number}</id>
      <parentid>1</parentid>
      <timestamp>2026-11-01T12:00:00Z</timestamp>
      <contributor>
        <username>Jemand</username>
        <id>42</id>
      </contributor>
      <comment>ein Kommentar</comment>
      <origin>{number}</origin>
      <model>wikitext</model>
      <format>text/x-wiki</format>
      <text bytes="{len(text.encode())}" sha1="abc" xml:space="preserve"{attributes}>{escape(text)}</text>
      <sha1>abc</sha1>
    </revision>
  </page>
"""


def multistream(pages: list[str], *, per_stream: int = 2, head: str = HEAD) -> bytes:
    """A dump of these pages: its head, a few of them, and its end are a stream each."""
    parts = ["".join(pages[first : first + per_stream]) for first in range(0, len(pages), per_stream)]
    return b"".join(bz2.compress(part.encode()) for part in (head, *parts, "</mediawiki>\n"))


def _write(path: Path, texts: Mapping[str, str], spoilt: frozenset[str]) -> None:
    # A revision whose text the wiki has hidden is in the dump without it.
    pages = [
        page(name, "" if name in spoilt else text, attributes=' deleted="deleted"' if name in spoilt else "")
        for name, text in texts.items()
    ]
    path.write_bytes(multistream(pages))
