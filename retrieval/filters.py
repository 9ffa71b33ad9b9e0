"""Metadata filters: one small language, the same on every store.

{"topic": "health"}                        equals
{"topic": ["health", "law"]}               any of
{"year": {"gte": 2020, "lt": 2024}}        range (numbers, datetimes)
{"topic": {"not": ["law"]}}                none of
{"topic": {"exists": True}}                has a value
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from .errors import FilterError

Value = str | int | bool
Bound = int | float | str
"""A number, or a datetime as an ISO 8601 string."""


@dataclass(frozen=True, slots=True)
class Match:
    """The field has one of `values` (or, for a list field, contains one)."""

    key: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The field lies within the bounds; datetimes are compared as datetimes."""

    key: str
    gte: Bound | None = None
    gt: Bound | None = None
    lte: Bound | None = None
    lt: Bound | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value (not null, not an empty list)."""

    key: str


@dataclass(frozen=True, slots=True)
class Ids:
    """The chunk has one of these ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of `filters` holds, or several do."""

    filters: tuple[Filter, ...]


Condition = Match | Range | Exists | Ids | AnyOf


@dataclass(frozen=True, slots=True)
class Filter:
    """All of `must` hold and none of `must_not`."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()

    def __and__(self, other: Filter | None) -> Filter:
        """Both filters hold."""
        return self if other is None else Filter(self.must + other.must, self.must_not + other.must_not)

    def conditions(self) -> Iterator[Match | Range | Exists | Ids]:
        """Every condition, those within `AnyOf` too."""
        for condition in (*self.must, *self.must_not):
            if isinstance(condition, AnyOf):
                for inner in condition.filters:
                    yield from inner.conditions()
            else:
                yield condition


def where(**fields: Value | Iterable[Value]) -> Filter:
    """A filter on chunk fields: `where(document_id="a", language=["de", "en"])`."""
    return Filter(tuple(Match(key, _values(key, value)) for key, value in fields.items()))


def metadata_filter(conditions: Mapping[str, Any]) -> Filter:
    """The filter a user wrote over their own metadata keys; see the module docstring. Raises FilterError."""
    if not isinstance(conditions, Mapping):
        raise FilterError(
            f'A filter is a mapping such as {{"year": {{"gte": 2020}}}}, not a {type(conditions).__name__}.'
        )
    must: list[Condition] = []
    must_not: list[Condition] = []
    for name, condition in conditions.items():
        key = f"metadata.{name}"
        if not isinstance(condition, Mapping):
            must.append(Match(key, _values(name, condition)))
            continue
        if not condition:
            raise FilterError(f"The filter on {name!r} says nothing. Use gte, gt, lte, lt, not or exists.")
        bounds = {op: _bound(name, value) for op, value in condition.items() if op in ("gte", "gt", "lte", "lt")}
        if bounds:
            must.append(Range(key=key, **bounds))
        for operator, value in condition.items():
            if operator == "not":
                must_not.append(Match(key, _values(name, value)))
            elif operator == "exists":
                if not isinstance(value, bool):
                    raise FilterError(f"{name!r}: exists is {value!r}; it is true or false.")
                (must if value else must_not).append(Exists(key))
            elif operator not in bounds:
                raise FilterError(
                    f"Unknown operator {operator!r} in the filter on {name!r}. Use gte, gt, lte, lt, not or exists."
                )
    return Filter(tuple(must), tuple(must_not))


def _values(name: str, value: object) -> tuple[Value, ...]:
    values = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    if not values:
        raise FilterError(f"The filter on {name!r} lists no values, so nothing could match. Leave it out instead.")
    for item in values:
        if isinstance(item, float):
            raise FilterError(f"{name!r}: equality on the float {item!r} is not reliable. Use a range: gte and lte.")
        if not isinstance(item, (str, int, bool)):
            raise FilterError(f"{name!r}: cannot filter on {item!r} ({type(item).__name__}). Use str, int or bool.")
    return cast("tuple[Value, ...]", values)


def _bound(name: str, value: object) -> Bound:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, str):
        try:
            dt.datetime.fromisoformat(value)
        except ValueError:
            raise FilterError(f"{name!r}: range bound {value!r} is neither a number nor an ISO 8601 date.") from None
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FilterError(f"{name!r}: range bound {value!r} is neither a number nor an ISO 8601 date.")
    return value
