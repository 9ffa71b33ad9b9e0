"""The way to an Interlingua server: one pool of connections, calls that are made again, streams of lines.

Every call may be made twice: documents replace themselves under their ids, and an upload that is sent again finds
nothing to do.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx

from ...retrieval.errors import ConfigurationError, InterlinguaError, StoreError
from ...retrieval.served.address import Address
from ...retrieval.served.answers import retry_after
from .failures import is_passing, refusal

logger = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_WAIT = 0.25
LONGEST_WAIT = 5.0
_JSON = {"Content-Type": "application/json"}
_EVENT_SECONDS = 45.0
"""Between two bytes of a stream of events; the server sends a comment every 15 s."""


class _PassingError(Exception):
    """A failure that may be over soon; `final` is raised when it is not. `wait`: seconds, as the server asks."""

    def __init__(self, final: InterlinguaError, wait: float | None = None) -> None:
        super().__init__(str(final))
        self.final, self.wait = final, wait


class Connection:
    """A server, called from any number of threads of one process. The key is in no message.

    Args:
        url: as http://HOST:PORT, with a path where it has one.
        key: sent as bearer token.
        timeout: seconds until a connection stands, and between two bytes of an answer.
        patience: seconds after which a call that fails again and again is given up.

    Raises:
        ConfigurationError: the URL or the key cannot be one.
    """

    def __init__(self, url: str, key: str | None, *, timeout: float, patience: float) -> None:
        address = Address.parse(url)
        self.name = address.name
        if key is not None and (not key.isascii() or not key.isprintable() or " " in key or not key):
            raise ConfigurationError(
                f"The key for {self.name} is empty or holds a blank, a line break or a character outside ASCII. "
                "Give it as `interlingua keys new` printed it."
            )
        self._timeout, self._patience = timeout, patience
        self._closed = threading.Event()
        self._http = httpx.Client(
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            auth=address.login if key is None else None,
            timeout=httpx.Timeout(timeout, pool=None),
            trust_env=not address.is_loopback,  # a server on this machine is never behind a proxy
        )

    def ask(
        self,
        method: str,
        path: str,
        read: Callable[[Any], T],
        *,
        content: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> T:
        """What `read` makes of the JSON of the answer."""

        def attempt() -> T:
            with self._answered(method, path, content=content, params=params, headers=_JSON) as answer:
                return self._understood(answer.read(), read)

        return self._persist(attempt)

    def send_files(self, path: str, files: Callable[[ExitStack], Any], read: Callable[[Any], T]) -> T:
        """Post a form of files, which `files` opens for each attempt anew."""

        def attempt() -> T:
            with ExitStack() as opened, self._answered("POST", path, files=files(opened)) as answer:
                return self._understood(answer.read(), read)

        return self._persist(attempt)

    def lines(self, path: str, read: Callable[[Any], T]) -> Iterator[T]:
        """What `read` makes of each line of JSON, as they come. Raises StoreError where they break off."""
        for line in self._stream("GET", path, _lines):
            yield self._understood(line, read)

    def told(
        self, path: str, read: Callable[[str, Any], T], *, content: bytes, timeout: float, last: str
    ) -> Iterator[T]:
        """What `read` makes of the name and the data of each server-sent event that answers a POST, up to `last`.

        Raises the error that comes in its place, and StoreError where they break off.
        """
        options = {"content": content, "headers": _JSON, "timeout": max(self._timeout, timeout)}
        for fields in self._stream("POST", path, _blocks, **options):
            name, data = fields.get("event", ""), fields.get("data")
            if name == "error":
                raise refusal(f"{self.name} broke off its answer to POST {path}:", 500, (data or "").encode())
            if data is not None:
                yield self._understood(data, partial(read, name))
            if name == last:
                return
        raise StoreError(f"{self.name} ended {path} before its last event.")

    def events(self, path: str, read: Callable[[Any], T]) -> Iterator[T]:
        """What `read` makes of the data of each server-sent event, until the server says that there are no more.

        A stream that breaks off or ends is taken up again after its last event, unless for `patience` there is nothing.
        """
        last: str | None = None
        quiet_since: float | None = None
        while True:
            headers = {"Accept": "text/event-stream"} | ({} if last is None else {"Last-Event-ID": last})
            options = {"headers": headers, "timeout": max(self._timeout, _EVENT_SECONDS)}
            came = False
            with ExitStack() as opened:
                answer = self._begun(opened, "GET", path, **options)
                if answer.status_code == 204:
                    return
                try:
                    for fields in _blocks(answer):
                        came = True
                        if "data" in fields:
                            last = fields.get("id", last)
                            yield self._understood(fields["data"], read)
                except httpx.RequestError as error:
                    logger.warning("%s: %s broke off (%s). It is taken up again.", self.name, path, _reason(error))
            quiet_since = None if came else quiet_since or time.monotonic()
            if quiet_since is not None and time.monotonic() - quiet_since > self._patience:
                raise StoreError(f"{self.name} sends no events of {path}, and does not say that they are over.")
            self._closed.wait(random.uniform(FIRST_WAIT, 4 * FIRST_WAIT))

    def close(self) -> None:
        """Let go of the connections; calls that wait to be made again give up."""
        self._closed.set()
        self._http.close()

    def _stream(
        self, method: str, path: str, cut: Callable[[httpx.Response], Iterator[T]], **options: Any
    ) -> Iterator[T]:
        """The parts of an answer, as they come; the request is made again until its head is there."""
        with ExitStack() as opened:
            answer = self._begun(opened, method, path, **options)
            try:
                yield from cut(answer)
            except httpx.RequestError as error:
                raise StoreError(f"{self.name} broke off in the middle of {path}: {_reason(error)}.") from error

    def _begun(self, opened: ExitStack, method: str, path: str, **options: Any) -> httpx.Response:
        """An answer whose head is there, open as long as `opened`."""
        return self._persist(lambda: opened.enter_context(self._answered(method, path, **options)))

    def _persist(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives, made again while it fails in passing and `patience` lasts."""
        until = time.monotonic() + self._patience
        longest = FIRST_WAIT
        while True:
            try:
                return attempt()
            except _PassingError as failure:
                # Full jitter, so that many clients that lost the same server do not come back at the same instant.
                wait = random.uniform(0, longest) + (failure.wait or 0.0)
                if time.monotonic() + wait > until or self._closed.is_set():
                    raise failure.final from failure.__cause__
                logger.warning("%s Again in %.1f s.", failure, wait)
            self._closed.wait(wait)
            longest = min(2 * longest, LONGEST_WAIT)

    @contextmanager
    def _answered(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """A successful answer, its body not yet read. Raises _PassingError, or the error that the server answered."""
        if self._closed.is_set():
            raise StoreError(f"The client of {self.name} is closed. Make another: Client(url, key).")
        try:
            with self._http.stream(method, self.name + path, **options) as answer:
                if not answer.is_success:
                    body = answer.read()
                    error = refusal(
                        f"{self.name} answered {method} {path}: {answer.status_code}", answer.status_code, body
                    )
                    if not is_passing(answer.status_code, body):
                        raise error
                    raise _PassingError(error, retry_after(answer.headers.get("retry-after"), dt.datetime.now(dt.UTC)))
                yield answer
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"{self.name} is no address that can be called: {error}.") from error
        except httpx.RequestError as error:
            lost = f"{self.name} did not answer {method} {path}: {_reason(error)}. "
            advice = "Is the server running? Start it (interlingua serve), or check the address."
            raise _PassingError(StoreError(lost + advice)) from error

    def _understood(self, text: bytes | str, read: Callable[[Any], T]) -> T:
        try:
            return read(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"{self.name} answered what this client does not understand ({type(error).__name__}: {error}). Is it "
                "an Interlingua server (interlingua serve), of the same version?"
            ) from error


def _lines(answer: httpx.Response) -> Iterator[bytes]:
    """The lines of a body. Not httpx's own, which end at U+2028 and other characters that a text may have, too."""
    rest = b""
    for part in answer.iter_bytes():
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _blocks(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """The fields of each whole server-sent event; a comment is one without a name."""
    fields: dict[str, str] = {}
    for line in _lines(answer):
        if line:
            name, _, value = line.decode().partition(": ")
            fields[name] = value
        else:
            yield fields
            fields = {}


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip(": ")
