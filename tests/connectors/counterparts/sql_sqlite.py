"""A table in an SQLite file, with the time of each change and a mark on deleted rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.sql import SqlConnector
from interlingua.retrieval.protocols import Connector

_TABLE = "CREATE TABLE pages (id TEXT PRIMARY KEY, text, updated TEXT, deleted INTEGER DEFAULT 0)"
_PUT = """
    INSERT INTO pages (id, text, updated) VALUES (?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))
    ON CONFLICT (id) DO UPDATE SET text = excluded.text, updated = excluded.updated, deleted = 0
"""


class Sqlite:
    """See `Counterpart`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run(_TABLE)

    def run(self, statement: str, *values: Any) -> list[Any]:
        """Execute a statement and commit; the rows."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def connector(self, **options: Any) -> Connector:
        given = {"name": "wiki", "table": "pages", "updated": "updated", "deleted": "deleted", "page_size": 2}
        return SqlConnector(f"sqlite:///{self.path}", **{**given, **options})

    def put(self, name: str, text: str) -> None:
        self.run(_PUT, name, text)

    def delete(self, name: str) -> None:
        self.run("UPDATE pages SET deleted = 1, updated = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = ?", name)

    def rename(self, old: str, new: str) -> None:
        ((text,),) = self.run("SELECT text FROM pages WHERE id = ?", old)
        self.put(new, text)
        self.delete(old)

    def spoil(self, name: str) -> None:
        self.run(_PUT, name, b"\x00\xff a picture")

    def document_id(self, name: str) -> str:
        return f"sql:wiki/{name}"

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self.path.with_suffix(".away")
        self.path.rename(away)
        yield
        away.rename(self.path)

    @contextmanager
    def half(self) -> Iterator[None]:
        raise NotImplementedError("a file is read or it is not")
        yield


@contextmanager
def opened(folder: Path) -> Iterator[Sqlite]:
    pytest.importorskip("sqlalchemy", reason="pip install 'interlingua[sql]'")
    yield Sqlite(folder / "wiki.db")
