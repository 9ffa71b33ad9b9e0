"""The log: one JSON object per line, with nothing of what documents, queries and keys hold.

Only this package, and uvicorn, fill values into their messages. Of all others the log has the message without its
values, and of every exception its type and place without its text: both may quote a document.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from typing import Any

_FIELDS = ("method", "route", "status", "ms", "key", "request_id", "job")
_TRUSTED = ("interlingua.app.server", "uvicorn.error")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        trusted = record.name.startswith(_TRUSTED)
        line: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if trusted else str(record.msg),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _described(error: BaseException) -> list[dict[str, Any]]:
    """The types of an exception and of what it came from, each with the places that it passed."""
    found: list[dict[str, Any]] = []
    while len(found) < 10:
        frames = traceback.extract_tb(error.__traceback__)
        found.append({"type": type(error).__name__, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames[-20:]]})
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            break
        error = cause
    return found


def configure(level: str = "INFO") -> None:
    """Send all logs of this process to standard error, as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("interlingua", "uvicorn"):
        logging.getLogger(name).setLevel(level)
