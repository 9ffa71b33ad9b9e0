"""Values from files as metadata: JSON types and dates, nothing that a store would refuse."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .content import well_formed

if TYPE_CHECKING:  # it imports numpy, which the worker process does without
    from ...retrieval.types import MetadataValue

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?", re.ASCII)
_INT64 = 1 << 63
_MAX_DEPTH = 20
_MAX_TEXT = 10_000
_MAX_ITEMS = 100
_MAX_METADATA = 20_000
_SCALAR = 8  # characters that a number, a date or null counts for


def as_value(value: Any, *, depth: int = 0) -> MetadataValue:
    """`value` with its type where the store knows it, else as text; NaN, infinity and bytes become None.

    A text is cut at 10,000 characters: metadata is stored with every chunk of its document.
    """
    if value is None or isinstance(value, bool | dt.datetime | dt.date):
        return value
    if isinstance(value, str):
        return well_formed(value[:_MAX_TEXT])
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes | bytearray | memoryview) or depth > _MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {well_formed(str(key)): as_value(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_value(item, depth=depth + 1) for item in value]
    return well_formed(str(value)[:_MAX_TEXT])


def as_metadata(facts: Mapping[str, Any]) -> dict[str, MetadataValue]:
    """What a file says about itself, in its order: as `as_value` does, lists of at most 100 items.

    Names and values together have at most about 20,000 characters, since every chunk holds a copy: the smallest facts
    come first, a text that is too long is cut, anything else left out.
    """
    values = {well_formed(name): _shortened(as_value(value)) for name, value in facts.items()}
    room = _MAX_METADATA
    kept: dict[str, MetadataValue] = {}
    for name, value in sorted(values.items(), key=lambda item: len(item[0]) + _size(item[1])):
        left = room - len(name)
        if isinstance(value, str) and left > 0:
            kept[name] = value[:left]
        elif _size(value) <= left:
            kept[name] = value
        else:
            continue
        room = left - _size(kept[name])
    return {name: kept[name] for name in values if name in kept}


def _shortened(value: MetadataValue) -> MetadataValue:
    if isinstance(value, list | tuple):
        return [_shortened(item) for item in value[:_MAX_ITEMS]]
    if isinstance(value, Mapping):
        return {name: _shortened(item) for name, item in value.items()}
    return value


def _size(value: MetadataValue) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(name) + _size(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return sum(_size(item) + 1 for item in value)
    return _SCALAR


def as_number(value: str | None) -> MetadataValue:
    """A cell of a table without types: `30` and `4.5` as numbers, so that ranges work; `007`, `1e5`, `+49` as text."""
    if value is None or _NUMBER.fullmatch(value) is None:
        return as_value(value)
    return float(value) if "." in value else int(value)


def as_language(value: object) -> str | None:
    """A BCP-47 tag (`de_AT` becomes `de-AT`), None for anything else, such as `German`."""
    if not isinstance(value, str) or not _TAG.fullmatch(value.strip()):
        return None
    return value.strip().replace("_", "-")
