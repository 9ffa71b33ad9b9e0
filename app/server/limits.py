"""How much one request, and one key, may ask for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from ..settings import Settings
from .context import UPLOADS
from .errors import RequestError

IDLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes, seconds and numbers; see the settings of the same meaning.

    `idle_seconds` may pass without a byte of a body, `send_seconds` without the client taking any of its answer.
    """

    body_bytes: int
    file_bytes: int
    upload_bytes: int
    query_characters: int
    passages: int
    documents: int
    request_seconds: float
    idle_seconds: float = IDLE_SECONDS
    send_seconds: float = IDLE_SECONDS

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Those of the settings."""
        return cls(
            body_bytes=settings.max_body,
            file_bytes=settings.max_file,
            upload_bytes=settings.max_upload,
            query_characters=settings.max_query,
            passages=settings.max_passages,
            documents=settings.max_documents,
            request_seconds=settings.request_timeout,
        )

    def body(self, path: str) -> int:
        """Bytes that the body of a request to `path` may have."""
        return self.upload_bytes if path == UPLOADS else self.body_bytes


def at_most(value: int, most: int, *, what: str, setting: str) -> None:
    """Refuse more than a limit, with both values and the setting that raises it."""
    if value > most:
        raise RequestError(422, "too_much", f"{what}: {value:,}; at most {most:,} here (setting {setting}).")


class Rate:
    """A bucket of tokens per key: `per_second` on average, twice as many at once; 0 is no limit.

    The clock is of the caller's choice, in seconds. There are as many buckets as keys of the server.
    """

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_second
        self._burst = max(1.0, 2 * per_second)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> None:
        """One request of a key. Raises RequestError (429), saying when to come again."""
        if self._rate <= 0:
            return
        with self._lock:
            now = self._clock()
            tokens, then = self._buckets.get(name, (self._burst, now))
            tokens = min(self._burst, tokens + (now - then) * self._rate)
            if tokens >= 1:
                self._buckets[name] = (tokens - 1, now)
                return
            wait = (1 - tokens) / self._rate
        raise RequestError(
            429,
            "rate_limited",
            f"This key may make {self._rate:g} requests a second. Try again in {wait:.2f} s.",
            {"Retry-After": str(ceil(wait))},
        )
