"""Which hosts and addresses may be asked: the public internet, and what the user names; every other is refused.

A host is brought into one form first (`canonical_host`), the way a browser does it (WHATWG URL, "host parsing"), so
that `0x7f.1`, `2130706433`, `127.1` and `１２７.0.0.1` are all seen to be 127.0.0.1. What a name resolves to is checked
where it is dialled (`dialling`), which is the only place that counts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from ...retrieval.errors import ConfigurationError, InputError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# fmt: off
_REFUSED = tuple(ipaddress.ip_network(network) for network in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",  # public by number, but the host of every Azure machine
    "::/128", "::1/128", "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16", "64:ff9b:1::/48", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8",
))
# fmt: on
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


class RefusedError(InputError):
    """An address that may not be asked; nothing was sent to it."""


def canonical_host(host: str) -> str:
    """The one form of a host: a lower-case ASCII name without a final dot, or an IP address (v6 without brackets).

    Raises RefusedError for what is no host, or could be read as another one.
    """
    if host.startswith("["):
        return _ipv6(host)
    if not host or re.search(r"[\x00-\x20\x7f%\\/?#@<>\[\]^|:]", host):
        raise RefusedError(f"{host[:100]!r} is not a host name")
    name = _ascii(host).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(labels, host)
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise RefusedError(f"{host[:100]!r} is not a host name")
    return name


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise RefusedError(f"{host[:100]!r} is not a host name") from None


def _ipv4(labels: list[str], host: str) -> str:
    """One to four numbers, decimal, octal (0177) or hexadecimal (0x7f); the last one fills what is left."""
    try:
        numbers = [_number(label) for label in labels]
        if len(numbers) > 4 or any(number > 255 for number in numbers[:-1]):
            raise ValueError
        value = numbers[-1]
        if value >= 256 ** (5 - len(numbers)):
            raise ValueError
        for place, number in enumerate(numbers[:-1]):
            value += number << 8 * (3 - place)
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise RefusedError(f"{host[:100]!r} is neither a name nor an address") from None


def _number(label: str) -> int:
    if not _NUMBER.fullmatch(label):
        raise ValueError
    if label[:2].lower() == "0x":
        return int(label[2:] or "0", 16)
    return int(label, 8 if len(label) > 1 and label[0] == "0" else 10)


def _ipv6(host: str) -> str:
    # A zone (fe80::1%eth0) names an interface of this machine: never something to fetch from.
    if not host.endswith("]") or "%" in host:
        raise RefusedError(f"{host[:100]!r} is not an address")
    try:
        return str(ipaddress.IPv6Address(host[1:-1]))
    except ValueError:
        raise RefusedError(f"{host[:100]!r} is not an address") from None


def is_public(address: Address) -> bool:
    """Whether `address` is on the public internet, and so is every address that it stands for or leads to."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = _embedded(address)
        if embedded:
            return all(map(is_public, embedded))
    if any(address.version == network.version and address in network for network in _REFUSED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses in an IPv6 one: mapped, 6to4, Teredo (server and client), NAT64, compatible."""
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return [low]
    return []


@dataclass(frozen=True, slots=True)
class _Trusted:
    """One entry of `allow_hosts`: a name, or a network; with a port, that port only."""

    name: str
    network: Network | None
    port: int | None


class Permission:
    """What may be asked besides the public internet.

    Args:
        allow_private: Every address, public or not.
        allow_hosts: `name`, `name:port`, `address`, `address:port`, `[v6]:port` or a network such as `10.0.0.0/8`. A
            name is trusted whatever it resolves to.
    """

    def __init__(self, *, allow_private: bool = False, allow_hosts: Iterable[str] = ()) -> None:
        self._all = allow_private
        self._trusted = tuple(_trusted(entry) for entry in allow_hosts)

    def check(self, host: str, port: int, addresses: Iterable[Address]) -> None:
        """Raise RefusedError unless every one of `addresses`, which `host` (canonical) resolved to, may be asked."""
        if self._all or any(t.network is None and t.name == host and t.port in (None, port) for t in self._trusted):
            return
        for address in addresses:
            if not is_public(address) and not self._allows(address, port):
                shown = host if host == str(address) else f"{host} ({address})"
                name = f"[{host}]" if ":" in host else host
                raise RefusedError(
                    f"{shown} is not on the public internet: refused. "
                    f"To trust it, add '{name}' or '{name}:{port}' to allow_hosts of the source, or to the setting "
                    "web_hosts for addresses that are given one by one."
                )

    def _allows(self, address: Address, port: int) -> bool:
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(
            t.network is not None
            and t.network.version == mapped.version
            and mapped in t.network
            and t.port in (None, port)
            for t in self._trusted
        )


def _trusted(entry: str) -> _Trusted:
    try:
        if "/" in entry:
            return _Trusted("", ipaddress.ip_network(entry, strict=False), None)
        match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?", entry)
        bare = entry if match is None else match[1]
        port = int(match[2]) if match and match[2] else None
        name = canonical_host(f"[{bare}]" if bare.count(":") > 1 and not bare.startswith("[") else bare)
    except (ValueError, RefusedError):
        raise ConfigurationError(
            f"allow_hosts has {entry!r}. Write a host name, host:port, an address or a network such as 10.0.0.0/8."
        ) from None
    try:
        return _Trusted("", ipaddress.ip_network(name), port)
    except ValueError:
        return _Trusted(name, None, port)
