"""Which URLs a crawl may follow."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from .urls import Url

_PORTS = (80, 443)
# What no document is ever found behind: not even asked for.
_NEVER = re.compile(
    r"\.(?:jpe?g|png|gif|svgz?|webp|avif|bmp|ico|tiff?|css|m?js|map|json|xml|rss|atom|woff2?|ttf|otf|eot|mp[34]|m4[av]"
    r"|webm|og[gva]|wav|flac|avi|mov|mkv|zip|gz|tgz|bz2|xz|7z|rar|tar|exe|msi|dmg|apk|deb|rpm|iso|bin|wasm|csv|tsv"
    r"|parquet|jsonl)$",
    re.IGNORECASE,
)


class Scope:
    """The sites of a crawl, and the patterns that its URLs must or must not match.

    Patterns are globs over the whole URL: `*` stands for anything, `?` for one character.
    """

    def __init__(self, *, include: Iterable[str], exclude: Iterable[str]) -> None:
        self._include = [re.compile(fnmatch.translate(pattern)) for pattern in include]
        self._exclude = [re.compile(fnmatch.translate(pattern)) for pattern in exclude]

    def matches(self, url: Url, sites: Iterable[str]) -> bool:
        """Whether a URL that was found may be fetched."""
        text = str(url)
        return (
            site(url) in sites
            and _NEVER.search(url.path) is None
            and (not self._include or any(pattern.match(text) for pattern in self._include))
            and not any(pattern.match(text) for pattern in self._exclude)
        )


def site(url: Url) -> str:
    """What counts as one site: a host, with or without `www.`, over http or https; any other port is a site apart."""
    host = url.host.removeprefix("www.")
    return host if url.port in _PORTS else f"{host}:{url.port}"
