"""What several topics share: values of JSON that can be stored, errors, languages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_DEPTH = 16


def _storable(value: Any, depth: int = 0) -> Any:
    """`value`, if it is finite and not too deep: JSON as Python reads it also has NaN and any depth."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and infinity are no values of JSON")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("a whole number has to fit in 64 bits")
    if isinstance(value, Mapping):
        for name, item in value.items():
            _encodable(name)
            _storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _storable(item, depth + 1)
    elif isinstance(value, str):
        _encodable(value)
    return value


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half a character (a lone surrogate)") from None
    return text


Values = Annotated[dict[str, Any], AfterValidator(_storable)]
"""A JSON object whose values can be stored and asked for."""


class Request(BaseModel):
    """A body of ours: a name that it does not know is an error, since it would be a misspelt one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ErrorDetail(BaseModel):
    """What went wrong."""

    type: str = Field(description="For programs, such as `not_found`.")
    message: str = Field(description="For people, with the way out.")
    request_id: str = Field(description="That of the header X-Request-ID; the server's log has it too.")
    details: list[dict[str, Any]] | None = Field(None, description="Of a body that does not fit: where, and what.")


class ErrorAnswer(BaseModel):
    """Every error looks like this."""

    error: ErrorDetail


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for its description: those given, and what every route may answer."""
    everywhere = {400, 401, 403, 408, 413, 422, 429, 500, 502, 503}
    return {
        status: {"model": ErrorAnswer, "description": _MEANING[status]} for status in sorted(everywhere.union(statuses))
    }


def event_stream(*names: str) -> dict[str, Any]:
    """Server-sent events with these names, for a description: the schema is that of one event."""
    name = {"type": "string", "enum": list(names)}
    properties = {"id": {"type": "string"}, "event": name, "data": {"type": "string", "description": "JSON."}}
    return {"text/event-stream": {"schema": {"type": "object", "properties": properties}}}


_MEANING = {
    400: "The body cannot be read.",
    401: "No key, or one that is not known.",
    403: "The key lacks the scope.",
    404: "There is none, or it is not for this key.",
    408: "The request did not come in time.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "The request asks for what cannot be done; the message says what can.",
    429: "The key makes too many requests; see Retry-After.",
    500: "A fault of the server, which its log describes.",
    501: "A part that is not installed.",
    502: "A model failed.",
    503: "The server or its store is busy or stopping; see Retry-After.",
}
