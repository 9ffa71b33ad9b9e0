"""Fetching from addresses that strangers chose: bounded in time, size and reach.

Every URL, and every place that one redirects to, is read by `urls.parse` and goes out over `dialling`, which connects
to checked addresses only. Nothing of the environment is used: no proxies, no .netrc. Compressed answers are unpacked
here, bounded while they are unpacked; only gzip and deflate are asked for.

`Fetcher` knows nothing of documents or crawling, so that whatever has to fetch a URL can use it.
"""

from __future__ import annotations

import ssl
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import httpcore
import httpx

from .addresses import Permission
from .dialling import Dial, PinnedBackend, PinnedTransport, Resolver, deadline, dial, remaining, resolve
from .unpacking import FetchError, unpacked
from .urls import Url, join

__all__ = ["FetchError", "FetchLimits", "Fetched", "Fetcher", "Wanted"]

REDIRECTS = (301, 302, 303, 307, 308)
_DRAINED = 65_536  # an unread body costs the connection: small ones are read to the end


Wanted = Callable[[str], bool]
"""Whether the body of an answer with this media type is to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Bounds of one request.

    Attributes:
        max_bytes: Size of a body, as it comes and unpacked.
        connect_seconds: Until there is a connection.
        read_seconds: Without a byte.
        total_seconds: From the request to the last byte; with redirects, for each anew.
        max_redirects: How often a request may be sent elsewhere.
    """

    max_bytes: int = 50_000_000
    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    total_seconds: float = 60.0
    max_redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer: the URL that gave it, `headers` (any case), and the unpacked body, which only a 200 has."""

    url: Url
    status: int
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def location(self) -> Url | None:
        """Where a redirect leads; raises RefusedError when nothing is fetched from there."""
        if self.status not in REDIRECTS or "location" not in self.headers:
            return None
        return join(self.url, _utf8(self.headers["location"]))

    @property
    def media_type(self) -> str:
        """`text/html`: lower case, without parameters; "" when the server did not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """What the server says that the text is encoded in."""
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset" and value.strip():
                return value.strip().strip("\"'")[:40]
        return None


@dataclass(slots=True, weakref_slot=True, eq=False)
class Fetcher:
    """Fetches URLs; for several threads at once. Cookies are kept as long as it is.

    Args:
        user_agent: What it calls itself.
        limits: Bounds of one request.
        permission: What may be asked besides the public internet.
        headers: Sent to the origins in `trusted` only, such as an Authorization.
        trusted: Origins that get `headers`.
        ca_file: Certificates (PEM) that are trusted besides the usual ones.
        resolver: Looks names up.
        dialler: Makes connections.
    """

    user_agent: str = "interlingua"
    limits: FetchLimits = field(default_factory=FetchLimits)
    permission: Permission = field(default_factory=Permission)
    headers: Mapping[str, str] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()
    ca_file: str | None = None
    resolver: Resolver = resolve
    dialler: Dial = dial
    _client: httpx.Client | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fetch(
        self,
        url: Url,
        *,
        headers: Mapping[str, str] | None = None,
        wanted: Wanted | None = None,
        redirects: int | None = None,
        cut: int | None = None,
    ) -> Fetched:
        """The answer to a GET, whatever its status.

        Args:
            url: What to get.
            headers: More of them, such as If-None-Match.
            wanted: Asked for the media type of a 200 before its body is read; False leaves the body out.
            redirects: How many to follow, by default `limits.max_redirects`; the next one is returned as it is with 0,
                an error otherwise.
            cut: Leave out what a body has beyond so many bytes, instead of refusing it.

        Raises RefusedError for an address that may not be asked, FetchError for no answer or one beyond the limits.
        """
        most = self.limits.max_redirects if redirects is None else redirects
        for _ in range(most + 1):
            answer = self._get(url, headers or {}, wanted, cut)
            location = answer.location if most else None
            if location is None:
                return answer
            url = location
        raise FetchError(f"{url.origin} redirects more than {most} times")

    def close(self) -> None:
        """Close all connections; a later fetch opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _get(self, url: Url, headers: Mapping[str, str], wanted: Wanted | None, cut: int | None) -> Fetched:
        own = self.headers if url.origin in self.trusted else {}
        timeout = httpx.Timeout(self.limits.read_seconds, connect=self.limits.connect_seconds)
        client = self._open()
        request = client.build_request(
            "GET",
            str(url),
            headers={**own, **headers},
            timeout=timeout,
            extensions={"target": url.target.encode("ascii")},  # as it is: httpx would escape some of it again
        )
        try:
            with deadline(self.limits.total_seconds):
                response = client.send(request, stream=True)
                try:
                    return self._answer(url, response, wanted, cut)
                finally:
                    response.close()
        except httpcore.TimeoutException as error:
            raise FetchError(f"{url.origin}: {error or 'no answer in time'}", unreachable=True) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            reason = str(error) or type(error).__name__
            raise FetchError(f"{url.origin} cannot be reached: {reason[:200]}", unreachable=True) from None

    def _answer(self, url: Url, response: httpx.Response, wanted: Wanted | None, cut: int | None) -> Fetched:
        answer = Fetched(url=url, status=response.status_code, headers=response.headers)
        if response.status_code != 200:
            self._drain(response)
            return answer
        if wanted is not None and not wanted(answer.media_type):
            return answer
        body = b"".join(self._body(response, cut))
        return Fetched(url=url, status=200, headers=response.headers, content=body[:cut])

    def _body(self, response: httpx.Response, cut: int | None) -> Iterator[bytes]:
        most = self.limits.max_bytes
        announced = response.headers.get("content-length", "")
        if cut is None and announced.isdecimal() and int(announced) > most:
            raise FetchError(f"has {int(announced):,} bytes, more than {most:,} (max_bytes)")
        total = 0
        for part in unpacked(response, most):
            remaining(None)
            total += len(part)
            yield part
            if cut is not None and total >= cut:
                return
            if total > most:
                raise FetchError(f"has more than {most:,} bytes (max_bytes)")

    def _drain(self, response: httpx.Response) -> None:
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) <= _DRAINED:
            for _ in response.iter_raw():
                remaining(None)

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                context = httpx.create_ssl_context(trust_env=False)
                if self.ca_file is not None:
                    context.load_verify_locations(self.ca_file)
                context.minimum_version = ssl.TLSVersion.TLSv1_2
                backend = PinnedBackend(self.permission, self.resolver, self.dialler)
                self._client = httpx.Client(
                    transport=PinnedTransport(backend, context),
                    trust_env=False,
                    follow_redirects=False,
                    headers={
                        "User-Agent": self.user_agent,
                        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5",
                        "Accept-Encoding": "gzip, deflate",
                    },
                )
                weakref.finalize(self, self._client.close)  # where nobody closes it: connections are not left open
            return self._client


def _utf8(header: str) -> str:
    """A header as it was meant: bytes beyond ASCII are UTF-8, which httpx reads as Latin-1 when it must guess."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header
