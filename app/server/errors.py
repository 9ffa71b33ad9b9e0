"""Errors as clients see them: one JSON shape, `{"error": {"type", "message", "request_id"}}`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...retrieval.errors import (
    ChatError,
    ConfigurationError,
    EmbedderError,
    FilterError,
    InputError,
    InterlinguaError,
    MissingExtraError,
    StoreError,
    StoreLockedError,
)

LOG = "The server's log has more under this request id."


class RequestError(Exception):
    """A request that is answered with an error of its own."""

    def __init__(self, status: int, type: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.type, self.message, self.headers = status, type, message, headers or {}


class BusyError(RequestError):
    """There is more to do than the server takes on."""

    def __init__(self, message: str) -> None:
        super().__init__(503, "busy", message, {"Retry-After": "1"})


class LateError(RequestError):
    """The answer takes too long."""

    def __init__(self, message: str) -> None:
        super().__init__(503, "timeout", message, {"Retry-After": "1"})


def not_found(what: str) -> RequestError:
    """What does not exist, or is not for this key: the answers do not differ."""
    return RequestError(404, "not_found", f"There is no such {what}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An exception as an answer. `unexpected`: nothing of it is for the client, and it goes to the log."""

    status: int
    type: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    unexpected: bool = False


def problem(error: BaseException) -> Problem:
    """What to answer for an exception of ours, or for any other."""
    if isinstance(error, RequestError):
        return Problem(status=error.status, type=error.type, message=error.message, headers=error.headers)
    for kind, status, name, text in _TREE:
        if isinstance(error, kind):
            headers = {"Retry-After": "5"} if status == 503 else {}
            return Problem(
                status=status, type=name, message=text or str(error), headers=headers, unexpected=text is not None
            )
    return Problem(status=500, type="internal", message=f"An unexpected error. {LOG}", unexpected=True)


_TREE: tuple[tuple[type[InterlinguaError], int, str, str | None], ...] = (
    (FilterError, 422, "filter", None),
    (InputError, 422, "invalid_request", None),
    (MissingExtraError, 501, "not_configured", None),
    (ConfigurationError, 422, "not_configured", None),
    (EmbedderError, 502, "embedder", f"The model failed. {LOG}"),
    (ChatError, 502, "chat", f"The chat model failed. {LOG}"),
    (StoreLockedError, 503, "store_locked", f"Another process has the index open. {LOG}"),
    (StoreError, 503, "store", f"The index does not answer. {LOG}"),
)
"""From the most special to the most general. Texts of our own where the error's may hold paths or addresses."""


def body(problem_type: str, message: str, request_id: str, **more: Any) -> dict[str, Any]:
    """The JSON shape of every error."""
    return {"error": {"type": problem_type, "message": message, "request_id": request_id, **more}}
