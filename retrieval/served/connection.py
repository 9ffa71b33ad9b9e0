"""The way to a model server: JSON over HTTP, retries, a bound on what is in flight, errors that say what to do.

Everything here may be sent again: the same text always gets the same answer.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConfigurationError, EmbedderError
from .address import Address
from .answers import remedy, retry_after, server_message

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")

_PASSING = frozenset({408, 424, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT = 30.0
_ATTEMPTS_UNSEEN = 3  # of a server that never answered: most likely it is not running, and someone is waiting
_MESSAGE_CHARACTERS = 300
_LARGEST_ANSWER = 1 << 30  # bytes: 2,048 vectors of 4,096 numbers as text are a sixth of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that says no: `message` is whole and fit for people."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Arriving:
    """A body that is being received: its media type, and its pieces as they come."""

    kind: str
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class _Passing:
    """A failure that may be over soon."""

    reason: str
    wait: float | None = None
    slow: bool = False


def encode(body: Any) -> bytes:
    """Compact JSON in UTF-8; lone surrogates, which UTF-8 cannot hold, become question marks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class _Clients:
    """What one process holds open; a forked one makes its own."""

    process: int
    http: httpx.Client
    threads: ThreadPoolExecutor

    def close(self, *, wait: bool) -> None:
        """Close the sockets, having waited for what is in flight; a forked process leaves its parent's alone."""
        if self.process == os.getpid():
            self.threads.shutdown(wait, cancel_futures=True)
            self.http.close()


class Connection:
    """A server, called from any number of threads. Neither the key nor user info of the URL appears in any message.

    Args:
        url: where the server is, as http://HOST:PORT, with a path where it has one; nothing is sent before first use.
        key: sent as bearer token.
        attempts: how often a request is sent at most. A server that has not answered yet gets no more than three, since
            it most likely is not running; one that has may be restarting: ten attempts wait a minute on average.
        first_wait: seconds; before attempt n + 1 passes a random time of up to `first_wait` * 2**(n - 1), at most 30 s,
            or what the header Retry-After asks.
        connect_timeout: seconds until a connection stands.
        read_timeout: seconds until an answer begins, and from there to its last byte, however slowly it drips.
        timeouts: how many of `read_timeout` a request is given; more than three would hang for ten minutes.
        concurrency: requests in flight at once, over all threads.

    Raises:
        ConfigurationError: the URL or the key cannot be one.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        attempts: int = 10,
        first_wait: float = 0.5,
        connect_timeout: float = 5.0,
        read_timeout: float = 60.0,
        timeouts: int = 3,
        concurrency: int = 8,
    ) -> None:
        self._address = Address.parse(url)
        self.name = self._address.name
        if key is not None and (not key.isascii() or not key.isprintable() or " " in key or not key):
            raise ConfigurationError(
                f"The key for {self.name} is empty or holds a blank, a line break or a character outside ASCII. "
                "Give it as the server's operator wrote it."
            )
        if attempts < 1 or concurrency < 1:
            raise ConfigurationError(f"attempts = {attempts} and concurrency = {concurrency} must be at least 1.")
        self._key = key
        self._attempts, self._first_wait = attempts, first_wait
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._timeouts = timeouts
        self.concurrency = concurrency
        self._secrets = [secret for secret in (key, self._address.password) if secret]
        self._lock = threading.Lock()
        self._opened: _Clients | None = None
        self._answered = False
        self._closed = threading.Event()

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The parsed JSON of the answer, or a `Refusal`; GET without `body`, else POST.

        Tried again after a lost connection, a timeout, a body that breaks off, and the statuses 408, 424, 429, 500,
        502, 503, 504, 529.

        Raises:
            EmbedderError: it failed every time.
        """
        content = None if body is None else encode(body)
        return self._persist(path, lambda: self._attempt(path, content))

    @contextmanager
    def stream(self, path: str, body: Mapping[str, Any]) -> Iterator[Arriving | Refusal]:
        """The answer to a POST while it arrives, or a `Refusal`; left early, the server is hung up on.

        Tried again as in `ask` until the first piece is there. From then on `read_timeout` is the time between two.

        Raises:
            EmbedderError: it failed every time, or broke off after its first piece.
        """
        content = encode(body)
        with ExitStack() as stack:
            yield self._persist(path, lambda: self._attempt(path, content, stack))

    def _persist(self, path: str, attempt: Callable[[], Any]) -> Any:
        """What `attempt` gives, made again while that is a _Passing."""
        made, slow = 1, 0
        while True:
            outcome = attempt()
            if not isinstance(outcome, _Passing):
                return outcome
            attempts = self._attempts if self._answered else min(self._attempts, _ATTEMPTS_UNSEEN)
            slow += outcome.slow
            if made >= attempts or slow >= self._timeouts or self._closed.is_set():
                raise EmbedderError(self._gave_up(path, outcome, made))
            wait = self._wait(made, outcome)
            logger.warning("%s: %s failed (%s), again in %.1f s", self.name, path, outcome.reason, wait)
            self._closed.wait(wait)
            made += 1

    def map(self, action: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """`action` of each item, in order, several at a time; the first failure is raised and the rest is not begun."""
        if len(items) <= 1:
            return [action(item) for item in items]
        threads = self._clients().threads
        futures = [threads.submit(action, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """Let go of the connections; retries that are waiting give up."""
        self._closed.set()
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close(wait=True)

    def _attempt(self, path: str, content: bytes | None, stack: ExitStack | None = None) -> Any:
        """Parsed JSON, a Refusal or a _Passing; with a stack, on which the response then stays open, an Arriving."""
        clients = self._clients()
        import httpx

        method = "GET" if content is None else "POST"
        try:
            with ExitStack() as opened:
                response = opened.enter_context(clients.http.stream(method, self.name + path, content=content))
                if stack is not None and response.is_success:
                    pieces = response.iter_bytes()
                    first = next(pieces, b"")
                    self._answered = True
                    stack.push(opened.pop_all())
                    return Arriving(response.headers.get("content-type", ""), self._arriving(first, pieces))
                body = self._read(response)
        except (httpx.TransportError, httpx.DecodingError) as error:
            return _Passing(self._reason(error), slow=isinstance(error, httpx.ReadTimeout))
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"{self.name} is no address that can be called: {error}.") from error
        self._answered = True
        if response.status_code in _PASSING:
            wait = retry_after(response.headers.get("retry-after"), dt.datetime.now(dt.UTC))
            return _Passing(f"{response.status_code} {self.said(body)}".strip(), wait)
        if not response.is_success:
            message = f"{self.name} answered {response.status_code} to {method} {path}: {self.said(body)}. "
            return Refusal(status=response.status_code, message=message + remedy(response.status_code))
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            kind = response.headers.get("content-type", "")
            if "html" in kind:
                message = f"{self.name} answered {method} {path} with a web page, not with JSON. {remedy(404)}"
                return Refusal(status=response.status_code, message=message)
            return _Passing(f"{len(body)} bytes that are no JSON")

    def _arriving(self, first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
        import httpx

        yield first
        try:
            yield from pieces
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise EmbedderError(f"{self.name} broke off in the middle of its answer: {self._reason(error)}.") from error

    def _read(self, response: httpx.Response) -> bytes:
        """The whole body. httpx bounds the time between two bytes; here all of it is bounded."""
        import httpx

        end = time.monotonic() + self._read_timeout
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if time.monotonic() > end:
                raise httpx.ReadTimeout(f"not complete after {self._read_timeout:g} s")
            if size > _LARGEST_ANSWER:
                raise EmbedderError(
                    f"{self.name} answered with more than {_LARGEST_ANSWER} bytes. Is it a model server?"
                )
        return b"".join(parts)

    def _wait(self, attempt: int, failure: _Passing) -> float:
        # Full jitter, so that many workers that lost the same server do not come back at the same instant.
        longest = min(self._first_wait * 2.0 ** (attempt - 1), _LONGEST_WAIT)
        if failure.wait is not None:
            return failure.wait + random.uniform(0, self._first_wait)
        return random.uniform(0, longest)

    def _gave_up(self, path: str, failure: _Passing, attempts: int) -> str:
        return (
            f"{self.name} failed {attempts} times at {path}; the last time: {failure.reason}. "
            "Is the server running and its model loaded? Start it, or check the address. If it is too slow for "
            f"{self._read_timeout:g} s, lower the concurrency (now {self.concurrency}), or give it more time."
        )

    def said(self, body: bytes) -> str:
        """The server's own words in the body of an error, without secrets and not too long."""
        # Hidden before it is cut, or half a key could stay.
        return self._hidden(server_message(body))[:_MESSAGE_CHARACTERS]

    def _reason(self, error: Exception) -> str:
        return self._hidden(f"{type(error).__name__}: {error}".strip(": "))

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _clients(self) -> _Clients:
        with self._lock:
            if self._closed.is_set():
                raise EmbedderError(f"The connection to {self.name} is closed. Open the model again.")
            if self._opened is None or self._opened.process != os.getpid():
                self._opened = _Clients(
                    os.getpid(),
                    self._http(),
                    ThreadPoolExecutor(self.concurrency, thread_name_prefix="interlingua-served"),
                )
                weakref.finalize(self, self._opened.close, wait=False)  # nothing is in flight then
            return self._opened

    def _http(self) -> httpx.Client:
        import httpx

        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        return httpx.Client(
            headers=headers,
            auth=self._address.login if self._key is None else None,
            timeout=httpx.Timeout(self._read_timeout, connect=self._connect_timeout, pool=None),
            # The one bound on what is in flight: who comes later waits for a connection.
            limits=httpx.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency),
            trust_env=not self._address.is_loopback,  # a server on this machine is never behind a proxy
        )
