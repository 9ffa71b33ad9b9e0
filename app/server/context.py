"""Around every request: its id, its line in the log, its place in the metrics, its deadlines and its limits.

Plain ASGI, one layer: every layer of middleware costs each request a little.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...retrieval.hosts import host_of, is_loopback
from .answers import Json
from .errors import Problem, RequestError, body, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .limits import Limits
    from .metrics import Metrics

logger = logging.getLogger(__name__)

UPLOADS = "/documents/files"
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class StalledError(Exception):
    """The client does not take its answer, or has gone."""


class RequestContext:
    """The outermost layer.

    Args:
        app: the rest.
        limits: of bodies and time.
        metrics: to count in.
        local_only: answer only those who call this machine by its own name, so that a page from elsewhere, open in a
            browser of this machine, cannot use a server that asks for no key.
        origins: pages that may, for all that.
        identify: finds out from the path and the header Authorization who asks, before a byte of the body is read, and
            notes it in the state of the request; raises RequestError for a stranger.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        metrics: Metrics,
        local_only: bool,
        origins: tuple[str, ...],
        identify: Callable[[Scope, str], None],
    ) -> None:
        self._app = app
        self._identify = identify
        self._limits = limits
        self._metrics = metrics
        self._local_only = local_only
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        presented = headers.get(b"x-request-id", "")
        request_id = presented if _SANE.fullmatch(presented) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id, self._limits.send_seconds)
        self._metrics.in_flight.inc()
        try:
            try:
                self._check(scope, headers)
                self._identify(scope, headers.get(b"authorization", ""))
                await self._app(scope, self._bounded(scope, headers, receive), answer.send)
            except Exception as error:
                await answer.fail(scope, receive, error)
        except StalledError:
            answer.status = 499
        finally:
            self._metrics.in_flight.dec()
            self._note(scope, answer.status, time.perf_counter() - started, request_id)

    def _check(self, scope: Scope, headers: dict[bytes, str]) -> None:
        if self._local_only:
            origin = headers.get(b"origin")
            foreign = origin is not None and origin not in self._origins and not is_loopback(host_of(origin))
            if foreign or not is_loopback(host_of("//" + headers.get(b"host", ""))):
                raise RequestError(403, "forbidden", "Without keys, this server answers its own machine alone.")
        length = headers.get(b"content-length", "0")
        most = self._limits.body(scope["path"])
        if length.isascii() and length.isdigit() and int(length) > most:
            raise too_large(most)

    def _bounded(self, scope: Scope, headers: dict[bytes, str], receive: Receive) -> Receive:
        """`receive` with an end to the bytes of the body and to the time that it takes."""
        most = self._limits.body(scope["path"])
        total = None if scope["path"] == UPLOADS else time.monotonic() + self._limits.request_seconds
        seen, complete = 0, False

        async def bounded() -> Message:
            nonlocal seen, complete
            if complete:
                return await receive()
            idle = self._limits.idle_seconds
            patience = idle if total is None else min(idle, max(0.0, total - time.monotonic()))
            try:
                message = await asyncio.wait_for(receive(), patience)
            except TimeoutError:
                raise too_late() from None
            seen += len(message.get("body", b""))
            if seen > most:
                raise too_large(most)
            complete = not message.get("more_body", False)
            return message

        return bounded

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path_format", None) or "(none)"
        method = scope["method"] if scope["method"] in METHODS else "(other)"
        self._metrics.request(method, route, status, seconds)
        more: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "key": scope["state"].get("key"),
            "request_id": request_id,
        }
        logger.info("request", extra=more)


class _Answer:
    """What goes back: with the request's id, and with an end to the time that a client may take."""

    def __init__(self, send: Send, request_id: str, seconds: float) -> None:
        self._send = send
        self._request_id = request_id
        self._seconds = seconds
        self._begun = False
        self.status = 500

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer."""
        if message["type"] == "http.response.start":
            self._begun = True
            self.status = message["status"]
            message["headers"] = [*message.get("headers", []), (b"x-request-id", self._request_id.encode())]
        try:
            await asyncio.wait_for(self._send(message), self._seconds)
        except (TimeoutError, OSError):
            raise StalledError from None

    async def fail(self, scope: Scope, receive: Receive, error: Exception) -> None:
        """Answer with an error, unless a part of an answer is on its way already."""
        while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:  # of a stream's two tasks
            error = error.exceptions[0]
        if isinstance(error, StalledError):
            raise error
        found = problem(error)
        if found.unexpected:
            logger.error("a request failed", exc_info=error, extra={"request_id": self._request_id})
        if self._begun:
            raise StalledError  # cut off: the client must not take half of it for all
        await answer(found, self._request_id)(scope, receive, self.send)


def answer(found: Problem, request_id: str, **more: Any) -> Json:
    """An error as a response."""
    return Json(body(found.type, found.message, request_id, **more), status_code=found.status, headers=found.headers)


def too_large(most: int) -> RequestError:
    """A body of more than `most` bytes."""
    return RequestError(413, "too_large", f"The request has more than {most:,} bytes.", {"Connection": "close"})


def too_late() -> RequestError:
    """A body that does not come, or comes in drops."""
    return RequestError(408, "timeout", "The request did not come in time.", {"Connection": "close"})
