"""An HTTP server on loopback that a test starts, and stops in the middle of whatever it is doing."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Listener(ThreadingHTTPServer):
    """Listens on `port` (0: a free one) as soon as it is made; `owner` is what its handlers answer for."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int, handler: type[ListeningHandler], owner: Any) -> None:
        self.open: set[socket.socket] = set()
        self.owner = owner
        super().__init__(("127.0.0.1", port), handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop at once."""
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):  # closed by the other side
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up and stops in the middle of an answer are what the tests are about."""


class ListeningHandler(BaseHTTPRequestHandler):
    """What the handlers of test servers have in common."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 20
    server: Listener

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.post()

    def get(self) -> None:
        """Answer a GET; others have their own."""
        self.reply(405, b"{}")

    def post(self) -> None:
        """Answer a POST."""
        self.reply(405, b"{}")

    def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        """A whole answer."""
        self.raw(status, content, {"Content-Length": str(len(content)), **(headers or {})})

    def raw(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        """An answer as it is, whatever its headers say of it."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Nothing is printed."""


def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
