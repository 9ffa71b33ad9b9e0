"""One run over a web site: what was known is asked again, what is new is found.

Visits run ahead on threads; what they bring is dealt with in the order in which the URLs were found, so that the same
site always gives the same documents in the same order.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ...retrieval.errors import SourceError
from ...retrieval.types import Checkpoint, Document, Gone, Skip
from .frontier import Frontier, end_of
from .memory import DOCUMENT, FAILED, OTHER, Known, validators
from .roots import Roots
from .sitemaps import Entry
from .urls import Url, parse
from .visiting import Visit, Visitor

logger = logging.getLogger(__name__)

_Ahead = deque[tuple[str, Future[Visit | SourceError]]]
Item = Document | Skip | Gone | Checkpoint

_CHECKPOINT = 50  # URLs until the next checkpoint, or a quarter of all: each checkpoint holds them all
_MOVED_PAGES = 10
_MOVED_SHARE = 0.3
"""More than this many pages and this share of a site leading to one and the same is taken for a fault."""
_STREAK = 3  # failures of one host in a row, after which it is asked whether it is there at all


@dataclass(slots=True)
class Crawl:
    """A run over the URLs of `frontier`, `concurrency` at a time; links are followed from pages above `max_depth`."""

    frontier: Frontier
    visitor: Visitor
    roots: Roots
    max_depth: int
    concurrency: int
    _deferred: dict[str, str] = field(default_factory=dict)  # URL to the one that it says its text belongs to
    _moved: dict[str, str] = field(default_factory=dict)  # URL to where its text is, when all has been read
    _own: set[str] = field(default_factory=set)  # URLs for which that turned out to be wrong
    _down: set[str] = field(default_factory=set)
    _streaks: dict[str, int] = field(default_factory=dict)
    _missed: str = ""  # why there may be pages that were not found
    _dealt: int = 0

    def run(self, entries: Iterator[Entry | Skip | None]) -> Iterator[Item]:
        """All that changed, with checkpoints. Raises SourceError when nothing that it starts from can be read.

        `entries` are the pages of sitemaps, a Skip for a sitemap that cannot be read, None for one that could.
        """
        for url in self.roots.urls():
            self.frontier.add(url, depth=0, root=True)
        for entry in entries:
            if isinstance(entry, Skip):
                self._missed = entry.reason
                yield entry
            elif entry is None:
                self.roots.has_listed = True
            else:
                self.frontier.listed(entry)
        self.frontier.recall()
        self.roots.check(self._missed)
        while len(self.frontier):
            yield from self._visit_queued()
            yield from self._settle()
        yield from self._end()

    def _visit_queued(self) -> Iterator[Item]:
        ahead: _Ahead = deque()
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="interlingua-web")
        try:
            while len(self.frontier) or ahead:
                while len(self.frontier) and len(ahead) < self.concurrency:
                    self._begin(self.frontier.pop(), ahead, pool)
                if ahead:
                    text, future = ahead.popleft()
                    yield from self._deal(text, future.result())
                    yield from self._checkpoint()
        except BaseException:
            self.visitor.hosts.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _begin(self, text: str, ahead: _Ahead, pool: ThreadPoolExecutor) -> None:
        url, known = parse(text), self.frontier.memory.pages[text]
        if url.origin in self._down or self.frontier.is_fresh(text):
            known.turn = self.frontier.memory.turn
            return
        conditions = {} if text in self._own else self.frontier.conditions(text)
        ahead.append((text, pool.submit(self.visitor.visit, url, conditions, self.frontier.versions(text))))

    def _deal(self, text: str, visit: Visit | SourceError) -> Iterator[Item]:
        url, known = parse(text), self.frontier.memory.pages[text]
        if isinstance(visit, SourceError):
            yield from self._lose_host(url, visit)
            return
        known.turn, known.checked = self.frontier.memory.turn, self.frontier.today
        if visit.refused:
            yield from self._lose_host(url, SourceError(visit.refused, permanent=True))
            return
        if visit.reason:
            yield from self._fail(url, known, visit)
            return
        self._streaks.pop(url.origin, None)
        self.roots.visited(url, visit)
        if not visit.same:
            known.etag = known.modified = ""
            self._follow(url, known, visit)
            yield from self._take(url, known, visit)
        self.frontier.note(text)

    def _take(self, url: Url, known: Known, visit: Visit) -> Iterator[Item]:
        """What is to be stored, or no longer to be stored, of a URL that was read."""
        text, page = str(url), visit.page
        if page is not None and page.indexed:
            if text in self._deferred:
                known.turn = 0  # not over yet
                return
            if isinstance(page.found, Document):
                known.state = DOCUMENT
                known.remember(*validators(visit.answer.headers if visit.answer else {}))
                yield page.found
                return
            if not page.links:
                known.state = FAILED
                yield page.found
                return
            known.remember(*validators(visit.answer.headers if visit.answer else {}))
        # Elsewhere, gone, not to be indexed, or nothing but links.
        if visit.moved is not None:
            self._moved[text] = str(visit.moved)
            known.turn = 0
            return
        if known.state in (DOCUMENT, FAILED):
            yield Gone(id=text)
        known.state = OTHER
        if visit.gone:
            del self.frontier.memory.pages[text]

    def _follow(self, url: Url, known: Known, visit: Visit) -> None:
        """Queue where a URL leads, and note when it says that its text belongs to another one."""
        page = visit.page
        target = visit.moved if page is None else page.refresh or page.canonical
        if target is not None and target != url and str(url) not in self._own:
            self.frontier.onward(url, target, depth=known.depth, root=target in self.roots)
            if page is not None and str(target) in self.frontier.memory.pages:
                self._deferred[str(url)] = str(target)
        if page is not None and known.depth < self.max_depth:
            self.frontier.links(page.links, depth=known.depth + 1)

    def _settle(self) -> Iterator[Item]:
        """A page whose text belongs to a URL that is a document is none itself; otherwise it is one after all."""
        deferred, self._deferred = self._deferred, {}
        pages = self.frontier.memory.pages
        for text in deferred:
            target = end_of(deferred, text)
            if target != text and target in pages and pages[target].state == DOCUMENT:
                self._moved[text] = target
            else:
                self._own.add(text)
                self.frontier.queue(text, again=True)
        if not len(self.frontier):
            yield from self._move()

    def _move(self) -> Iterator[Item]:
        """Drop the pages whose text is elsewhere, once that has been read or is known not to be a document.

        Raises SourceError where that looks like a fault of the site.
        """
        pages = self.frontier.memory.pages
        stored = [text for text in self._moved if pages[text].state in (DOCUMENT, FAILED)]
        documents = sum(known.state == DOCUMENT for known in pages.values())
        for target, count in Counter(self._moved[text] for text in stored).most_common(1):
            if count > _MOVED_PAGES and count > _MOVED_SHARE * documents:
                raise SourceError(
                    f"{count} pages that were documents now lead to {target}, as where a login is needed: kept. "
                    "If they did move there, delete the source and read it again."
                )
        for text in self._moved:
            known, target = pages[text], end_of(self._moved, text)
            if known.state != OTHER and (target == text or self.frontier.is_unread(parse(target))):
                known.state = FAILED  # its turn is not over: the next run asks again
                where = "itself, in a ring" if target == text else f"{target}, which could not be read"
                yield Skip(id=text, reason=f"leads to {where}")
                continue
            if known.state in (DOCUMENT, FAILED):
                yield Gone(id=text)
            known.state, known.turn = OTHER, self.frontier.memory.turn
        self._moved = {}

    def _fail(self, url: Url, known: Known, visit: Visit) -> Iterator[Item]:
        """A URL that could not be read, which may be its host's fault; what is stored of it stays."""
        if visit.unreachable:
            streak = self._streaks[url.origin] = self._streaks.get(url.origin, 0) + 1
            if (visit.answer is None or streak >= _STREAK) and not self.visitor.hosts.reachable(url):
                yield from self._lose_host(url, SourceError(visit.reason))
                return
        self.roots.failed(url, visit.reason, permanent=visit.permanent)
        if known.state != DOCUMENT or not visit.unreachable:
            known.state, known.etag, known.modified = FAILED, "", ""
        if known.depth < self.max_depth:
            self._missed = f"what only {url} leads to may be missing"
        yield Skip(id=str(url), reason=visit.reason)

    def _lose_host(self, url: Url, error: SourceError) -> Iterator[Item]:
        """Leave a host alone for the rest of the run. Raises `error` when no other one is left to start from."""
        if url.origin in self._down:
            return
        self._down.add(url.origin)
        if self.roots.origins <= self._down:
            raise error
        logger.warning("%s", error)
        if not error.permanent or self.max_depth > 0:  # what only its pages link to is not found either
            self._missed = str(error)
        yield Skip(id=url.origin + "/", reason=str(error), prefix=True)

    def _checkpoint(self) -> Iterator[Item]:
        self._dealt += 1
        if self._dealt >= max(_CHECKPOINT, len(self.frontier.memory.pages) // 4):
            self._dealt = 0
            yield Checkpoint(cursor=self.frontier.memory.dumps())

    def _end(self) -> Iterator[Item]:
        memory = self.frontier.memory
        if self.frontier.truncated:
            self._missed = f"there are more URLs than max_pages ({self.frontier.max_pages:,}): raise it, or use include"
        if self._missed and (memory.listing or self.frontier.truncated):
            # What was not found may be there all the same: nothing of these hosts is to be taken for gone.
            for origin in sorted({parse(text).origin for text in memory.pages}):
                yield Skip(id=origin + "/", reason=self._missed, prefix=True)
        if self.max_depth == 0 and not self._missed:
            for text in [text for text in memory.pages if text not in self.frontier.reached]:
                if memory.pages.pop(text).state in (DOCUMENT, FAILED):
                    yield Gone(id=text)
        memory.turn, memory.listing = memory.turn + 1, False
        yield Checkpoint(cursor=memory.dumps())
