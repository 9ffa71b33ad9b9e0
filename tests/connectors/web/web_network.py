"""A network of the tests' own: names, addresses, and one server behind all of them."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

from interlingua.connectors.web.addresses import Address, Permission
from interlingua.connectors.web.fetching import Fetched, Fetcher, FetchLimits
from interlingua.connectors.web.urls import parse
from sites import Site


class Network:
    """Names with the addresses that they have, one list after the other; all that is dialled ends at `server`."""

    def __init__(self, server: Site, names: dict[str, list[list[str]]] | None = None) -> None:
        self.server = server
        self.names = names or {}
        self.dialled: list[str] = []
        self.looked_up: list[str] = []

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.looked_up.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise OSError(f"no such name: {host}")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ipaddress.ip_address(address) for address in addresses]

    def dial(self, address: Address, port: int, timeout: float) -> socket.socket:
        self.dialled.append(f"{address}:{port}")
        return socket.create_connection(("127.0.0.1", self.server.port), timeout)


def fetcher(network: Network, **options: Any) -> Fetcher:
    return Fetcher(resolver=network.resolve, dialler=network.dial, **options)


def get(server: Site, path: str = "/", **limits: Any) -> Fetched:
    permission = Permission(allow_hosts=[server.host])
    return Fetcher(permission=permission, limits=FetchLimits(**limits)).fetch(parse(server.url + path))
