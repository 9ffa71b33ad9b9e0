"""A table in a PostgreSQL server of this process, on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.sql import SqlConnector
from interlingua.retrieval.protocols import Connector

SERVERS = ExitStack()
PASSWORD = "correct-horse-battery-staple"
_TABLE = """
    CREATE TABLE pages (
        id text PRIMARY KEY, text text, picture bytea, updated timestamptz NOT NULL DEFAULT clock_timestamp(),
        deleted boolean NOT NULL DEFAULT false
    )
"""
_PUT = """
    INSERT INTO pages (id, text) VALUES (%s, %s)
    ON CONFLICT (id) DO UPDATE SET text = excluded.text, updated = clock_timestamp(), deleted = false, picture = NULL
"""


class Postgres:
    """See `Counterpart`."""

    def __init__(self, port: int) -> None:
        """Empties the server first: there can be only one at a time."""
        self.port = port
        others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        self.run("DROP SCHEMA public CASCADE")
        self.run("CREATE SCHEMA public")
        self.run(_TABLE)

    def connect(self) -> Any:
        """A connection of the driver."""
        import pg8000.dbapi

        return pg8000.dbapi.connect("postgres", "127.0.0.1", "postgres", self.port, PASSWORD, timeout=20)

    def run(self, statement: str, *values: Any) -> list[Any]:
        """Execute a statement and commit; the rows."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            rows = list(cursor.fetchall()) if cursor.description else []
            connection.commit()
        return rows

    def connector(self, **options: Any) -> Connector:
        given: dict[str, Any] = {"name": "wiki", "table": "public.pages", "updated": "updated", "deleted": "deleted"}
        given |= {"page_size": 2, "text": ["text"]}
        url = options.pop("url", f"postgresql+pg8000://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres")
        return SqlConnector(url, **{**given, **options})

    def put(self, name: str, text: str) -> None:
        self.run(_PUT, name, text)

    def delete(self, name: str) -> None:
        self.run("UPDATE pages SET deleted = true, updated = clock_timestamp() WHERE id = %s", name)

    def rename(self, old: str, new: str) -> None:
        ((text,),) = self.run("SELECT text FROM pages WHERE id = %s", old)
        self.put(new, text)
        self.delete(old)

    def spoil(self, name: str) -> None:
        self.put(name, " \n")

    def document_id(self, name: str) -> str:
        return f"sql:wiki/{name}"

    @contextmanager
    def down(self) -> Iterator[None]:
        kept, self.port = self.port, 1  # nothing listens on port 1
        yield
        self.port = kept

    @contextmanager
    def half(self) -> Iterator[None]:
        # A row that cannot be computed, behind those of the first page.
        self.run("ALTER TABLE pages RENAME TO whole")
        broken = "CASE WHEN id > (SELECT min(id) FROM whole) THEN (1 / (length(id) - length(id)))::text ELSE text END"
        self.run(f"CREATE VIEW pages AS SELECT id, {broken} AS text, updated, deleted FROM whole")
        yield
        self.run("DROP VIEW pages")
        self.run("ALTER TABLE whole RENAME TO pages")


@contextmanager
def opened(folder: Path) -> Iterator[Postgres]:
    pytest.importorskip("sqlalchemy", reason="pip install 'interlingua[sql]'")
    pytest.importorskip("pg8000", reason="pip install pg8000")
    yield Postgres(_kept_server())


@cache
def _kept_server() -> int:
    """The port of the server of this process: it takes four seconds to make one. `SERVERS` is closed at the end."""
    return SERVERS.enter_context(_server())


@contextmanager
def _server() -> Iterator[int]:
    """The port of a new server; it is stopped and its files are gone at the end."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = shutil.which("initdb") or (programs and str(programs[-1] / "initdb"))
    if not found:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    bin_ = Path(found).resolve().parent
    # It refuses to run as root.
    who: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="interlingua-pg-", ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        if who:
            shutil.chown(home, who["user"])
        (home / "password").write_text(PASSWORD)
        (home / "password").chmod(0o644)
        made = [bin_ / "initdb", "-D", home / "data", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        made += ["-A", "scram-sha-256", f"--pwfile={home / 'password'}"]
        subprocess.run(made, check=True, capture_output=True, timeout=120, cwd=home, **who)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        command = [bin_ / "postgres", "-D", home / "data", "-p", str(port)]
        command += [f"--{name}={value}" for name, value in options.items()]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home, **who)
        try:
            _wait(port, running)
            yield port
        finally:
            running.send_signal(signal.SIGINT)  # a fast shutdown: connections are closed
            try:
                running.wait(timeout=30)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def _wait(port: int, running: subprocess.Popen[bytes]) -> None:
    import pg8000.dbapi

    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline:
        try:
            pg8000.dbapi.connect("postgres", "127.0.0.1", "postgres", port, PASSWORD, timeout=10).close()
        except (pg8000.dbapi.Error, OSError):
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"PostgreSQL did not start within a minute (exit status {running.poll()})")
