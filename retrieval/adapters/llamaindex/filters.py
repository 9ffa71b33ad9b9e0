"""LlamaIndex's metadata filters as ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters

from ...errors import FilterError
from ...filters import AnyOf, Exists, Filter, Match, Range, metadata_filter


def to_filter(filters: MetadataFilters | None) -> Filter | None:
    """What `filters` ask for; None for nothing.

    Numbers are compared as numbers, whether they were stored as 4 or 4.0, and equal to the last bits, which a store
    does not keep. A comparison with a text is one of dates in ISO 8601. A field that holds a list has each of its
    values. What a document lacks is not equal to anything, so `!=` and `nin` match it.

    Raises:
        FilterError: an operator that no store serves, a value that it does not take, or filters within others that
            are empty: all would match them, which nobody means who writes them.
    """
    if filters is None or not filters.filters:
        return None
    parts = [_part(one) for one in filters.filters]
    if filters.condition == FilterCondition.OR:
        return parts[0] if len(parts) == 1 else Filter((AnyOf(tuple(parts)),))
    if filters.condition == FilterCondition.NOT:
        return Filter(must_not=(AnyOf(tuple(parts)),))
    return reduce(Filter.__and__, parts, Filter())


def _part(one: MetadataFilter | MetadataFilters) -> Filter:
    if isinstance(one, MetadataFilters):
        within = to_filter(one)
        if within is None:
            raise FilterError("There are empty MetadataFilters within others: filters=[]. Leave them out.")
        return within
    serve = _OPERATORS.get(one.operator)
    if serve is None:
        served = ", ".join(repr(operator.value) for operator in _OPERATORS)
        raise FilterError(
            f"{one.key!r}: the operator {one.operator.value!r} cannot be served, as stores compare whole values. "
            f"Use one of {served}."
        )
    return serve(one.key, one.value)


def _equal(key: str, value: object) -> Filter:
    if value is None or isinstance(value, list):
        raise FilterError(f"{key!r}: {value!r} is no single value. Use 'in', 'all' or 'is_empty'.")
    return _one_of(key, [value])


def _one_of(key: str, value: object) -> Filter:
    texts = tuple(one for one in _several(key, value) if isinstance(one, str))
    numbers = [one for one in _several(key, value) if not isinstance(one, str)]
    conditions = [Match(f"metadata.{key}", texts)] if texts else []
    either = [Filter((one,)) for one in (*conditions, *(_number(key, number) for number in numbers))]
    return either[0] if len(either) == 1 else Filter((AnyOf(tuple(either)),))


def _all_of(key: str, value: object) -> Filter:
    return reduce(Filter.__and__, (_one_of(key, [one]) for one in _several(key, value)))


def _number(key: str, number: float) -> Match | Range:
    if isinstance(number, int) and abs(number) > 2**53:  # a double has no room for it
        return Match(f"metadata.{key}", (number,))
    below, above = (math.nextafter(math.nextafter(number, end), end) for end in (-math.inf, math.inf))
    return Range(key=f"metadata.{key}", gte=below, lte=above)


def _several(key: str, value: object) -> Sequence[Any]:
    if not isinstance(value, list) or not value:
        raise FilterError(f"{key!r}: {value!r} is no list of values. Give at least one, in a list.")
    return value


def _bound(name: str) -> Callable[[str, object], Filter]:
    return lambda key, value: metadata_filter({key: {name: value}})


def _not(serve: Callable[[str, object], Filter]) -> Callable[[str, object], Filter]:
    return lambda key, value: Filter(must_not=serve(key, value).must)


_OPERATORS: dict[FilterOperator, Callable[[str, Any], Filter]] = {
    FilterOperator.EQ: _equal,
    FilterOperator.NE: _not(_equal),
    FilterOperator.GT: _bound("gt"),
    FilterOperator.GTE: _bound("gte"),
    FilterOperator.LT: _bound("lt"),
    FilterOperator.LTE: _bound("lte"),
    FilterOperator.IN: _one_of,
    FilterOperator.NIN: _not(_one_of),
    FilterOperator.ANY: _one_of,
    FilterOperator.ALL: _all_of,
    FilterOperator.CONTAINS: _equal,
    FilterOperator.IS_EMPTY: lambda key, value: Filter(must_not=(Exists(f"metadata.{key}"),)),
}
