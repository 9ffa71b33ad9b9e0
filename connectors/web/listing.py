"""Which pages the sitemaps of a site list: those that the user named, and those in robots.txt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...retrieval.errors import SourceError
from ...retrieval.types import Skip
from .addresses import RefusedError
from .fetching import FetchError
from .hosts import Hosts
from .sitemaps import Entry, FeedFoundError, entries
from .urls import Url

_MAX_SITEMAPS = 1000


def listed(hosts: Hosts, *, named: Iterable[Url], starts: Iterable[Url], most: int) -> Iterator[Entry | Skip | None]:
    """All pages of all sitemaps; a Skip for one that could not be read, None for one that could.

    They are those that the user `named`, and those in the robots.txt of the hosts of `starts`. A sitemap may have
    `most` bytes. Raises SourceError where the host of a named one asks for more patience than there is.
    """
    waiting = list(named)
    required, optional = set(waiting), set[Url]()
    for url in starts:
        try:
            optional.update(hosts.sitemaps(url))
        except SourceError:
            continue  # the visit of the start page says so, and whether it matters
    optional -= required
    waiting += sorted(optional, key=str)
    seen: set[Url] = set()
    for url in waiting:
        if url in seen:
            continue
        if len(seen) >= _MAX_SITEMAPS:
            yield Skip(id=str(url), reason=f"there are more than {_MAX_SITEMAPS:,} sitemaps: this one is not read")
            return
        seen.add(url)
        try:
            answer = hosts.fetch(url)
            if answer.status in (404, 410) and url in optional:
                continue  # robots.txt often names sitemaps of long ago
            if answer.status != 200:
                raise FetchError(f"answers {answer.status}")
            for entry in entries(answer.content, answer.url, most=most):
                if entry.index:
                    waiting.append(entry.url)
                    if url in required:
                        required.add(entry.url)
                else:
                    yield entry
            yield None
        except (FetchError, RefusedError, SourceError) as error:
            if isinstance(error, SourceError) and url in required:
                raise
            if isinstance(error, FeedFoundError) and url in optional:
                continue  # some robots.txt name their feeds as sitemaps
            yield Skip(id=str(url), reason=f"the sitemap {url} could not be read: {error}")
