"""Manners: what robots.txt allows, how often a host is asked, and how long to wait when it says so."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...retrieval.errors import SourceError
from .addresses import RefusedError
from .fetching import Fetched, Fetcher, FetchError, Wanted
from .urls import Url, join, parse
from .waiting import retry_after

logger = logging.getLogger(__name__)

_ROBOTS_BYTES = 512_000  # RFC 9309, 2.5: at least 500 kibibytes are to be read
_BUSY = (429, 503)
_ATTEMPTS = 3
_MAX_DELAY = 60.0  # one host must not hold up a run, and the sources after it, for days


@dataclass(slots=True)
class _Host:
    """One origin: its rules (a Protego, None for no rules), and when it may be asked next."""

    rules: Any = None
    known: bool = False
    delay: float = 0.0
    next: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    asking: threading.Lock = field(default_factory=threading.Lock)


class Hosts:
    """Fetches politely: one request per host every `delay` seconds at most, or as robots.txt asks if that is longer.

    Of what robots.txt asks, 60 seconds are obeyed at most, or `max_pause` if that is longer.

    Args:
        fetcher: What fetches.
        robots_name: The name that robots.txt knows the crawler by.
        respect_robots: Read robots.txt and do as it says.
        delay: Seconds between two requests to a host.
        max_pause: Seconds to wait at most where a host asks to come back later; for longer it is a SourceError.
        sleep: Waits; by default until `stop` at most.
        clock: Seconds, rising.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        robots_name: str,
        respect_robots: bool = True,
        delay: float = 1.0,
        max_pause: float = 60.0,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._name = robots_name
        self._respect = respect_robots
        self._delay = delay
        self._max_pause = max_pause
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def allows(self, url: Url) -> bool:
        """Whether robots.txt lets this URL be fetched.

        Raises SourceError when the host cannot be reached, or has a robots.txt that it does not give out now: what
        may be read cannot be known then (RFC 9309, 2.3.1.4).
        """
        host = self._host(url)
        return not self._respect or host.rules is None or bool(host.rules.can_fetch(str(url), self._name))

    def sitemaps(self, url: Url) -> list[Url]:
        """The sitemaps that the robots.txt of this URL's host names; raises SourceError as `allows`."""
        rules = self._host(url).rules
        found = []
        for link in [] if rules is None else list(rules.sitemaps)[:100]:
            try:
                found.append(join(url, link))
            except RefusedError as error:
                logger.info("sitemap in robots.txt of %s: %s", url.origin, error)
        return found

    def fetch(
        self,
        url: Url,
        *,
        headers: Mapping[str, str] | None = None,
        wanted: Wanted | None = None,
        redirects: int | None = None,
    ) -> Fetched:
        """As `Fetcher.fetch`, when it is this host's turn; a host that is busy is asked again, up to three times.

        Raises SourceError with `retry_after` when it asks for more patience than `max_pause`.
        """
        ask = partial(self._fetcher.fetch, url, headers=headers, wanted=wanted, redirects=redirects)
        return self._patiently(url, ask)

    def stop(self) -> None:
        """Wait for nothing any more: whoever does is sent away with a SourceError."""
        self._stopped.set()

    def reachable(self, url: Url) -> bool:
        """Whether this URL's host answers at all: its robots.txt is asked for, once."""
        try:
            answer = self._fetcher.fetch(_robots(url), redirects=0, wanted=lambda _: False)
        except FetchError as error:
            return not error.unreachable
        except RefusedError:
            return False
        return answer.status < 500

    def _patiently(self, url: Url, ask: Callable[[], Fetched]) -> Fetched:
        waited = pause = 0.0
        for attempt in range(_ATTEMPTS):
            self._wait(url)
            answer = ask()
            asked = retry_after(answer.headers)
            if answer.status not in _BUSY or (answer.status == 503 and asked is None):
                return answer
            pause = 2.0**attempt if asked is None else asked
            waited += pause
            if waited > self._max_pause:
                break
            self._hold(url, pause)
        raise SourceError(
            f"{url.origin} answers {answer.status} and asks to come back in {pause:g} s", retry_after=max(pause, 1.0)
        )

    def _wait(self, url: Url) -> None:
        host = self._entry(url)
        with host.lock:
            now = self._clock()
            begin = max(now, host.next)
            host.next = begin + max(self._delay, host.delay)
        if begin > now:
            self._sleep(begin - now)
        if self._stopped.is_set():
            raise SourceError("the run was stopped")

    def _hold(self, url: Url, seconds: float) -> None:
        host = self._entry(url)
        with host.lock:
            host.next = max(host.next, self._clock() + seconds)

    def _entry(self, url: Url) -> _Host:
        with self._lock:
            return self._hosts.setdefault(url.origin, _Host())

    def _host(self, url: Url) -> _Host:
        host = self._entry(url)
        with host.asking:
            if self._respect and not host.known:
                host.rules = self._read_robots(url)
                host.delay = min(_asked_delay(host.rules, self._name), max(_MAX_DELAY, self._max_pause))
                host.known = True
        return host

    def _read_robots(self, url: Url) -> Any:
        address = _robots(url)
        try:
            answer = self._patiently(address, lambda: self._fetcher.fetch(address, cut=_ROBOTS_BYTES))
        except RefusedError:
            return None  # it redirects to where nothing is fetched from; if its host is refused, so is the page
        except FetchError as error:
            if not error.unreachable:
                return None  # an endless redirect or the like: there is no robots.txt (RFC 9309, 2.3.1.2)
            raise SourceError(str(error)) from error
        if answer.status >= 500:
            raise SourceError(f"{address} answers {answer.status}: what may be read is not known")
        if answer.status != 200:
            return None
        return _protego(answer.content.decode("utf-8-sig", "replace"))


def _robots(url: Url) -> Url:
    return parse(url.origin + "/robots.txt")


def _asked_delay(rules: Any, name: str) -> float:
    if rules is None:
        return 0.0
    rate = rules.request_rate(name)
    return max(float(rules.crawl_delay(name) or 0.0), rate.seconds / rate.requests if rate and rate.requests else 0.0)


def _protego(text: str) -> Any:
    from ...retrieval.errors import MissingExtraError

    try:
        from protego import Protego
    except ImportError:
        raise MissingExtraError("protego", "web") from None
    return Protego.parse(text)
