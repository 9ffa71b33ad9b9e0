"""Wikipedia and its relatives: the pages of a MediaWiki dump."""

from __future__ import annotations

import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...retrieval.errors import ConfigurationError, MissingExtraError, SourceError
from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..files.compression import Place
from ..files.content import UnreadableError, as_title, check_length, well_formed
from ..files.limits import Limits
from ..files.paths import CHANGED, open_regular, os_reason
from ..files.pool import WorkerPool
from ..files.values import as_language
from ..filesets.changes import Fileset, Mark
from ..filesets.listing import Paths, SourceFile, as_paths, source_name
from .pages import Page, Site, pages, read_site, url_of

_SUFFIXES = (".xml", ".xml.bz2", ".xml.gz", ".xml.zst", ".xml.xz")
_CONVERTER = "w1"
"""Part of every revision: another way from wikitext to text reads all pages again."""
_DATED = re.compile(r"(.*?)(?<!\d)(20\d\d[01]\d[0-3]\d)(?!\d)")
"""The wiki and the day in the name of a file, as Wikimedia writes it: `dewiki-20261101-…`."""
_FILE, _CATEGORY, _MEDIA = 6, 14, -2


class MediaWikiConnector:
    """The pages of a dump such as `dewiki-20261101-pages-articles-multistream.xml.bz2`, streamed.

    The id of a page is its URL and its revision is the wiki's own, so that of a newer dump only the pages that were
    edited are read and those that are no longer there go. A dump that breaks off raises SourceError when what it has
    was given, so that nothing is deleted; the next listing goes on at the page where it was.

    Needs the extra `dumps`.

    Args:
        paths: The file, a pattern or a folder, or several: a large dump comes in parts. Compressed or not. Of dumps
            with a day in their names (`dewiki-20261101-…`), those of the latest are read.
        namespaces: Numbers of the namespaces that are read; 0 has the articles.
        redirects: Also give pages that only lead to another, as documents that name it.
        language: BCP-47 tag of all pages, in place of the one that the dump states; the empty string to have the
            language of each detected, for a wiki in many languages.
        name: What the source is called, in place of its paths: the next dump has other file names.
        checkpoint_every: Pages between two places where a listing that broke off can go on.
        limits: How much one page may cost.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        namespaces: Iterable[int] = (0,),
        redirects: bool = False,
        language: str | None = None,
        name: str | None = None,
        checkpoint_every: int = 500,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        if language and as_language(language) is None:
            raise ConfigurationError(f"language is {language!r}, not a BCP-47 tag such as 'de' or 'zh-Hant'.")
        self._paths = as_paths(paths, example="a dump such as dewiki-latest-pages-articles.xml.bz2")
        self._namespaces = frozenset(namespaces)
        self._redirects = redirects
        self._language = language
        self._name = name
        self._every = max(1, checkpoint_every)
        self._limits = limits
        settings = {"namespaces": sorted(self._namespaces), "redirects": redirects, "language": language}
        self._files = Fileset(
            paths=self._paths,
            name=None,
            suffixes=_SUFFIXES,
            contained=False,
            settings=settings | {"converter": _CONVERTER},
            read=self._pages,
            choose=_newest,
        )

    @property
    def source(self) -> str:
        """`mediawiki:` and the name, or the absolute paths as they were given."""
        return source_name("mediawiki", self._name, self._paths)

    @property
    def complete(self) -> bool:
        """True: a page that the dump does not have was deleted, or moved to another title."""
        return True

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All pages, in the order of the dump. Raises SourceError when it is not there, or breaks off."""
        return self._files.items()

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """As `Incremental.changes`; checkpoints on the way. Another file in place of the dump is read anew."""
        return self._files.changes(since)

    def _pages(self, file: SourceFile, place: Any) -> Iterator[Pending | Skip | Mark]:
        _require_mwparserfromhell()
        pool = WorkerPool(self._limits)
        try:
            with open_regular(file.path) as stream:
                site = read_site(stream, self._limits)
                start = Place(*place) if place is not None else None
                for number, (page, behind) in enumerate(pages(stream, self._limits, start), start=1):
                    yield from self._items(page, site, file, pool)
                    if number % self._every == 0:
                        yield Mark([behind.member, behind.skip])
            if file.changed():  # pages have no name of the file in their ids: the whole source is in doubt
                raise SourceError(f"{file.name}: {CHANGED}")
        except (UnreadableError, OSError) as error:
            reason = os_reason(error) if isinstance(error, OSError) else str(error)
            raise SourceError(f"{file.name}: {reason}. Fetch the dump again: nothing is deleted until then.") from error

    def _items(self, page: Page | str, site: Site, file: SourceFile, pool: WorkerPool) -> Iterator[Pending | Skip]:
        if isinstance(page, str):
            # It may be any of the pages that are stored: none of them counts as deleted.
            wiki = site.prefix[: site.prefix.rindex("/") + 1]
            yield Skip(id=wiki, reason=f"{file.name}: {page}", prefix=True)
            return
        if page.namespace not in self._namespaces or (page.redirect is not None and not self._redirects):
            return
        page_id = url_of(site, page.title)
        if page.text is None:
            yield Skip(id=page_id, reason="the text of this revision was hidden by the wiki, or is not in the dump")
        elif page.model != "wikitext":
            yield Skip(id=page_id, reason=f"no wikitext but {page.model}")
        else:
            # Compressed, since hundreds wait for their turn.
            packed = zlib.compress(page.text.encode("utf-8", "surrogatepass"), 1)
            read = partial(self._read, page_id, page, packed, site, pool)
            yield Pending(id=page_id, revision=self._revision(page), read=read)

    def _read(self, page_id: str, page: Page, packed: bytes, site: Site, pool: WorkerPool) -> Document | Skip:
        source = zlib.decompress(packed).decode("utf-8", "surrogatepass")
        try:
            if page.redirect is not None:
                text = f"{page.title} → {page.redirect}"
            else:
                text = _as_text(_in_english(source, site), pool, self._limits)
        except UnreadableError as error:
            return Skip(id=page_id, reason=str(error))
        return Document(
            id=page_id,
            text=well_formed(text),
            language=as_language(site.language) if self._language is None else as_language(self._language),
            title=as_title(page.title),
            url=page_id,
            metadata={"wiki": site.name, "timestamp": page.timestamp, "revision": page.revision, "format": "mediawiki"},
            revision=self._revision(page),
        )

    def _revision(self, page: Page) -> str:
        """The wiki's own, and all else that a document is made by."""
        return " ".join((page.revision, _CONVERTER, *([repr(self._language)] if self._language is not None else [])))


def _newest(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Those of the latest day of each wiki, and those without a day: of two dumps the pages have the same ids."""
    dated = [_DATED.match(Path(file.path).name) for file in files]
    latest: dict[str, str] = {}
    for match in dated:
        if match is not None:
            latest[match[1]] = max(match[2], latest.get(match[1], ""))
    return [file for file, match in zip(files, dated, strict=True) if match is None or match[2] == latest[match[1]]]


def _as_text(source: str, pool: WorkerPool, limits: Limits) -> str:
    """In a worker process: there is wikitext that takes the parser down."""
    with tempfile.NamedTemporaryFile(prefix="interlingua-", suffix=".wiki") as file:
        file.write(source.encode("utf-8", "replace"))
        file.flush()
        text = pool.extract(file.name, "wikitext").text
    if not text.strip():
        raise UnreadableError("empty: no text besides templates and tables")
    check_length(len(text), limits.max_characters)
    return text


def _in_english(source: str, site: Site) -> str:
    """Wikitext with the English names of the namespaces whose links are no text: `[[Datei:…]]` as `[[File:…]]`."""
    for number, english in ((_FILE, "File"), (_CATEGORY, "Category"), (_MEDIA, "Media")):
        names = [re.escape(name).replace(r"\ ", "[ _]") for name, key in site.namespaces.items() if key == number]
        if names:
            source = re.sub(rf"\[\[\s*(?:{'|'.join(names)})\s*:", f"[[{english}:", source, flags=re.IGNORECASE)
    return source


def _require_mwparserfromhell() -> None:
    try:
        import mwparserfromhell  # noqa: F401
    except ImportError:
        raise MissingExtraError("mwparserfromhell", "dumps") from None
