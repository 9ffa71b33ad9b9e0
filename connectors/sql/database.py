"""A connection that only reads and does not wait for ever, and what a failure of it means."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

from ...retrieval.errors import ConfigurationError, InterlinguaError, MissingExtraError, SourceError

_CONNECT_SECONDS = 20
_SOCKET = {
    "psycopg": "connect_timeout",
    "psycopg2": "connect_timeout",
    "pymysql": "connect_timeout",
    "mysqldb": "connect_timeout",
    "mysqlconnector": "connection_timeout",
}
_SETTINGS = {
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = {ms}"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION MAX_EXECUTION_TIME = {ms}"),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION max_statement_time = {ms} / 1000"),
    "oracle": ("SET TRANSACTION READ ONLY",),
}
_NOW = {
    "mysql": "SELECT UTC_TIMESTAMP()",
    "mariadb": "SELECT UTC_TIMESTAMP()",
    "mssql": "SELECT SYSUTCDATETIME()",
    "oracle": "SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM DUAL",
}
_FOR_GOOD = ("28", "42", "3D", "3F")  # SQLSTATE: who you are, what you asked, no such database, no such schema
_FOR_GOOD_MYSQL = (1044, 1045, 1049, 1054, 1064, 1142, 1146)
_FOR_GOOD_SQLITE = ("no such table", "no such column", "syntax error", "file is not a database", "incomplete input")
_LONGEST = 300
_STEPS = 10_000


def engine_for(url: str) -> Any:
    """SQLAlchemy's engine; nothing connects yet. Raises MissingExtraError, or ConfigurationError for a wrong URL."""
    try:
        import sqlalchemy as sa
    except ImportError:
        raise MissingExtraError("sqlalchemy", "sql") from None
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return sa.create_engine("sqlite://", creator=partial(_sqlite, parsed.database), poolclass=sa.NullPool)
        driver = parsed.get_driver_name()
        waits = {_SOCKET[driver]: _CONNECT_SECONDS} if driver in _SOCKET else {}
        if driver == "pg8000":
            waits = {"timeout": 10 * _CONNECT_SECONDS}  # of the socket, for whatever it waits: no other can be set
        return sa.create_engine(parsed, connect_args=waits, poolclass=sa.NullPool, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the database driver {error.name} is not installed. Run: pip install {error.name}"
        ) from None
    except (sa.exc.ArgumentError, ValueError):  # its message may hold the URL, and that the password
        raise ConfigurationError(
            "the URL of the database cannot be read. Write it as SQLAlchemy does: KIND://…, and in the password "
            "%40 for @, %3A for : and %2F for /."
        ) from None


def _sqlite(path: str | None) -> sqlite3.Connection:
    # Read-only from the beginning: SQLite makes an empty database of a file that is not there.
    return sqlite3.connect(
        f"file:{quote(path or '')}?mode=ro", uri=True, timeout=_CONNECT_SECONDS, check_same_thread=False
    )


@contextmanager
def transaction(engine: Any, seconds: float) -> Iterator[Any]:
    """A connection in a transaction that writes nothing, in which a statement may take so many seconds."""
    import sqlalchemy as sa

    with engine.connect() as connection:
        dialect = connection.dialect.name
        if dialect == "sqlite":
            _interrupt(connection.connection.dbapi_connection, seconds)
        for setting in _SETTINGS.get(dialect, ()):
            connection.execute(sa.text(setting.format(ms=int(1000 * seconds))))
        try:
            yield connection
        finally:
            if not connection.invalidated:
                connection.rollback()


def _interrupt(connection: sqlite3.Connection, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)


def present(connection: Any) -> Any:
    """The time on the clock of the database, as its driver gives it."""
    import sqlalchemy as sa

    return connection.execute(sa.text(_NOW.get(connection.dialect.name, "SELECT CURRENT_TIMESTAMP"))).scalar()


@contextmanager
def told(source: str, password: str | None) -> Iterator[None]:
    """Raise SourceError for whatever goes wrong with the database in the block."""
    import sqlalchemy as sa

    try:
        yield
    except InterlinguaError:
        raise
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        text = _message(cause)
        if password:
            text = text.replace(password, "***")
        # "from None": the error has the statement, and some drivers put the connection's arguments into theirs.
        raise SourceError(f"cannot read {source}: {text}", permanent=_permanent(cause)) from None


def _message(error: BaseException) -> str:
    first = error.args[0] if error.args else error
    text = first.get("M", "") if isinstance(first, dict) else str(error)  # pg8000 has a dict
    return " ".join(str(text).split())[:_LONGEST] or type(error).__name__


def _permanent(error: BaseException) -> bool:
    first = error.args[0] if error.args else None
    if isinstance(error, sqlite3.Error):
        return any(mark in str(error) for mark in _FOR_GOOD_SQLITE)
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(first, dict):
        state = first.get("C")
    if state is not None:
        return str(state).startswith(_FOR_GOOD)
    return first in _FOR_GOOD_MYSQL if isinstance(first, int) else type(error).__name__ == "ProgrammingError"
