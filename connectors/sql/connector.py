"""A table or a query of a SQL database as a source of documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...retrieval.errors import ConfigurationError, CursorLostError
from ...retrieval.types import Checkpoint, Document, Gone, Skip
from ..files.limits import Limits
from .database import engine_for, told
from .marks import before, decode, encode, no_later, settled
from .pages import Rows
from .rows import Columns, as_item

Item = Document | Skip | Gone


class SqlConnector:
    """Each row of a table or a query is a document, with the id `sql:NAME/KEY`.

    With `updated` it knows what has changed since the last time: the rows whose time (or version) is not below the
    highest one read then, less `overlap`. That takes the clock of the database for all times, gives the rows of equal
    times together, and gives those of the overlap again, which costs nothing when they are the same. A deleted row is
    noticed where `deleted` marks it, else when everything is listed the next time.

    Args:
        url: As SQLAlchemy takes it: `postgresql+pg8000://USER:PASSWORD@HOST/DATABASE`, `sqlite:////srv/wiki.db`. The
            drivers are not part of the extra `sql`; SQLite needs none.
        name: Stands for the database and the query in ids, so that they stay when either moves.
        table: The table or view, with its schema if need be (`wiki.pages`); instead of `query`.
        query: A SELECT. It runs once for each page as a part of another statement.
        id: Column of the key, or several.
        text: Column of the text, or several, which are joined by blank lines.
        title: Column of the title.
        language: Column of the language, as a BCP-47 tag.
        url_column: Column of the link.
        updated: Column that grows with every change of a row: a time, a date or a version. An index on it, then on the
            key, makes pages quick.
        deleted: Column that marks a deleted row: true, 1, or anything that is not NULL, such as the time.
        metadata: Columns that become metadata; None for all that are nothing else.
        overlap: How much longer than the others a transaction may take to commit, in seconds; for a column of versions,
            in versions.
        page_size: Rows that one statement reads.
        timeout: Seconds that one statement may take.
        limits: How long the text of one row may be.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        table: str | None = None,
        query: str | None = None,
        id: str | Sequence[str] = "id",
        text: str | Sequence[str] = "text",
        title: str | None = None,
        language: str | None = None,
        url_column: str | None = None,
        updated: str | None = None,
        deleted: str | None = None,
        metadata: Iterable[str] | None = None,
        overlap: float = 60.0,
        page_size: int = 1000,
        timeout: float = 60.0,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        if (table is None) == (query is None):
            raise ConfigurationError("give either table= or query=, which name the rows; not both.")
        if not name or page_size < 1 or overlap < 0 or timeout <= 0:
            raise ConfigurationError(
                f"name={name!r}, page_size={page_size}, overlap={overlap:g}, timeout={timeout:g}: a name must not be "
                "empty, a page has at least 1 row, an overlap is not negative and a time is more than 0 s."
            )
        self._url = url
        self._name = name
        self._table = table
        self._query = query
        self._columns = Columns(
            id=_names(id, "id"),
            text=_names(text, "text"),
            title=title,
            language=language,
            url=url_column,
            updated=updated,
            deleted=deleted,
            metadata=None if metadata is None else tuple(metadata),
        )
        self._overlap = overlap
        self._page_size = page_size
        self._timeout = timeout
        self._limits = limits

    @property
    def source(self) -> str:
        """`sql:` and the name."""
        return f"sql:{self._name}"

    @property
    def complete(self) -> bool:
        """True: a row that is not listed is not there."""
        return True

    def documents(self) -> Iterator[Document | Skip]:
        """All rows by id, those that are marked as deleted left out.

        Raises SourceError when the database cannot be read: for good for a wrong statement, column or password.
        """
        with self._rows() as rows:
            yield from self._without_id(rows)
            for page in rows.pages(self._columns.id):
                yield from (item for item in self._items(page) if not isinstance(item, Gone))

    def changes(self, since: str | None) -> Iterator[Item | Checkpoint]:
        """What has changed since then; without `updated` a listing can be gone on with, but not brought up to date."""
        cursor = decode(since) if since is not None else None
        if cursor is not None and "after" not in cursor and (self._columns.updated is None or "mark" not in cursor):
            raise CursorLostError(f"{self.source} has no column `updated` to tell what changed: all of it is listed")
        with self._rows() as rows:
            if cursor is None or "after" in cursor:
                yield from self._listed(rows, cursor or {})
            else:
                yield from self._changed(rows, self._columns.updated or "", cursor)

    def _listed(self, rows: Rows, cursor: dict[str, Any]) -> Iterator[Item | Checkpoint]:
        """Everything by id, as ids do not change meanwhile. What does is found from the mark, taken before it began."""
        if not cursor and self._columns.updated is not None:
            top, now = rows.latest(self._columns.updated)
            cursor = {"mark": no_later(top, now)}
        yield from self._without_id(rows)
        last = None
        for page in rows.pages(self._columns.id, after=cursor.get("after")):
            if last is not None:
                yield Checkpoint(cursor=encode({**cursor, "after": last}))
            for row in page:
                last = [row[name] for name in self._columns.id]
                yield self._item(row)
        yield Checkpoint(cursor=encode({name: value for name, value in cursor.items() if name == "mark"}))

    def _changed(self, rows: Rows, updated: str, cursor: dict[str, Any]) -> Iterator[Item | Checkpoint]:
        import sqlalchemy as sa

        mark = cursor["mark"]
        column: Any = sa.column(updated)
        # Only up to the greatest value there is now: a row that commits late is then within the overlap of the mark.
        top, now = rows.latest(updated)
        where = [column <= top] if top is not None else [sa.false()]
        if mark is not None:
            where.append(column > mark if cursor.get("settled") else column >= before(mark, self._overlap))
        last = None
        for page in rows.pages((updated, *self._columns.id), where=where):
            if last is not None:
                yield Checkpoint(cursor=encode({"mark": _greater(mark, no_later(last, now))}))
            for row in page:
                last = row[updated]
                yield self._item(row)
        # Of a row without a time nobody knows whether it has changed.
        for page in rows.pages(self._columns.id, where=[column.is_(None)]):
            yield from self._items(page)
        mark = _greater(mark, no_later(top, now))
        yield Checkpoint(cursor=encode({"mark": mark, "settled": settled(mark, now, self._overlap)}))

    def _without_id(self, rows: Rows) -> Iterator[Skip]:
        self._columns.check(rows.names())
        if rows.nulls(self._columns.id):
            named = ", ".join(self._columns.id)
            yield Skip(
                id=f"{self.source}/", reason=f"there are rows in which {named} is NULL: they have no id", prefix=True
            )

    def _items(self, page: Iterator[dict[str, Any]]) -> Iterator[Item]:
        for row in page:
            yield self._item(row)

    def _item(self, row: dict[str, Any]) -> Item:
        return as_item(row, source=self.source, columns=self._columns, limits=self._limits)

    @contextmanager
    def _rows(self) -> Iterator[Rows]:
        engine = engine_for(self._url)
        try:
            with told(self.source, engine.url.password):
                yield Rows(engine, table=self._table, query=self._query, page=self._page_size, seconds=self._timeout)
        finally:
            engine.dispose()


def _names(given: str | Sequence[str], option: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    if not names or not all(names):
        raise ConfigurationError(f"{option}={given!r} names no column.")
    return names


def _greater(mark: Any, other: Any) -> Any:
    """The later of two marks. Raises CursorLostError when they are of different types, since the column was changed."""
    if mark is None or other is None:
        return other if mark is None else mark
    try:
        return max(mark, other)
    except TypeError:
        raise CursorLostError(
            f"the column `updated` holds {type(other).__name__}, no longer {type(mark).__name__}: all of it is listed"
        ) from None
