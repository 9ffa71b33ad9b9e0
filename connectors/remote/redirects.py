"""Where a web server may send its readers: elsewhere on itself, and to hosts that were named.

Without that, whoever writes the pages of one server could have this machine read another one, inside its network.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

from ...retrieval.errors import ConfigurationError
from ..web.addresses import RefusedError
from ..web.urls import parse

Place: TypeAlias = tuple[str, int]
"""A host, in lower case and ASCII, and a port."""
Middleware: TypeAlias = Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]

_KEPT = ("host", "accept", "accept-encoding", "range", "user-agent")


class RedirectError(Exception):
    """A server redirects to another host; nothing was sent there."""


def places(hosts: Iterable[str]) -> frozenset[Place]:
    """The hosts `name` (http and https) and `name:port`. Raises ConfigurationError for what is none of these."""
    found: set[Place] = set()
    for host in hosts:
        try:
            urls = [parse(f"{scheme}://{host}") for scheme in ("http", "https")]
            if urls[0].target != "/":
                raise RefusedError("more than a host")
        except RefusedError:
            raise ConfigurationError(f"redirect_hosts has {host!r}. Write a host name, or host:port.") from None
        found.update((url.host, url.port) for url in urls)
    return frozenset(found)


def staying(url: str, named: frozenset[Place]) -> Middleware:
    """A middleware of aiohttp that every request passes, those after a redirect as well.

    `named` places are asked besides that of `url`, but without the headers, cookies and passwords that are meant for
    it. Over http, `url` may redirect to https on the same host. The middleware raises RedirectError.
    """
    from yarl import URL

    home = URL(url).origin()
    own = {(home.raw_host, home.port)} | ({(home.raw_host, 443)} if home.port == 80 else set())

    async def stay(request: Any, send: Callable[[Any], Awaitable[Any]]) -> Any:
        place = (request.url.raw_host, request.url.port)
        if place in own:
            return await send(request)
        if place not in named:
            target = request.url.origin()
            raise RedirectError(
                f"{home} redirects to {target}: refused. Add '{target.authority}' to redirect_hosts to follow it."
            )
        for name in {name for name in request.headers if name.lower() not in _KEPT}:
            del request.headers[name]
        return await send(request)

    return stay
