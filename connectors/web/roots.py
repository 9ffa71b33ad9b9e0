"""Where a crawl starts from: while any of it can be read there is a site, when nothing can the source is down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...retrieval.errors import SourceError
from .scope import site
from .urls import Url
from .visiting import Visit


@dataclass(slots=True)
class Roots:
    """Start pages, each with why it could not be read; `sites` is added to where one redirects elsewhere.

    `listing` are the origins of sitemaps that were named, `has_listed` says that one could be read.
    """

    sites: list[str]
    listing: frozenset[str] = frozenset()
    has_listed: bool = False
    _pages: dict[Url, str] = field(default_factory=dict)
    _permanent: bool = True

    def __contains__(self, url: Url) -> bool:
        return url in self._pages

    @property
    def origins(self) -> set[str]:
        """Those of start pages and named sitemaps."""
        return {url.origin for url in self._pages} | self.listing

    def urls(self) -> list[Url]:
        """The start pages."""
        return list(self._pages)

    def begin(self, urls: Iterable[Url]) -> None:
        """Start from these."""
        self._pages.update((url, "") for url in urls)

    def visited(self, url: Url, visit: Visit) -> None:
        """A URL was read: a start page may have moved, be gone or closed. Raises SourceError when none is left."""
        if url not in self._pages:
            return
        if visit.moved is not None:
            del self._pages[url]
            self._pages[visit.moved] = ""
            if site(visit.moved) not in self.sites:
                self.sites.append(site(visit.moved))
        elif visit.gone:
            self.failed(url, f"{url} is not there (404 or 410)")
        elif visit.blocked:
            hint = "Set respect_robots = false only if the site is yours"
            self.failed(url, f"{url} is closed to crawlers by robots.txt. {hint}", permanent=True)

    def failed(self, url: Url, reason: str, *, permanent: bool = False) -> None:
        """A URL could not be read. Raises SourceError when there is nothing else to start from."""
        if url in self._pages:
            self._pages[url] = reason
            self._permanent = self._permanent and permanent
            if all(self._pages.values()) and not self.has_listed:
                raise SourceError(reason, permanent=self._permanent)

    def check(self, reason: str) -> None:
        """Raise SourceError when there is nothing to start from: no start page, and no sitemap that could be read."""
        if not self._pages and not self.has_listed:
            raise SourceError(reason)
