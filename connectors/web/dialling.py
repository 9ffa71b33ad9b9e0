"""Connections that go to a checked address and nowhere else.

httpcore asks its network backend for a connection to a host. This backend resolves the name, checks all addresses, and
dials one of those that it has checked: between the check and the packet there is no second look-up that could answer
differently (DNS rebinding). TLS still verifies the name, and the Host header still says it.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from .addresses import Address, Permission, RefusedError, canonical_host

Resolver = Callable[[str, int], Sequence[Address]]
"""All addresses of a canonical host, best first; OSError when it has none."""
Dial = Callable[[Address, int, float], socket.socket]
"""A connected socket to an address and port, within so many seconds; OSError when there is none."""

_deadline: ContextVar[float] = ContextVar("deadline")


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """All that this thread does over the network has to be over in so many seconds."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(timeout: float | None) -> float:
    """Seconds until the deadline, or `timeout` if that is less. Raises httpcore.ReadTimeout when there are none."""
    left = _deadline.get(float("inf")) - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the answer took too long")
    return left if timeout is None else min(left, timeout)


def resolve(host: str, port: int) -> Sequence[Address]:
    """The system's resolver, given up at the deadline (it has none of its own)."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True, name="interlingua-resolve")
    thread.start()
    thread.join(min(remaining(None), 3600.0))
    if not found:
        raise TimeoutError(f"the name {host} was not resolved in time")
    if isinstance(found[0], Exception):
        raise OSError(f"the name {host} cannot be resolved: {found[0]}")
    # A zone (fe80::1%2) stays out of ip_address, and is refused as link-local all the same.
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in found[0]))


def dial(address: Address, port: int, timeout: float) -> socket.socket:
    """A TCP connection."""
    return socket.create_connection((str(address), port), timeout)


class PinnedBackend(httpcore.NetworkBackend):
    """The network as httpcore sees it: every connection is resolved, checked and dialled here."""

    def __init__(self, permission: Permission, resolver: Resolver, dial: Dial) -> None:
        self._permission = permission
        self._resolver = resolver
        self._dial = dial

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first checked address that answers. Raises RefusedError when any of them may not be asked."""
        name = canonical_host(f"[{host}]" if ":" in host else host)
        addresses: Sequence[Address]
        try:
            addresses = [ipaddress.ip_address(name)]
        except ValueError:
            addresses = self._look_up(name, port)
        self._permission.check(name, port, addresses)
        return _Stream(self._connect(addresses, port, timeout))

    def _look_up(self, name: str, port: int) -> Sequence[Address]:
        try:
            addresses = self._resolver(name, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        if not addresses:
            raise httpcore.ConnectError(f"the name {name} has no address")
        return addresses

    def _connect(self, addresses: Sequence[Address], port: int, timeout: float | None) -> socket.socket:
        failure: OSError | None = None
        for address in addresses[:4]:
            try:
                connection = self._dial(address, port, remaining(timeout))
            except OSError as error:
                failure = error
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        raise httpcore.ConnectError(_reason(failure)) from failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise RefusedError("sockets of this machine are not asked")


class _Stream(httpcore.NetworkStream):
    """A socket whose every read and write ends at the deadline, even one byte at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(remaining(timeout))
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("no answer in time") from None
        except OSError as error:
            raise httpcore.ReadError(_reason(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._socket.settimeout(remaining(timeout))
            self._socket.sendall(buffer)
        except TimeoutError:
            raise httpcore.WriteTimeout("the request was not taken in time") from None
        except OSError as error:
            raise httpcore.WriteError(_reason(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            self._socket.settimeout(remaining(timeout))
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout("no TLS connection in time") from None
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(_reason(error)) from error

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # how httpcore tells that the other side has closed an idle connection
            if self._socket.fileno() < 0:
                return True
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(0))
        return self._socket if info == "socket" else None


class PinnedTransport(httpx.BaseTransport):
    """httpx over a pool of such connections; no proxies, no environment."""

    def __init__(self, backend: PinnedBackend, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=backend, keepalive_expiry=15.0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request; httpcore's errors pass as they are."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method, url, headers=request.headers.raw, content=b"", extensions=request.extensions
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _reason(error: OSError | None) -> str:
    """In the system's words, without addresses."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if error is None:
        return "no connection"
    return (error.strerror or str(error) or type(error).__name__).lower()
