"""The way to a Qdrant server: its address, retries, and errors that say what to do.

qdrant-client retries only `upload_points`; everything here may be retried, since ids are made from content and writing
the same points twice changes nothing.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from ..errors import InterlinguaError, StoreError

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

logger = logging.getLogger(__name__)
T = TypeVar("T")

REST_PORT, GRPC_PORT = 6333, 6334
_FIRST_WAIT = 0.25
_LONGEST_WAIT = 30.0
_PASSING_GRPC = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED")
_DENIED_GRPC = ("UNAUTHENTICATED", "PERMISSION_DENIED")


class Connection:
    """One client and how it is called. The API key appears in no message."""

    def __init__(self, client: QdrantClient, name: str, *, retries: int, secret: str | None) -> None:
        self.client = client
        self.name = name
        options = getattr(client, "init_options", {})
        self.local = options.get("location") == ":memory:" or bool(options.get("path"))
        """The client's own imitation of a server: exact and without indexes, and it warns when asked for either.

        Not made for threads (a search scales the stored vectors in place), so its calls take turns.
        """
        self._turn: AbstractContextManager[object] = threading.RLock() if self.local else nullcontext()
        self._retries = retries
        self._secret = secret

    def call(self, doing: str, action: Callable[[QdrantClient], T]) -> T:
        """`action(client)`, again after a lost connection, a 429 or a 5xx. Raises StoreError."""
        for attempt in range(self._retries + 1):
            try:
                with self._turn:
                    return action(self.client)
            except InterlinguaError:
                raise
            except Exception as error:
                if not _is_passing(error) or attempt == self._retries:
                    raise self._explained(doing, error) from (None if self._leaks(error) else error)
                wait = _wait(attempt, error)
                logger.info("%s: %s failed (%s), again in %.1f s", self.name, doing, type(error).__name__, wait)
                time.sleep(wait)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def _explained(self, doing: str, error: Exception) -> StoreError:
        reason = self._hidden(_reason(error))
        if _code(error) in (401, 403, *_DENIED_GRPC):
            return StoreError(
                f"The Qdrant server at {self.name} refused the API key while {doing} ({reason}). "
                "Set the key that this server expects, with write access to the collection."
            )
        if _is_passing(error):
            return StoreError(
                f"The Qdrant server at {self.name} cannot be reached while {doing} ({reason}). Is it running? Start it "
                f"(docker compose up -d qdrant), check the address and the ports {REST_PORT} (REST) and {GRPC_PORT} "
                "(gRPC), or give --store a folder instead."
            )
        return StoreError(f"The Qdrant server at {self.name} failed while {doing}: {reason}")

    def _hidden(self, text: str) -> str:
        return text.replace(self._secret, "***") if self._secret else text

    def _leaks(self, error: Exception) -> bool:
        return bool(self._secret) and str(self._secret) in f"{error!s} {error!r}"


def connect(
    location: str,
    *,
    api_key: str | None = None,
    prefer_grpc: bool | None = None,
    grpc_port: int = GRPC_PORT,
    timeout: int = 30,
    retries: int = 4,
) -> Connection:
    """A connection to the server at `location` (a URL or HOST:PORT); nothing is sent yet.

    Unless `prefer_grpc` says so, gRPC is used when the port is Qdrant's own: only then is `grpc_port` likely there.
    """
    from qdrant_client import QdrantClient

    try:
        parts = urlsplit(location if "://" in location else f"http://{location}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise StoreError(f"{location!r} is no address of a Qdrant server: {error}.") from error
    if not host or parts.scheme not in ("http", "https"):
        raise StoreError("The address of a Qdrant server looks like http://HOST:6333.")
    port = REST_PORT if port in (None, GRPC_PORT) else port
    path = parts.path.rstrip("/")
    name = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}"
    grpc = (port == REST_PORT and not path) if prefer_grpc is None else prefer_grpc
    # The version check runs in a thread and warns when the server is down; the first real call says it better.
    client = QdrantClient(
        url=name, api_key=api_key, prefer_grpc=grpc, grpc_port=grpc_port, timeout=timeout, check_compatibility=False
    )
    return Connection(client, name, retries=retries, secret=api_key)


def _code(error: Exception) -> int | str | None:
    """HTTP status, or the name of the gRPC status; None for anything else."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status
    code = getattr(error, "code", None)
    name = getattr(code(), "name", None) if callable(code) else None
    return name if isinstance(name, str) else None


def _is_passing(error: Exception) -> bool:
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ResponseHandlingException

    if isinstance(error, ResponseHandlingException):
        # It also wraps answers that cannot be parsed: another service on that port, which trying again does not cure.
        return not isinstance(error.source, ValueError)
    if isinstance(error, (ResourceExhaustedResponse, ConnectionError, TimeoutError)):
        return True
    code = _code(error)
    return code == 429 or (isinstance(code, int) and code >= 500) or code in _PASSING_GRPC


def _wait(attempt: int, error: Exception) -> float:
    asked = getattr(error, "retry_after_s", None)
    if isinstance(asked, int):
        return min(float(asked), _LONGEST_WAIT)
    # Jitter, so that many workers that lost the same server do not come back at the same instant.
    return min(_FIRST_WAIT * 2.0**attempt, _LONGEST_WAIT) * random.uniform(0.5, 1.5)


def _reason(error: Exception) -> str:
    details = getattr(error, "details", None)
    text = details() if callable(details) else None
    source = getattr(error, "source", None)
    return " ".join(str(text or source or error).split())[:300] or type(error).__name__
