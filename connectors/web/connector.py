"""Web sites as a source of documents.

A page is one document; its id is its URL: after redirects and canonical links, in a normal form. Pages that are not
HTML (PDF, office files) are read as files are.

How it is kept in step: the cursor holds every URL of the site with its ETag and Last-Modified (`memory`), about 40
bytes each after compression and at most `max_pages` of them, because it has to hold the URLs anyway: a page that
answers 304 has no links to follow, so without them an unchanged start page would hide the whole site. The store's
revisions are not used, since an ETag is known only once the page has been asked for, and then there is its answer.
So `changes(cursor)` asks each known page whether it changed, at the cost of a request without a body, and follows the
links of those that did. Where a sitemap says that a page is as old as it was, not even that is asked, for up to
`recheck_days`.

A page is gone when it answers 404 or 410, redirects, or asks not to be indexed. It is not gone when it answers 5xx or
not at all (Skip), and nothing is when its host is down, busy for long, or has a broken robots.txt (SourceError). What
nothing links to any more, but still answers, goes with the next full listing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from ...retrieval.errors import ConfigurationError
from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..files.limits import Limits
from ..files.pool import WorkerPool
from .addresses import RefusedError
from .crawl import Crawl, Item
from .dialling import Dial, Resolver, dial, resolve
from .fetchers import fetchers
from .frontier import Frontier
from .hosts import Hosts
from .listing import listed
from .memory import Memory, loads
from .pages import Reader
from .roots import Roots
from .scope import Scope, site
from .urls import Url, parse
from .visiting import Visitor

_EXTRACTION = 1
"""Raise it whenever the same page would be read differently: all pages are then asked for anew."""


class WebConnector:
    """The pages of web sites: those that sitemaps list, or that a polite crawl finds.

    It asks only public addresses, besides those in `allow_hosts`; and in the pages' own names: no proxy or netrc of the
    environment is used.

    Args:
        start: URLs to start a crawl from; with `max_depth = 0` the URLs to read.
        sitemaps: URLs of sitemaps (XML or text, indexes, gzip) whose pages are read. Without `start`, just those.
        name: Names the source; by default its first URL does.
        max_pages: URLs to know at most, redirects and the like included.
        max_depth: Links from the start, or from a page of a sitemap, that a page may be away.
        include: Globs, such as `https://example.com/docs/*`; when given, other URLs are not followed.
        exclude: Globs of URLs that are not followed.
        hosts: Hosts to follow links to, besides those of `start` and `sitemaps`.
        discover: Also read the sitemaps that robots.txt names, for a crawl.
        delay: Seconds between two requests to a host, at least; robots.txt may ask for more.
        concurrency: Requests at the same time.
        user_agent: What it calls itself; robots.txt knows it by the part before the slash.
        respect_robots: Do as robots.txt says.
        drop_tracking: Leave parameters such as `utm_source` out of URLs.
        recheck_days: Days for which a sitemap is believed that a page has not changed; 0 always asks the page.
        headers: Sent to the hosts of `start` and `sitemaps` only, such as `Authorization`.
        allow_private: Ask any address.
        allow_hosts: Hosts (`name`, `name:port`, address, or network such as `10.0.0.0/8`) that are asked although they
            are not on the public internet.
        ca_file: Certificates (PEM) that are trusted besides the usual ones.
        max_bytes: Size of a page or file, as it comes and unpacked.
        timeout: Seconds for one page in all.
        max_pause: Seconds to wait at most where a host asks for patience; for longer, the run ends with a SourceError.
            A Crawl-delay of robots.txt is obeyed up to it, and up to 60 seconds in any case.
        limits: How much one document may cost.
        resolver: Looks names up; the system by default.
        dialler: Makes connections.
    """

    def __init__(
        self,
        start: Sequence[str] = (),
        *,
        sitemaps: Sequence[str] = (),
        name: str | None = None,
        max_pages: int = 10_000,
        max_depth: int = 10,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        hosts: Sequence[str] = (),
        discover: bool = True,
        delay: float = 1.0,
        concurrency: int = 4,
        user_agent: str = "interlingua/1.0",
        respect_robots: bool = True,
        drop_tracking: bool = True,
        recheck_days: float = 7.0,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        allow_hosts: Sequence[str] = (),
        ca_file: str | None = None,
        max_bytes: int = 50_000_000,
        timeout: float = 60.0,
        max_pause: float = 60.0,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        resolver: Resolver = resolve,
        dialler: Dial = dial,
    ) -> None:
        self._tracking = not drop_tracking
        self._start = _urls("start", start, tracking=self._tracking)
        self._sitemaps = _urls("sitemaps", sitemaps, tracking=True)
        if not self._start and not self._sitemaps:
            raise ConfigurationError(
                "A web source has neither start nor sitemaps. Give the URL of a page or a sitemap."
            )
        self._name = name
        self._max_pages = max_pages
        self._max_depth = max_depth if self._start else 0
        self._include, self._exclude = list(include), list(exclude)
        self._sites = list(dict.fromkeys([*map(site, (*self._start, *self._sitemaps)), *map(_site, hosts)]))
        self._discover = discover and self._max_depth > 0
        self._delay, self._concurrency, self._max_pause = delay, max(1, concurrency), max_pause
        self._robots_name = user_agent.partition("/")[0].strip() or "interlingua"
        self._respect_robots = respect_robots
        self._recheck_days = recheck_days
        self._limits = limits
        self._max_bytes = max_bytes
        self._fetcher = fetchers(
            (*self._start, *self._sitemaps),
            user_agent=user_agent,
            headers=headers,
            allow_private=allow_private,
            allow_hosts=allow_hosts,
            ca_file=ca_file,
            max_bytes=max_bytes,
            timeout=timeout,
            resolver=resolver,
            dialler=dialler,
        )

    @property
    def source(self) -> str:
        """`web:` and the name, or the first URL in angle brackets: one site's URLs are not within another's source."""
        return f"web:{self._name}" if self._name else f"web:<{[*self._start, *self._sitemaps][0]}>"

    @property
    def complete(self) -> bool:
        """True; where something could not be found for sure, a Skip says so for all of its host."""
        return True

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All pages. Raises SourceError when the site cannot be read."""
        for item in self._run(Memory(settings="", sites=list(self._sites))):
            if not isinstance(item, (Gone, Checkpoint)):
                yield item

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """What has changed since a cursor. Raises SourceError when the site cannot be read, CursorLostError."""
        settings = self._settings()
        memory = loads(since, settings) if since is not None else Memory(settings=settings, sites=list(self._sites))
        yield from self._run(memory)

    def _run(self, memory: Memory) -> Iterator[Item]:
        fetcher = self._fetcher()
        hosts = Hosts(
            fetcher,
            robots_name=self._robots_name,
            respect_robots=self._respect_robots,
            delay=self._delay,
            max_pause=self._max_pause,
        )
        pool = WorkerPool(self._limits)
        reader = Reader(pool=pool, limits=self._limits, robots_name=self._robots_name, tracking=self._tracking)
        roots = Roots(sites=memory.sites, listing=frozenset(url.origin for url in self._sitemaps))
        roots.begin(self._start)
        scope = Scope(include=self._include, exclude=self._exclude)
        crawl = Crawl(
            frontier=Frontier(memory=memory, scope=scope, max_pages=self._max_pages, recheck_days=self._recheck_days),
            visitor=Visitor(hosts=hosts, reader=reader),
            roots=roots,
            max_depth=self._max_depth,
            concurrency=self._concurrency,
        )
        try:
            starts = self._start if self._discover else ()
            yield from crawl.run(listed(hosts, named=self._sitemaps, starts=starts, most=self._max_bytes))
        finally:
            fetcher.close()
            pool.close()  # a run that failed may be kept, by its error's traceback, for long

    def _settings(self) -> str:
        """Changes whenever a stored cursor could lead to other pages than a new listing."""
        what = [
            _EXTRACTION,
            [str(url) for url in self._start],
            [str(url) for url in self._sitemaps],
            self._include,
            self._exclude,
            self._sites,
            self._max_depth,
            self._discover,
            self._tracking,
            self._respect_robots,
            self._robots_name,
        ]
        return hashlib.blake2b(json.dumps(what).encode(), digest_size=8).hexdigest()


def _urls(option: str, texts: Sequence[str], *, tracking: bool) -> tuple[Url, ...]:
    if isinstance(texts, str):
        raise ConfigurationError(f"{option} is the text {texts[:80]!r}. Give a list of URLs: [{texts[:80]!r}].")
    try:
        return tuple(dict.fromkeys(parse(text, tracking=tracking) for text in texts))
    except RefusedError as error:
        raise ConfigurationError(f"{option}: {error}") from None


def _site(host: str) -> str:
    try:
        url = parse(f"https://{host}")
        if url.target != "/":
            raise RefusedError(f"{host!r} is no host")
        return site(url)
    except RefusedError:
        raise ConfigurationError(f"hosts has {host!r}. Write a host name, or host:port.") from None
