"""When a file was last changed, where its revision says so."""

from __future__ import annotations

import datetime as dt
import re

_SIZE_AND_TIME = re.compile(r"(?:\d+|None)-(\S+)")
_NANOSECONDS = 1e17
_FIRST, _LAST = 1e8, 1e11  # 1973 and 5138: other numbers are no times


def changed(revision: str) -> dt.datetime | None:
    """The modification time, in UTC, of a revision as file connectors make it (`SIZE-TIME`, then what was added).

    None for an ETag, a checksum, the id of a commit and what other sources call a revision.
    """
    match = _SIZE_AND_TIME.match(revision)
    if match is None:
        return None
    try:
        number = float(match[1])
    except ValueError:
        return moment(match[1])
    seconds = number / 1e9 if number > _NANOSECONDS else number
    return dt.datetime.fromtimestamp(seconds, dt.UTC) if _FIRST < seconds < _LAST else None


def moment(text: str) -> dt.datetime | None:
    """A date or time in ISO 8601, in UTC (what has no zone is in UTC); None for any other text."""
    try:
        found = dt.datetime.fromisoformat(text)
        return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
