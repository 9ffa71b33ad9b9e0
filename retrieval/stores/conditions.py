"""The neutral `Filter` as a filter of Qdrant Edge, and as one of qdrant-client: the same meaning on both.

Both are built from the same steps, so that what one engine cannot say is refused for all of them.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..errors import FilterError
from ..filters import AnyOf, Bound, Condition, Exists, Filter, Ids, Match, Range, Value
from .payload import FIELDS

if TYPE_CHECKING:
    import qdrant_edge
    from qdrant_client import models

_PLAIN = re.compile(r"[A-Za-z0-9_-]+(\[\])?")
_INT64 = 2**63


def edge_filter(where: Filter | None) -> qdrant_edge.Filter | None:
    """`where` for Qdrant Edge; None when everything matches. Raises FilterError."""
    import qdrant_edge as edge

    def match(key: str, values: Sequence[Value]) -> Any:
        if isinstance(values[0], bool):
            # MatchValue(True) becomes the integer 1 in 0.9.0 and matches nothing; a numpy bool stays a bool.
            matcher: Any = edge.MatchValue(cast("bool", np.bool_(values[0])))
        elif len(values) == 1:
            matcher = edge.MatchValue(values[0])
        else:
            matcher = edge.MatchAny(cast("list[str]", list(values)))
        return edge.FieldCondition(key=key, match=matcher)

    def bounds(key: str, values: dict[str, Bound]) -> Any:
        if isinstance(next(iter(values.values())), str):
            return edge.FieldCondition(key=key, range=edge.RangeDateTime(**cast("dict[str, str]", values)))
        return edge.FieldCondition(key=key, range=edge.RangeFloat(**cast("dict[str, float]", values)))

    def exists(key: str) -> Any:
        return edge.Filter(must_not=[edge.IsEmptyCondition(key)])

    def ids(values: Sequence[str]) -> Any:
        return edge.HasIdCondition(set(values))

    def either(conditions: list[Any]) -> Any:
        return edge.Filter(should=conditions)

    def both(must: list[Any], must_not: list[Any]) -> Any:
        return edge.Filter(must=must, must_not=must_not)

    if where is None or not (where.must or where.must_not):
        return None
    built: edge.Filter = _Builder(match, bounds, exists, ids, either, both).filter(where)
    return built


def client_filter(where: Filter | None) -> models.Filter | None:
    """`where` for qdrant-client; None when everything matches. Raises FilterError."""
    from qdrant_client import models

    def match(key: str, values: Sequence[Value]) -> Any:
        matcher: Any = (
            models.MatchValue(value=values[0]) if len(values) == 1 else models.MatchAny(any=cast("Any", list(values)))
        )
        return models.FieldCondition(key=key, match=matcher)

    def bounds(key: str, values: dict[str, Bound]) -> Any:
        if isinstance(next(iter(values.values())), str):
            return models.FieldCondition(key=key, range=models.DatetimeRange(**cast("dict[str, Any]", values)))
        return models.FieldCondition(key=key, range=models.Range(**cast("dict[str, float]", values)))

    def exists(key: str) -> Any:
        return models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=key))])

    def ids(values: Sequence[str]) -> Any:
        return models.HasIdCondition(has_id=list(values))

    def either(conditions: list[Any]) -> Any:
        return models.Filter(should=conditions)

    def both(must: list[Any], must_not: list[Any]) -> Any:
        return models.Filter(must=must, must_not=must_not)

    if where is None or not (where.must or where.must_not):
        return None
    built: models.Filter = _Builder(match, bounds, exists, ids, either, both).filter(where)
    return built


@dataclass(frozen=True, slots=True)
class _Builder:
    """Walks conditions and calls the engine's constructors, which take only what both engines understand."""

    match: Callable[[str, Sequence[Value]], Any]
    bounds: Callable[[str, dict[str, Bound]], Any]
    exists: Callable[[str], Any]
    ids: Callable[[Sequence[str]], Any]
    either: Callable[[list[Any]], Any]
    both: Callable[[list[Any], list[Any]], Any]

    def filter(self, where: Filter) -> Any:
        return self.both([self.condition(c) for c in where.must], [self.condition(c) for c in where.must_not])

    def condition(self, condition: Condition) -> Any:
        if isinstance(condition, AnyOf):
            if not condition.filters:
                raise FilterError("An AnyOf lists no filters, so nothing could match. Leave it out.")
            return self.either([self.filter(one) for one in condition.filters])
        if isinstance(condition, Ids):
            return self.ids([_chunk_id(value) for value in condition.ids])
        built = [part for path in paths(condition.key) for part in self._at(path, condition)]
        return built[0] if len(built) == 1 else self.either(built)

    def _at(self, path: str, condition: Match | Range | Exists) -> list[Any]:
        if isinstance(condition, Exists):
            return [self.exists(path)]
        if isinstance(condition, Range):
            return [self.bounds(path, _bounds(condition))]
        return [self.match(path, group) for group in _groups(condition)]


def paths(key: str) -> list[str]:
    """`key` as Qdrant payload paths; a match at any of them counts.

    Segments other than ASCII words are quoted: `metadata.a b` alone is refused by the parser. A dot is a step into a
    nested mapping, or part of a key such as `dc.title`: both are looked up. Raises FilterError on an unknown field.
    """
    root, dot, rest = key.partition(".")
    if root not in FIELDS or (root == "metadata") != bool(rest):
        raise FilterError(
            f"There is no field {key!r}. Fields are {', '.join(f for f in FIELDS if f != 'metadata')}; "
            f"keys of your own are written metadata.{key if not dot else 'KEY'}."
        )
    if not rest:
        return [root]
    if '"' in rest or "\\" in rest:
        raise FilterError(
            f"The metadata key {rest!r} holds a quotation mark or backslash, which filters cannot express."
        )
    nested = ".".join(_quoted(segment) for segment in rest.split("."))
    return [f"metadata.{nested}"] if "." not in rest else [f"metadata.{nested}", f'metadata."{rest}"']


def text_paths(where: Filter) -> list[str]:
    """Payload paths of the keys of metadata that `where` compares with texts: those that an index is made for.

    Only texts: with an index of integers, floats or datetimes on a key that holds values of several types, Qdrant Edge
    0.9.0 finds other chunks than without it.
    """
    compared = [
        condition
        for condition in where.conditions()
        if isinstance(condition, Match) and condition.key.startswith("metadata.")
    ]
    texts = [condition.key for condition in compared if all(isinstance(value, str) for value in condition.values)]
    return list(dict.fromkeys(path for key in texts for path in paths(key)))


def _chunk_id(value: str) -> str:
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError) as error:
        raise FilterError(f"{value!r} is no chunk id: those are UUIDs. To find a document use document_id.") from error


def _quoted(segment: str) -> str:
    return segment if _PLAIN.fullmatch(segment) else f'"{segment}"'


def _groups(condition: Match) -> list[list[Value]]:
    """The values by type, since an engine matches strings or integers in one go, and one bool at a time."""
    if not condition.values:
        raise FilterError(f"The filter on {condition.key!r} lists no values, so nothing could match. Leave it out.")
    strings: list[Value] = []
    integers: list[Value] = []
    bools: list[list[Value]] = []
    for value in condition.values:
        if isinstance(value, bool):
            bools.append([value])
        elif isinstance(value, str):
            strings.append(value)
        elif -_INT64 <= value < _INT64:
            integers.append(value)
        else:
            raise FilterError(f"{condition.key!r}: {value} is beyond 64 bits, so no stored number can equal it.")
    return [group for group in (strings, integers, *bools) if group]


def _bounds(condition: Range) -> dict[str, Bound]:
    given = {name: getattr(condition, name) for name in ("gte", "gt", "lte", "lt")}
    values = {name: _bound(condition.key, value) for name, value in given.items() if value is not None}
    if not values:
        raise FilterError(f"The range on {condition.key!r} has no bound. Use gte, gt, lte or lt.")
    if len({isinstance(value, str) for value in values.values()}) == 2:
        raise FilterError(f"The range on {condition.key!r} mixes numbers and dates: {values}.")
    return values


def _bound(key: str, value: Bound) -> Bound:
    """A finite float, or a datetime in UTC: what has no zone is UTC, as in the engine."""
    try:
        if not isinstance(value, str):
            number = float(value)
            if not math.isfinite(number):
                raise ValueError("not finite")
            return number
        moment = dt.datetime.fromisoformat(value)
        return (moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)).isoformat()
    except (ValueError, OverflowError) as error:
        raise FilterError(f"{key!r}: range bound {value!r} is neither a finite number nor an ISO 8601 date.") from error
