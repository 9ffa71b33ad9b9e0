"""How long a server asks to wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_LONGEST = 7 * 86_400.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date; None when there is none that can be read.

    The names of `headers` are in any case, or in lower case.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value[:9]), _LONGEST)
    try:
        until = parsedate_to_datetime(value)
        # Against the server's own clock, if it tells: ours may be wrong.
        now = parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()
        return min(max(0.0, until.timestamp() - now), _LONGEST)
    except (ValueError, TypeError, OverflowError):
        return None
