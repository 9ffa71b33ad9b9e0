"""`serve`: uvicorn around the application, from the first signal to the last."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from ...retrieval.errors import ConfigurationError
from ...retrieval.hosts import is_loopback
from ..access.keys import Keys
from ..index import from_settings
from ..settings import Settings
from . import logs
from .application import add_tools, attach, create_app
from .service import Service
from .threads import SWITCH_SECONDS

if TYPE_CHECKING:
    from ..mcp.serving import HttpApp

logger = logging.getLogger(__name__)

HEADER_SECONDS = 10.0
"""A connection that does not bring a whole request in so long is closed."""
LEAVE_SECONDS = 1.0
"""What calls that are still at work have to end, once all else is closed."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(settings: Settings) -> None:
    """Serve the index of `settings` until SIGTERM or SIGINT; what runs then is finished or resumed at the next start.

    Raises ConfigurationError when the address is taken or is open to others without keys, and what `Index.open` does.
    """
    keys = Keys.load(settings)
    check_host(settings.host, keys)
    logs.configure()
    with _listen(settings.host, settings.port) as listener:
        service = Service(from_settings(settings), keys)
        try:
            service.start()
            _run(service, listener)
        finally:
            idle = service.stop()
    logger.info("stopped")
    if not (idle and _alone(LEAVE_SECONDS)):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)  # the interpreter would wait for calls that nobody waits for any more


def _alone(seconds: float) -> bool:
    """Whether, in so many seconds at most, all other threads end that the interpreter would wait for."""
    until = time.monotonic() + seconds
    others = [one for one in threading.enumerate() if one is not threading.current_thread() and not one.daemon]
    for thread in others:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in others)


def check_host(host: str, keys: Keys) -> None:
    """Refuse to let everyone on the network do everything. Raises ConfigurationError."""
    if keys.open_access and not is_loopback(host):
        raise ConfigurationError(
            f"Without API keys, serve listens on this machine alone, not on {host}. Make a key "
            "(interlingua keys new NAME) and name its file with the setting `keys`, or set INTERLINGUA_SERVER_KEY."
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}, port {port}: {error.strerror}. Name another with --host and --port."
        ) from error
    # asyncio does this for sockets of its own alone. Without it an answer waits 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _run(service: Service, listener: socket.socket) -> None:
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = service.settings
    app = attach(create_app(), service)
    tools = add_tools(app, service) if settings.mcp else None
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=math.floor(HEADER_SECONDS),
        timeout_graceful_shutdown=max(1, math.ceil(settings.shutdown_grace)),
    )
    config.load()
    config.http_protocol_class = _impatient(config.http_protocol_class)
    host, port = listener.getsockname()[:2]
    logger.info("listening on http://%s:%d", f"[{host}]" if ":" in host else host, port)
    _Server(config, service, tools).run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, but that a signal first makes the service drain, and that having stopped in order is no failure."""

    def __init__(self, config: uvicorn.Config, service: Service, tools: HttpApp | None) -> None:
        super().__init__(config)
        self._service = service
        self._tools = tools

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal comes, the tools of language models too."""
        async with self._tools.running() if self._tools else contextlib.nullcontext():
            await super().serve(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to the signals; uvicorn's own would raise them once more at the end."""
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second interrupt does not wait for requests."""
        self._service.drain()
        super().handle_exit(sig, frame)


def _impatient(protocol: Any) -> Any:
    """uvicorn's protocol, closing connections on which no request is complete in time: it has no such limit."""

    class Impatient(protocol):  # type: ignore[misc]
        """One connection."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._last: Any = None
            self._look = self.loop.call_later(HEADER_SECONDS, self._close_idle)

        def connection_lost(self, exc: Exception | None) -> None:
            self._look.cancel()
            super().connection_lost(exc)

        def _close_idle(self) -> None:
            cycle = self.cycle
            if (cycle is None or cycle.response_complete) and cycle is self._last:
                self.transport.close()
                return
            self._last = cycle
            self._look = self.loop.call_later(HEADER_SECONDS, self._close_idle)

    return Impatient
