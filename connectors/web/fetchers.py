"""How the options of a source say that its pages are fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from .addresses import Permission
from .dialling import Dial, Resolver
from .fetching import Fetcher, FetchLimits
from .urls import Url


def fetchers(
    named: Iterable[Url],
    *,
    user_agent: str,
    headers: Mapping[str, str] | None,
    allow_private: bool,
    allow_hosts: Iterable[str],
    ca_file: str | None,
    max_bytes: int,
    timeout: float,
    resolver: Resolver,
    dialler: Dial,
) -> Callable[[], Fetcher]:
    """What makes the Fetcher of each run of a source; `headers` go to the origins of the URLs that the user `named`.

    Raises ConfigurationError for an entry of `allow_hosts` that cannot be read.
    """
    return partial(
        Fetcher,
        user_agent=user_agent,
        limits=FetchLimits(max_bytes=max_bytes, total_seconds=timeout),
        permission=Permission(allow_private=allow_private, allow_hosts=allow_hosts),
        headers=dict(headers or {}),
        trusted=frozenset(url.origin for url in named),
        ca_file=ca_file,
        resolver=resolver,
        dialler=dialler,
    )
