"""How far a database was read: values of its columns as JSON, and times on its clock."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import Any

from ...retrieval.errors import ConfigurationError, CursorLostError

_ZONES = dt.timedelta(hours=14)
"""How far a time without a zone may lie behind UTC."""
_ISO_SECONDS = 19


def encode(cursor: dict[str, Any]) -> str:
    """A cursor as text; values keep their types."""
    return json.dumps(cursor, default=_tagged, ensure_ascii=False, sort_keys=True)


def decode(text: str) -> dict[str, Any]:
    """The cursor again. Raises CursorLostError for anything that `encode` did not write."""
    try:
        cursor = json.loads(text, object_hook=_untagged)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        cursor = None
    if not isinstance(cursor, dict) or not {"mark", "after", "settled"} >= set(cursor):
        raise CursorLostError("the cursor is not one of a SQL source: everything has to be listed again")
    return cursor


def _tagged(value: Any) -> dict[str, str]:
    if isinstance(value, dt.datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, uuid.UUID | Decimal):
        return {type(value).__name__: str(value)}
    raise ConfigurationError(
        f"a value of type {type(value).__name__} cannot be kept in a cursor. Take an id and an `updated` column of "
        "numbers, texts, times, dates or UUIDs."
    )


_TYPES = {
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "bytes": bytes.fromhex,
    "UUID": uuid.UUID,
    "Decimal": Decimal,
}


def _untagged(item: dict[str, Any]) -> Any:
    if len(item) == 1:
        ((name, value),) = item.items()
        if name in _TYPES:
            return _TYPES[name](value)
    return item


def before(mark: Any, overlap: float) -> Any:
    """The value `overlap` before a mark: seconds for times (ISO 8601 texts too), its own unit for a number."""
    if isinstance(mark, dt.datetime):
        return mark - dt.timedelta(seconds=overlap)
    if isinstance(mark, dt.date):
        return mark - dt.timedelta(days=1)
    if isinstance(mark, str):
        time = _parsed(mark)
        # A text of whole seconds sorts before all texts of that second, whatever fraction and zone those have.
        return mark if time is None else _like(mark, time - dt.timedelta(seconds=overlap))
    if isinstance(mark, Decimal):
        return mark - Decimal(str(overlap))
    if isinstance(mark, int):
        return mark - int(overlap)
    return mark - overlap if isinstance(mark, float) else mark


def no_later(mark: Any, now: dt.datetime | None) -> Any:
    """The mark, or the present of the database where that is earlier.

    A row that is dated in the future would hide all changes until then. A time without a zone is taken for UTC: where
    it is of a zone to the east, the rows of some hours are read again each time.
    """
    if now is None:
        return mark
    if isinstance(mark, dt.datetime):
        return min(mark, now if mark.tzinfo else now.replace(tzinfo=None))
    if isinstance(mark, str) and (time := _parsed(mark)) is not None and time > now.replace(tzinfo=None):
        return _like(mark, now.replace(tzinfo=None))
    if isinstance(mark, dt.date) and mark > now.date():
        return now.date()
    return mark


def settled(mark: Any, now: dt.datetime | None, overlap: float) -> bool:
    """Whether no transaction can be under way any more that will commit a row with the time `mark` or before."""
    if now is None:
        return False
    wait = dt.timedelta(seconds=overlap)
    if isinstance(mark, dt.datetime) and mark.tzinfo is not None:
        return mark + wait < now
    time = _parsed(mark) if isinstance(mark, str) else mark
    return isinstance(time, dt.datetime) and time + wait + _ZONES < now.replace(tzinfo=None)


def as_utc(value: Any) -> dt.datetime | None:
    """What a database says that time it is; None where it is not understood."""
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, dt.datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)


def _parsed(text: str) -> dt.datetime | None:
    """An ISO 8601 time as it stands, its zone aside, since texts are compared as they stand; None for anything else."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _like(text: str, time: dt.datetime) -> str:
    """`time` in whole seconds, written as `text` is."""
    written = time.isoformat(sep=text[10:11] or " ", timespec="seconds")
    return written[: max(10, min(len(text), _ISO_SECONDS))]
