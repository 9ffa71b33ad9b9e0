"""The statements: rows in pages, each of which begins after the last row of the one before (keyset pagination).

No page holds a transaction open for longer than it is read, and none skips rows by counting them, which would lose
some when others are deleted meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...retrieval.errors import SourceError
from .database import present, transaction
from .marks import as_utc

_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")
_AT_ONCE = 100
"""Rows that are fetched at once where the driver has cursors on the server."""


class Rows:
    """The rows of a table or a query, in the order of some columns."""

    def __init__(self, engine: Any, *, table: str | None, query: str | None, page: int, seconds: float) -> None:
        import sqlalchemy as sa

        self._engine = engine
        self._page = page
        self._seconds = seconds
        if table is not None:
            schema, _, name = table.rpartition(".")
            self._source: Any = sa.table(name, schema=schema or None)
        else:
            text = _PARAMETER.sub(r"\\:", (query or "").strip().rstrip(";"))
            self._source = sa.text(f"(\n{text}\n) interlingua_rows")  # no "AS": Oracle has none

    def pages(
        self, order: Sequence[str], *, after: Sequence[Any] | None = None, where: Sequence[Any] = ()
    ) -> Iterator[Iterator[dict[str, Any]]]:
        """Pages of rows that meet `where`, by the columns of `order`, from the first after the values `after`.

        Each page is to be read to its end before the next one. Rows in which a column of `order` is NULL are left out.
        """
        last: list[Any] | None = list(after) if after is not None else None
        while True:
            read = _Page(order)
            yield read.through(self._rows(order, last, where))
            if read.count < self._page:
                return
            if read.last == last:
                # Times finer than Python's microseconds, or a collation that takes different ids for the same.
                raise SourceError(
                    f"the columns {', '.join(order)} do not tell rows apart at {read.last!r}. Round the times, or name "
                    "the columns of the primary key as id.",
                    permanent=True,
                )
            last = read.last

    def _rows(self, order: Sequence[str], after: list[Any] | None, where: Sequence[Any]) -> Iterator[dict[str, Any]]:
        import sqlalchemy as sa

        columns: list[Any] = [sa.column(name) for name in order]
        conditions = [*where, *(column.is_not(None) for column in columns)]
        if after is not None:
            conditions.append(_beyond(columns, after))
        statement = sa.select(sa.text("*")).select_from(self._source).where(*conditions)
        statement = statement.order_by(*columns).limit(self._page)
        with transaction(self._engine, self._seconds) as connection:
            result = connection.execution_options(yield_per=min(_AT_ONCE, self._page)).execute(statement)
            if connection.dialect.name != "sqlite":
                yield from map(dict, result.mappings())
                return
            rows = result.mappings().all()
        # After the transaction: SQLite lets nobody write while rows are read, and each of these may take a while.
        yield from map(dict, rows)

    def names(self) -> list[str]:
        """The columns."""
        import sqlalchemy as sa

        with transaction(self._engine, self._seconds) as connection:
            statement = sa.select(sa.text("*")).select_from(self._source).where(sa.literal(1) == sa.literal(0))
            return list(connection.execute(statement).keys())

    def nulls(self, columns: Sequence[str]) -> bool:
        """Whether there is a row in which one of the columns is NULL."""
        import sqlalchemy as sa

        with transaction(self._engine, self._seconds) as connection:
            missing = sa.or_(*(sa.column(name).is_(None) for name in columns))
            found = connection.execute(sa.select(sa.literal(1)).select_from(self._source).where(missing).limit(1))
            return found.first() is not None

    def latest(self, column: str) -> tuple[Any, Any]:
        """The greatest value of a column (None for no rows), and the time on the clock of the database before that."""
        import sqlalchemy as sa

        with transaction(self._engine, self._seconds) as connection:
            now = as_utc(present(connection))
            greatest: Any = sa.select(sa.func.max(sa.column(column))).select_from(self._source)
            return connection.execute(greatest).scalar(), now


class _Page:
    """Notes, while a page is read, how many rows it had and where it ended."""

    def __init__(self, order: Sequence[str]) -> None:
        self._order = order
        self.count = 0
        self.last: list[Any] = []

    def through(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            self.count += 1
            self.last = [row[name] for name in self._order]
            yield row


def _beyond(columns: Sequence[Any], values: Sequence[Any]) -> Any:
    """`(a, b) > (1, 2)` in words that every database understands."""
    import sqlalchemy as sa

    first, value = columns[0], values[0]
    if len(columns) == 1:
        return first > value
    return sa.or_(first > value, sa.and_(first == value, _beyond(columns[1:], values[1:])))
