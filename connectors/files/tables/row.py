"""What a table reader yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table whose rows all have the same; comes first, where there is one."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row, numbered from 1. `untyped`: the format knows only text (CSV), so numbers are told by how they look."""

    number: int
    values: Mapping[str, Any]
    decoding_errors: int = 0
    untyped: bool = False


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read; the ones after it can."""

    number: int
    reason: str
