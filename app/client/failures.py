"""Errors of the server as errors of ours, with its message and the id under which its log has the request."""

from __future__ import annotations

import json

from ...retrieval.errors import (
    ChatError,
    ConfigurationError,
    EmbedderError,
    FilterError,
    InputError,
    InterlinguaError,
    StoreError,
    StoreLockedError,
)
from ...retrieval.served.answers import server_message

MESSAGE_CHARACTERS = 500


class AbsentError(InputError):
    """There is no such document or job, or it is not for this key."""


class DeniedError(ConfigurationError):
    """The server asks for a key, or for another one than was given."""


_KINDS: dict[str, type[InterlinguaError]] = {
    "chat": ChatError,
    "embedder": EmbedderError,
    "filter": FilterError,
    "forbidden": DeniedError,
    "method_not_allowed": ConfigurationError,
    "model_not_found": ConfigurationError,
    "not_configured": ConfigurationError,
    "not_found": AbsentError,
    "store_locked": StoreLockedError,
    "unauthorized": DeniedError,
}
"""By `type` of the server's error; for the others see `kind_of`."""

_REMEDIES = {
    401: " Give the key that the server's operator made (interlingua keys new): Client(url, key).",
    403: " Ask the server's operator for a key with that scope (interlingua keys new NAME --scope …).",
}
_ELSEWHERE = " Is this the address of an Interlingua server (interlingua serve), and of the same version?"


def kind_of(name: str | None, status: int) -> type[InterlinguaError]:
    """The class for an error of the server by its `type`, which is None where the answer is not one of its own."""
    if name in _KINDS:
        return _KINDS[name]
    if name is None:
        return StoreError if status >= 500 or status == 429 else ConfigurationError
    return InputError if 400 <= status < 500 and status != 429 else StoreError


def refusal(begin: str, status: int, body: bytes) -> InterlinguaError:
    """The error for an answer that says no; its message begins with `begin`: who answered what."""
    name, request_id = _shape(body)
    said = server_message(body)[:MESSAGE_CHARACTERS].rstrip(".")
    message = f"{begin} {said}".rstrip() + "." + _REMEDIES.get(status, "" if name else _ELSEWHERE)
    return kind_of(name, status)(message + (f" (request {request_id})" if request_id else ""))


def is_passing(status: int, body: bytes) -> bool:
    """Whether the same request may succeed later: the server, or a proxy that does not reach it, is busy."""
    return status in (429, 503) or (status in (502, 504) and _shape(body)[0] is None)


def _shape(body: bytes) -> tuple[str | None, str | None]:
    """Type and request id of an error of the server; None, None for what others answer."""
    try:
        error = json.loads(body)["error"]
        return str(error["type"]), str(error["request_id"])
    except (ValueError, KeyError, TypeError):
        return None, None
