"""The newest capture of each page, on disk while it is found out, so that memory does not grow with their number."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from ..files.compression import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One capture of a page: the file, by its place in the list, and the place in it."""

    uri: str
    date: str
    file: int
    place: Place
    record_id: str
    digest: str
    content_type: str


class Captures:
    """Of several captures of a page, the one with the greatest date; of those of one date, the last."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", check_same_thread=False)  # "" is a file that nobody else sees
        self._rows.execute(
            "CREATE TABLE captures (hash BLOB PRIMARY KEY, uri TEXT, date TEXT, file INTEGER, member INTEGER, "
            "skip INTEGER, record_id TEXT, digest TEXT, content_type TEXT) WITHOUT ROWID"
        )
        self._rows.execute("CREATE TABLE revisits (hash BLOB PRIMARY KEY, uri TEXT) WITHOUT ROWID")

    def add(self, capture: Capture) -> None:
        """Remember `capture`, unless a newer one of its page is known."""
        place = capture.place
        self._rows.execute(
            "INSERT INTO captures VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (hash) DO UPDATE SET date=excluded.date, "
            "file=excluded.file, member=excluded.member, skip=excluded.skip, record_id=excluded.record_id, "
            "digest=excluded.digest, content_type=excluded.content_type WHERE excluded.date >= date",
            (
                *(_key(capture.uri), capture.uri, capture.date, capture.file, place.member, place.skip),
                *(capture.record_id, capture.digest, capture.content_type),
            ),
        )

    def add_revisit(self, uri: str) -> None:
        """Remember that a page was found unchanged, so that its content may be in another file."""
        self._rows.execute("INSERT OR IGNORE INTO revisits VALUES (?,?)", (_key(uri), uri))

    def elsewhere(self) -> Iterator[str]:
        """The pages that were found unchanged and of which there is no capture, sorted."""
        rows = self._rows.execute("SELECT uri FROM revisits WHERE hash NOT IN (SELECT hash FROM captures) ORDER BY uri")
        yield from (uri for (uri,) in rows)

    def __iter__(self) -> Iterator[Capture]:
        """Those that are left, in the order of the files."""
        rows = self._rows.execute(
            "SELECT uri, date, file, member, skip, record_id, digest, content_type FROM captures "
            "ORDER BY file, member, skip"
        )
        for uri, date, file, member, skip, record_id, digest, content_type in rows:
            yield Capture(
                uri=uri,
                date=date,
                file=file,
                place=Place(member, skip),
                record_id=record_id,
                digest=digest,
                content_type=content_type,
            )

    def close(self) -> None:
        """Remove the file."""
        self._rows.close()


def _key(uri: str) -> bytes:
    return hashlib.blake2b(uri.encode("utf-8", "surrogatepass"), digest_size=16).digest()
