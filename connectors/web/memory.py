"""What a crawl remembers between two runs, as a cursor: small, bounded by `max_pages`, and without page contents."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from email.utils import parsedate_to_datetime

from ...retrieval.errors import CursorLostError

_VERSION = 1
_MAX_VALIDATOR = 200
_MAX_BYTES = 1 << 30

QUEUED = "q"
DOCUMENT = "d"
OTHER = "o"
FAILED = "f"


@dataclass(slots=True)
class Known:
    """One URL.

    `state`: QUEUED (never read), DOCUMENT (it is one, and stored), OTHER (it redirects, is not to be indexed, …),
    FAILED (could not be read last time; something may be stored). `turn` is the run that dealt with it last, `checked`
    the day (since 1970) on which it was asked for last; `lastmod` and `versions` (a checksum) are what its sitemap said
    then.
    """

    depth: int
    state: str = QUEUED
    turn: int = 0
    etag: str = ""
    modified: str = ""
    lastmod: str = ""
    checked: int = 0
    versions: int = 0

    def remember(self, etag: str, modified: str) -> None:
        """Keep what a conditional request needs."""
        self.etag, self.modified = etag, modified

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that let the server say that nothing has changed."""
        headers = {"If-None-Match": self.etag} if self.etag else {}
        return headers | ({"If-Modified-Since": self.modified} if self.modified else {})


def _sendable(header: str) -> str:
    return header if len(header) <= _MAX_VALIDATOR and header.isascii() and header.isprintable() else ""


@dataclass(slots=True)
class Memory:
    """All URLs in the order in which they were found, and the `sites` that they may be on.

    `turn` is the run that is to come or under way; `listing` says that it is the first one, which finds everything.
    """

    settings: str
    turn: int = 1
    listing: bool = True
    sites: list[str] = field(default_factory=list)
    pages: dict[str, Known] = field(default_factory=dict)

    def dumps(self) -> str:
        """The cursor."""
        pages = [[url, *astuple(known)] for url, known in self.pages.items()]
        body = [_VERSION, self.settings, self.turn, self.listing, self.sites, pages]
        packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode())
        return base64.b85encode(packed).decode("ascii")


def validators(headers: Mapping[str, str]) -> tuple[str, str]:
    """ETag and Last-Modified of an answer, each "" where it cannot be relied on or sent back.

    A Last-Modified counts whole seconds: where it is as young as the answer, the next change may have the same.
    """
    etag, modified = (_sendable(headers.get(name, "")) for name in ("etag", "last-modified"))
    try:
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(modified)
        return etag, modified if age.total_seconds() >= 2 else ""
    except (ValueError, TypeError):
        return etag, ""


def loads(cursor: str, settings: str) -> Memory:
    """The memory in a cursor. Raises CursorLostError when it cannot be read, or was made with other settings."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(base64.b85decode(cursor), _MAX_BYTES)
        version, stored, turn, listing, sites, pages = json.loads(text)
        if version == _VERSION and stored == settings:
            known = {url: Known(*facts) for url, *facts in pages}
            return Memory(stored, turn, listing, sites, known)
    except (ValueError, TypeError, zlib.error, binascii.Error):
        raise CursorLostError("the cursor of a crawl cannot be read: everything is listed again") from None
    raise CursorLostError("the crawl has other settings than the stored cursor: everything is listed again")
