"""Feeds (RSS, Atom) as a source of documents.

An entry is one document; its id is the feed's URL, `#` and the entry's own id (or its link), so that a page which a
`WebConnector` reads as well is not the same document. The cursor holds each feed's ETag and Last-Modified: a feed that
has not changed costs a request without a body. A feed shows its latest entries only, so the source is never complete,
and an entry that it no longer shows stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ...retrieval.errors import ConfigurationError, CursorLostError, SourceError
from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..files.content import as_title
from ..files.limits import Limits
from ..files.pool import WorkerPool
from .addresses import RefusedError
from .dialling import Dial, Resolver, dial, resolve
from .entries import document, facts_of, link_of, linked, parse_feed, revision_of
from .fetchers import fetchers
from .fetching import Fetched, FetchError
from .hosts import Hosts
from .memory import validators
from .pages import Reader
from .urls import Url, parse
from .visiting import Visitor


class FeedConnector:
    """The entries of RSS and Atom feeds.

    Args:
        feeds: URLs of feeds.
        name: Names the source; by default its first URL does.
        follow_links: Read the page that an entry links to, instead of what the feed has of it.
        delay: Seconds between two requests to a host, at least.
        user_agent: What it calls itself.
        respect_robots: Do as robots.txt says, for the pages of `follow_links`.
        headers: Sent to the hosts of `feeds` only, such as `Authorization`.
        allow_private: Ask any address.
        allow_hosts: Hosts (`name`, `name:port`, address or network) that are asked although they are not on the public
            internet.
        ca_file: Certificates (PEM) that are trusted besides the usual ones.
        max_bytes: Size of a feed or page, as it comes and unpacked.
        timeout: Seconds for one request in all.
        max_pause: Seconds to wait at most where a host asks for patience; for longer, the run ends with a SourceError.
        limits: How much one document may cost.
        resolver: Looks names up; the system by default.
        dialler: Makes connections.
    """

    def __init__(
        self,
        feeds: Sequence[str],
        *,
        name: str | None = None,
        follow_links: bool = False,
        delay: float = 1.0,
        user_agent: str = "interlingua/1.0",
        respect_robots: bool = True,
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
        if isinstance(feeds, str) or not feeds:
            raise ConfigurationError(f"feeds is {feeds!r}. Give a list of URLs of feeds.")
        try:
            self._feeds = tuple(dict.fromkeys(parse(text) for text in feeds))
        except RefusedError as error:
            raise ConfigurationError(f"feeds: {error}") from None
        self._name = name
        self._follow = follow_links
        self._limits = limits
        self._robots_name = user_agent.partition("/")[0].strip() or "interlingua"
        self._hosts = partial(
            Hosts, robots_name=self._robots_name, respect_robots=respect_robots, delay=delay, max_pause=max_pause
        )
        self._fetcher = fetchers(
            self._feeds,
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
        """`feed:` and the name, or the first URL."""
        return f"feed:{self._name or self._feeds[0]}"

    @property
    def complete(self) -> bool:
        """False: a feed has its latest entries only."""
        return False

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All entries that the feeds show now. Raises SourceError when no feed can be read."""
        for item in self._run({}):
            if not isinstance(item, Checkpoint):
                yield item

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """The entries of feeds that changed since a cursor. Raises SourceError, CursorLostError."""
        yield from self._run(_loads(since))

    def _run(self, memory: dict[str, list[str]]) -> Iterator[Document | Pending | Skip | Checkpoint]:
        # Not closed at the end: the Pendings that come out of it are read later. It goes with the last of them.
        hosts = self._hosts(self._fetcher())
        pool = WorkerPool(self._limits)
        reader = Reader(pool=pool, limits=self._limits, robots_name=self._robots_name, tracking=False)
        visitor = Visitor(hosts=hosts, reader=reader)
        failures: list[SourceError] = []
        for url in self._feeds:
            # Where entries are read from elsewhere, an entry that could not be read has to be listed again.
            etag, modified = ["", ""] if self._follow else memory.get(str(url), ["", ""])
            headers = {"If-None-Match": etag} if etag else {}
            headers |= {"If-Modified-Since": modified} if modified else {}
            try:
                answer = self._ask(hosts, url, headers)
                if answer.status == 304:
                    continue
                yield from self._entries(url, answer, visitor)
            except SourceError as error:
                failures.append(error)
                yield Skip(id=f"{url}#", reason=str(error), prefix=True)
                continue
            memory[str(url)] = list(validators(answer.headers))
            yield Checkpoint(cursor=json.dumps(memory))
        if len(failures) == len(self._feeds):
            raise failures[0]
        yield Checkpoint(cursor=json.dumps(memory))

    def _ask(self, hosts: Hosts, url: Url, headers: Mapping[str, str]) -> Fetched:
        try:
            answer = hosts.fetch(
                url, headers={"Accept": "application/atom+xml,application/rss+xml,*/*;q=0.5", **headers}
            )
        except RefusedError as error:
            raise SourceError(str(error), permanent=True) from error
        except FetchError as error:
            raise SourceError(str(error)) from error
        if answer.status not in (200, 304):
            refused = answer.status in (401, 403, 404, 407, 410, 451)
            raise SourceError(f"{url} answers {answer.status}", permanent=refused)
        return answer

    def _entries(self, feed: Url, answer: Fetched, visitor: Visitor) -> Iterator[Document | Pending | Skip]:
        parsed = parse_feed(answer)
        if not parsed.get("version") or (parsed.bozo and not parsed.entries and not parsed.feed):
            raise SourceError(f"{feed} is no feed: {parsed.get('bozo_exception', 'neither RSS nor Atom')}")
        language = parsed.feed.get("language")
        for entry in parsed.entries:
            link = link_of(answer.url, entry)
            key = entry.get("id") or (str(link) if link else "")
            if not key:
                title = as_title(entry.get("title")) or "without a title"
                yield Skip(id=f"{feed}#", reason=f"an entry ({title}) has neither an id nor a link")
                continue
            document_id = f"{feed}#{key}"[:2000]
            facts = facts_of(entry, feed, language)
            if self._follow and link is not None:
                revision = revision_of(entry)
                read = partial(linked, document_id, link, facts, revision, visitor)
                yield Pending(id=document_id, revision=revision, read=read)
            else:
                yield document(document_id, link, entry, facts, visitor.reader.pool)


def _loads(since: str | None) -> dict[str, list[str]]:
    if since is None:
        return {}
    try:
        memory = json.loads(since)
        return {str(url): [str(etag), str(modified)] for url, (etag, modified) in memory.items()}
    except (ValueError, TypeError, AttributeError):
        raise CursorLostError("the cursor of a feed cannot be read: everything is listed again") from None
