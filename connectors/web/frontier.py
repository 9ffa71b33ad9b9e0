"""Which URLs a run still has to visit, in the order in which they were found."""

from __future__ import annotations

import calendar
import time
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .memory import DOCUMENT, FAILED, QUEUED, Known, Memory
from .scope import Scope
from .sitemaps import Entry
from .urls import Url

_MAX_HOPS = 10  # redirects and canonical links, one leading to the next


@dataclass(slots=True)
class Frontier:
    """The queue of a run over `memory`, which it adds to; `today` counts days since 1970.

    `truncated` says that there were more URLs than `max_pages`; `reached` are those that something led to.
    """

    memory: Memory
    scope: Scope
    max_pages: int
    recheck_days: float
    today: int = field(default_factory=lambda: int(time.time() // 86_400))
    truncated: bool = False
    reached: set[str] = field(default_factory=set)
    _queue: deque[str] = field(default_factory=deque)
    _queued: set[str] = field(default_factory=set)
    _hops: dict[str, int] = field(default_factory=dict)
    _lastmods: dict[str, str] = field(default_factory=dict)
    _versions: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._queue)

    def pop(self) -> str:
        """The next URL."""
        return self._queue.popleft()

    def recall(self) -> None:
        """Queue all that is known and not yet visited in this run."""
        for text in self.memory.pages:
            self.queue(text)

    def add(self, url: Url, *, depth: int, root: bool = False, first: bool = False) -> None:
        """A URL that may be visited was found, so many links from the start; `first` puts it before all others."""
        text = str(url)
        known = self.memory.pages.get(text)
        if known is not None:
            known.depth = min(known.depth, depth)
        elif root or len(self.memory.pages) < self.max_pages:
            self.memory.pages[text] = Known(depth)
        else:
            self.truncated = True
            return
        self.reached.add(text)
        self.queue(text, first=first)

    def links(self, links: tuple[Url, ...], *, depth: int) -> None:
        """Add those of the links of a page that the scope has."""
        for link in links:
            if self.scope.matches(link, self.memory.sites):
                self.add(link, depth=depth)

    def onward(self, source: Url, target: Url, *, depth: int, root: bool) -> None:
        """Add where a page redirects to, or says that its text belongs, before all others."""
        hops = self._hops.get(str(source), 0) + 1
        if hops <= _MAX_HOPS and (root or self.scope.matches(target, self.memory.sites)):
            self._hops[str(target)] = hops
            self.add(target, depth=depth, root=root, first=True)

    def listed(self, entry: Entry) -> None:
        """Add a page of a sitemap."""
        text = str(entry.url)
        if self.scope.matches(entry.url, self.memory.sites):
            self.add(entry.url, depth=0)
            if entry.alternates and text in self.memory.pages:
                self._versions[text] = entry.alternates
            if entry.modified and text in self.memory.pages:
                self._lastmods[text] = entry.modified

    def queue(self, text: str, *, first: bool = False, again: bool = False) -> None:
        """Queue a known URL, once in a run unless `again`."""
        if again or (text not in self._queued and self.memory.pages[text].turn != self.memory.turn):
            self._queued.add(text)
            if first:
                self._queue.appendleft(text)
            else:
                self._queue.append(text)

    def is_unread(self, url: Url) -> bool:
        """Whether a URL that something led to may have a document that nobody has read.

        It could not be read, its host is down, or there was no room for it; not when it answered that there is none.
        """
        known = self.memory.pages.get(str(url))
        if known is None:
            return str(url) not in self._queued and self.scope.matches(url, self.memory.sites)
        return known.state in (QUEUED, FAILED)

    def versions(self, text: str) -> Mapping[str, str]:
        """The page's versions in other languages, as its sitemap has them."""
        return self._versions.get(text, {})

    def conditions(self, text: str) -> dict[str, str]:
        """Headers for a request that is answered only when the page changed; none when its sitemap's words did."""
        known = self.memory.pages[text]
        return known.conditions if known.versions == self._checksum(text) else {}

    def note(self, text: str) -> None:
        """Keep what the sitemap says of a page that was read."""
        known = self.memory.pages.get(text)
        if known is not None:
            known.lastmod, known.versions = self._lastmods.get(text, ""), self._checksum(text)

    def _checksum(self, text: str) -> int:
        versions = self._versions.get(text)
        return zlib.crc32(repr(sorted(versions.items())).encode()) if versions else 0

    def is_fresh(self, text: str) -> bool:
        """Whether the sitemap's word that nothing changed since the last visit is good enough.

        It is where it says the same as then, and means a time that was two days past then (whatever the time zone;
        and the page may have changed twice on that day). But not for more than `recheck_days`: sitemaps forget.
        """
        known, lastmod = self.memory.pages[text], self._lastmods.get(text, "")
        if known.state != DOCUMENT or not lastmod or lastmod != known.lastmod or known.versions != self._checksum(text):
            return False
        try:
            changed = time.strptime(lastmod[:10], "%Y-%m-%d")
        except ValueError:
            return False
        day = int(calendar.timegm(changed) // 86_400)
        return day + 2 < known.checked and 0 <= self.today - known.checked < self.recheck_days


def end_of(leads: Mapping[str, str], text: str) -> str:
    """Where a chain of redirects or canonical links ends; `text` itself for a ring."""
    seen = {text}
    target = leads[text]
    while target in leads:
        if target in seen:
            return text
        seen.add(target)
        target = leads[target]
    return target
