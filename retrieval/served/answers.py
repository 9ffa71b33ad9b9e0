"""What servers say beside their results: error messages, when to come back, which part of a list is which text."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_RETRY_AFTER = 60.0

_REMEDIES = {
    400: "Check the model's name and that the texts are not longer than the model reads.",
    401: "Give the key that this server expects.",
    403: "Give a key that may use this model.",
    404: "Check the path of the address (with or without /v1) and the model's name.",
    413: "Make the chunks smaller, or raise the server's limit.",
    422: "Make the chunks smaller, or check that the server's model is the one you mean.",
}
_REMEDY = "Check the address and what the server logs."


def remedy(status: int) -> str:
    """What to do about an HTTP status that trying again does not cure."""
    return _REMEDIES.get(status, _REMEDY)


def server_message(body: bytes) -> str:
    """The server's own words in an error of any of the known shapes, on one line; empty when there are none.

    TEI: {"error": text, "error_type"} or {"message", "code", "type"}. vLLM, OpenAI, infinity: {"error": {"message"}};
    older vLLM: {"object": "error", "message"}. FastAPI: {"detail": text or [{"loc", "msg"}]}. Anything else as it is.
    """
    try:
        content = json.loads(body)
    except ValueError:
        content = body.decode("utf-8", "replace")
    return " ".join(_words(content).split())


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "; ".join(filter(None, map(_words, content)))
    if isinstance(content, Mapping):
        for name in ("error", "message", "detail", "msg"):
            if content.get(name):
                place = ".".join(map(str, content.get("loc") or ())) if name == "msg" else ""
                return f"{place}: {_words(content[name])}" if place else _words(content[name])
    return "" if content is None else json.dumps(content, ensure_ascii=False)


def retry_after(value: str | None, now: dt.datetime) -> float | None:
    """Seconds to wait as the header Retry-After asks (seconds or an HTTP date), at most 60; None without one."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date.replace(tzinfo=date.tzinfo or dt.UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if seconds == seconds else None  # not NaN


def in_order(items: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """The items of an answer in the order in which the texts were sent, by their `index`.

    Raises:
        ValueError: an index is missing, doubled or out of range, or there are more or fewer items than texts.
    """
    if len(items) != count:
        raise ValueError(f"{len(items)} results for {count} texts")
    placed = {item["index"]: item for item in items}
    if set(placed) != set(range(count)):
        raise ValueError(f"the indexes {sorted(map(str, placed))[:8]} for {count} texts")
    return [placed[index] for index in range(count)]
