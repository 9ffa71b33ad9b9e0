"""Rows as documents: keys, texts and values of every type, what changed since the last time, and what a failure is."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from counterparts.sql_postgres import PASSWORD, Postgres
from counterparts.sql_postgres import opened as opened_postgres
from counterparts.sql_sqlite import Sqlite
from counterparts.sql_sqlite import opened as opened_sqlite
from interlingua.connectors.files import Limits
from interlingua.connectors.sql import SqlConnector
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Checkpoint, Document, Gone, Skip
from support import SENTENCES


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Sqlite]:
    with opened_sqlite(tmp_path) as counterpart:
        yield counterpart


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with opened_postgres(tmp_path_factory.mktemp("pg")) as counterpart:
        yield counterpart


@pytest.fixture
def postgres(server: Postgres) -> Postgres:
    server.run("TRUNCATE pages")
    return server


def texts(items: Any) -> dict[str, str]:
    found = list(items)
    assert len({item.id for item in found}) == len(found), "two items have the same id"
    return {item.id: item.text if isinstance(item, Document) else item.reason for item in found}


def changes(connector: Any, since: str | None) -> tuple[dict[str, str], str]:
    """What changed (texts by key, GONE for what is gone) and the last cursor."""
    found, cursor = {}, ""
    for item in connector.changes(since):
        if isinstance(item, Checkpoint):
            cursor = item.cursor
        else:
            assert item.id not in found, "given twice"
            key = item.id.removeprefix("sql:wiki/")
            found[key] = "GONE" if isinstance(item, Gone) else item.text if isinstance(item, Document) else item.reason
    return found, cursor


def insert(sqlite: Sqlite, *rows: tuple[Any, ...]) -> None:
    for key, text, updated in rows:
        sqlite.run("INSERT INTO pages (id, text, updated) VALUES (?, ?, ?)", key, text, updated)


def test_a_row_is_a_document(postgres: Postgres) -> None:
    for tag, text in SENTENCES.items():
        postgres.put(tag, text)
    assert texts(postgres.connector().documents()) == {f"sql:wiki/{tag}": text for tag, text in SENTENCES.items()}


def test_columns_become_what_they_are_named_for(sqlite: Sqlite) -> None:
    sqlite.run("CREATE TABLE news (nr INTEGER PRIMARY KEY, head, lead, body, lang, link, Topic, stars REAL, at)")
    row = (7, "Überschrift", "Oben", "Unten", "de_AT", "https://example.org/7", "Wirtschaft", 4.5, "2026-01-02")
    sqlite.run(f"INSERT INTO news VALUES ({', '.join('?' * 9)})", *row)
    options: dict[str, Any] = {"table": "news", "id": "nr", "text": ["lead", "body"], "title": "head"}
    options |= {"language": "lang", "url_column": "link", "updated": "at", "deleted": None}
    (document,) = sqlite.connector(**options).documents()
    assert document == Document(
        id="sql:wiki/7",
        text="Oben\n\nUnten",
        title="Überschrift",
        language="de-AT",
        url="https://example.org/7",
        metadata={"Topic": "Wirtschaft", "stars": 4.5},
    )
    (document,) = sqlite.connector(**options, metadata=["at"]).documents()
    assert isinstance(document, Document)
    assert document.metadata == {"at": "2026-01-02"}


def test_values_of_every_type_become_metadata(postgres: Postgres) -> None:
    query = """
        SELECT 'a' AS id, 'text' AS text, 12.50::numeric(10, 2) AS price, DATE '2026-01-02' AS day,
        '5f0c6f4e-0b1f-4b36-9d8e-0c7a1f6b7a11'::uuid AS part, ARRAY['x', 'y'] AS tags, '{"k": [1]}'::jsonb AS extra,
        TIMESTAMPTZ '2026-01-02 03:04:05+00' AS at, true AS open, NULL::text AS nothing,
        'a:b' AS colon, '50%' AS percent, '\\x00'::bytea AS raw;
    """
    (document,) = postgres.connector(query=query, table=None, updated=None, deleted=None).documents()
    assert isinstance(document, Document)
    assert document.metadata == {
        "price": "12.50",
        "day": dt.date(2026, 1, 2),
        "part": "5f0c6f4e-0b1f-4b36-9d8e-0c7a1f6b7a11",
        "tags": ["x", "y"],
        "extra": {"k": [1]},
        "at": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        "open": True,
        "colon": "a:b",
        "percent": "50%",
    }


@pytest.mark.parametrize(
    ("kind", "values", "keys"),
    [
        ("bigint", [2, 10, -1], ["-1", "2", "10"]),
        ("uuid", [uuid.UUID(int=2), uuid.UUID(int=1)], [str(uuid.UUID(int=1)), str(uuid.UUID(int=2))]),
        ("text", ["ä/b", "ä", "Zoë"], ["Zoë", "ä", "ä/b"]),
        ("bytea", [b"\x02", b"\x01\xff"], ["01ff", "02"]),
        ("date", [dt.date(2026, 1, 2)], ["2026-01-02"]),
        ("numeric", [2, 1], ["1", "2"]),
    ],
)
def test_keys_of_every_type_are_paged_and_resumed(
    postgres: Postgres, kind: str, values: list[Any], keys: list[str]
) -> None:
    postgres.run(f"CREATE TABLE keyed (id {kind} PRIMARY KEY, text text DEFAULT 'text')")
    try:
        for value in values:
            postgres.run("INSERT INTO keyed (id) VALUES (%s)", value)
        connector: Any = postgres.connector(table="keyed", updated=None, deleted=None, page_size=1)
        assert [item.id for item in connector.documents()] == [f"sql:wiki/{key}" for key in keys]
        stream = connector.changes(None)
        first = next(stream)
        assert first.id == f"sql:wiki/{keys[0]}"
        checkpoint = next(stream)
        assert isinstance(checkpoint, Checkpoint)
        assert list(changes(connector, checkpoint.cursor)[0]) == keys[1:]
    finally:
        postgres.run("DROP TABLE keyed")


def test_the_parts_of_a_key_do_not_run_together(sqlite: Sqlite) -> None:
    sqlite.run("CREATE TABLE pairs (a, b, text, PRIMARY KEY (a, b))")
    for pair in (("x/y", "z"), ("x", "y/z"), ("x", 1), ("x%2Fy", "z")):
        sqlite.run("INSERT INTO pairs VALUES (?, ?, 'text')", *pair)
    connector = sqlite.connector(table="pairs", id=["a", "b"], updated=None, deleted=None, page_size=1)
    assert sorted(texts(connector.documents())) == [
        "sql:wiki/x%252Fy/z",
        "sql:wiki/x%2Fy/z",
        "sql:wiki/x/1",
        "sql:wiki/x/y%2Fz",
    ]


def test_rows_without_a_key_stop_all_deletions_and_nothing_else(sqlite: Sqlite) -> None:
    sqlite.run("CREATE TABLE loose (id, text)")
    sqlite.run("INSERT INTO loose VALUES (NULL, 'one'), (2, 'two')")
    skip, document = sqlite.connector(table="loose", updated=None, deleted=None).documents()
    assert isinstance(skip, Skip)
    assert (skip.id, skip.prefix, "id is NULL" in skip.reason) == ("sql:wiki/", True, True)
    assert document.id == "sql:wiki/2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "empty"),
        (" \n", "empty"),
        (b"\xff", "type bytes"),
        (5, "type int"),
        ("x" * 11, "more than 10 characters"),
    ],
)
def test_a_row_without_a_text_is_a_skip(sqlite: Sqlite, text: Any, reason: str) -> None:
    insert(sqlite, ("a", text, "2026-01-01"), ("b", "text", "2026-01-01"))
    skip, document = sqlite.connector(limits=Limits(max_characters=10)).documents()
    assert isinstance(skip, Skip)
    assert reason in skip.reason
    assert document.id == "sql:wiki/b"


def test_what_changed_is_given_and_what_is_marked_as_deleted_is_gone(postgres: Postgres) -> None:
    for name in ("a", "b", "c"):
        postgres.put(name, f"{name} one")
    connector = postgres.connector(overlap=0)
    found, cursor = changes(connector, None)
    assert found == {"a": "a one", "b": "b one", "c": "c one"}
    postgres.put("b", "b two")
    postgres.delete("a")
    postgres.put("d", "d one")
    found, cursor = changes(connector, cursor)
    assert found.pop("c") == "c one"  # at the mark: rows of equal times are given together
    assert found == {"b": "b two", "a": "GONE", "d": "d one"}
    found, cursor = changes(connector, cursor)
    assert found == {}  # the mark is past: nothing can be committed at that time any more
    assert texts(connector.documents()) == {"sql:wiki/b": "b two", "sql:wiki/c": "c one", "sql:wiki/d": "d one"}


def test_rows_of_one_time_are_neither_lost_nor_given_for_ever(sqlite: Sqlite) -> None:
    time = "2026-01-01 00:00:00"
    insert(sqlite, *((f"{number}", "text", time) for number in range(5)))
    connector = sqlite.connector()
    _, cursor = changes(connector, None)
    sqlite.run("INSERT INTO pages (id, text, updated) VALUES ('0a', 'late', ?)", time)  # a smaller key, the same time
    found, cursor = changes(connector, cursor)
    assert found["0a"] == "late"
    assert changes(connector, cursor)[0] == {}


def test_a_transaction_that_commits_late_is_found(postgres: Postgres) -> None:
    connector = postgres.connector(overlap=60)
    with closing(postgres.connect()) as slow:
        slow.cursor().execute("INSERT INTO pages (id, text) VALUES ('slow', 'text')")  # gets its time now
        postgres.put("quick", "text")
        found, cursor = changes(connector, None)
        assert found == {"quick": "text"}
        slow.commit()
    assert "slow" in changes(connector, cursor)[0]
    found, _ = changes(postgres.connector(overlap=0), cursor)
    assert "slow" not in found  # which is why there is an overlap


def test_a_transaction_that_commits_after_the_next_run_is_found_too(postgres: Postgres) -> None:
    connector = postgres.connector(overlap=60)
    _, cursor = changes(connector, None)
    with closing(postgres.connect()) as slow:
        slow.cursor().execute("INSERT INTO pages (id, text) VALUES ('slow', 'text')")
        postgres.put("quick", "text")
        found, cursor = changes(connector, cursor)
        assert found == {"quick": "text"}
        slow.commit()
    assert "slow" in changes(connector, cursor)[0]


def test_what_changes_while_changes_are_read_is_given_the_next_time(sqlite: Sqlite) -> None:
    insert(sqlite, *((f"{number}", "text", f"2026-01-0{number + 1} 00:00:00") for number in range(3)))
    connector: Any = sqlite.connector(overlap=0, page_size=1)
    stream = connector.changes(json.dumps({"mark": "2025-12-31 00:00:00"}))
    items = [next(stream)]
    insert(sqlite, ("new", "text", "2026-02-02 00:00:00"))
    items += stream
    assert [item.id for item in items if isinstance(item, Document)] == [f"sql:wiki/{number}" for number in range(3)]
    last = items[-1]
    assert isinstance(last, Checkpoint)
    # A mark beyond what was read would pass over whoever commits late, with a time between the two.
    insert(sqlite, ("late", "text", "2026-01-20 00:00:00"))
    assert list(changes(connector, last.cursor)[0]) == ["late", "new"]


def test_a_row_dated_in_the_future_hides_nothing(postgres: Postgres) -> None:
    postgres.run("INSERT INTO pages (id, text, updated) VALUES ('future', 'text', '2999-01-01')")
    connector = postgres.connector(overlap=0)
    _, cursor = changes(connector, None)
    postgres.put("now", "text")
    found, cursor = changes(connector, cursor)
    assert found["now"] == "text"
    assert json.loads(cursor)["mark"]["datetime"] < "2999"


def test_a_row_without_a_time_is_given_each_time(sqlite: Sqlite) -> None:
    insert(sqlite, ("a", "text", None), ("b", "text", "2026-01-01 00:00:00"))
    connector = sqlite.connector()
    found, cursor = changes(connector, None)
    assert set(found) == {"a", "b"}
    for _ in range(2):
        found, cursor = changes(connector, cursor)
    assert set(found) == {"a"}


@pytest.mark.parametrize("stop", range(1, 12))
def test_changes_that_broke_off_anywhere_go_on_from_their_last_checkpoint(sqlite: Sqlite, stop: int) -> None:
    insert(sqlite, *((f"{number}", "text", f"2026-01-0{number + 1} 00:00:00") for number in range(7)))
    connector: Any = sqlite.connector(overlap=0)
    for since in (None, json.dumps({"mark": "2025-12-31 00:00:00"})):
        seen: set[str] = set()
        cursor = since
        for number, item in enumerate(connector.changes(since)):
            if number == stop:
                break
            if isinstance(item, Checkpoint):
                cursor = item.cursor
            else:
                seen.add(item.id)
        rest, _ = changes(connector, cursor)
        assert seen | {f"sql:wiki/{key}" for key in rest} == {f"sql:wiki/{number}" for number in range(7)}


def test_a_version_serves_as_well_as_a_time(sqlite: Sqlite) -> None:
    sqlite.run("CREATE TABLE versions (id INTEGER PRIMARY KEY, text, version INTEGER)")
    sqlite.run("INSERT INTO versions VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)")
    connector = sqlite.connector(table="versions", updated="version", deleted=None, overlap=0)
    _, cursor = changes(connector, None)
    sqlite.run("UPDATE versions SET text = 'one again', version = 4 WHERE id = 1")
    assert changes(connector, cursor)[0] == {"1": "one again", "3": "three"}


@pytest.mark.parametrize("cursor", ["", "{}", "[]", '{"mark": {"datetime": "x"}}', '{"other": 1}', '{"mark": 5}'])
def test_a_cursor_that_is_not_known_is_lost(sqlite: Sqlite, cursor: str) -> None:
    sqlite.put("a", "text")
    with pytest.raises(CursorLostError):
        changes(sqlite.connector(), cursor)


def test_without_a_time_everything_is_listed_each_time(sqlite: Sqlite) -> None:
    sqlite.put("a", "text")
    connector = sqlite.connector(updated=None)
    found, cursor = changes(connector, None)
    assert found == {"a": "text"}
    with pytest.raises(CursorLostError, match="no column `updated`"):
        changes(connector, cursor)


def test_a_query_is_a_source(postgres: Postgres) -> None:
    postgres.put("a", "zwölf")
    postgres.put("b", "двенадцать")
    query = "-- some\nSELECT id, upper(text) AS text, updated, deleted FROM pages p WHERE text <> 'zwölf' -- all"
    assert texts(postgres.connector(table=None, query=query).documents()) == {"sql:wiki/b": "ДВЕНАДЦАТЬ"}


def test_nothing_can_be_written(sqlite: Sqlite, postgres: Postgres) -> None:
    postgres.put("a", "text")
    postgres.run("CREATE OR REPLACE FUNCTION wipe() RETURNS text LANGUAGE sql AS 'DELETE FROM pages RETURNING id'")
    connector = postgres.connector(table=None, query="SELECT wipe() AS id, 'x' AS text", updated=None, deleted=None)
    with pytest.raises(SourceError, match="read-only transaction"):
        list(connector.documents())
    assert len(list(postgres.connector().documents())) == 1


def test_a_statement_may_not_take_for_ever(sqlite: Sqlite, postgres: Postgres) -> None:
    endless = (
        "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT max(id) AS id, 'x' AS text FROM n"
    )
    options: dict[str, Any] = {"table": None, "query": endless, "updated": None, "deleted": None, "timeout": 0.1}
    for connector in (sqlite.connector(**options), postgres.connector(**options)):
        with pytest.raises(SourceError, match=r"interrupted|statement timeout") as caught:
            list(connector.documents())
        assert not caught.value.permanent


def test_a_listing_that_breaks_off_says_so(postgres: Postgres) -> None:
    for name in ("a", "b", "c", "d"):
        postgres.put(name, "text")
    with postgres.half():
        listing = postgres.connector(page_size=1).documents()
        assert next(listing).id == "sql:wiki/a"
        with pytest.raises(SourceError, match="division by zero"):
            next(listing)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "nowhere"}, 'relation "nowhere" does not exist'),
        ({"table": None, "query": "SELEKT 1"}, "syntax error"),
        ({"text": ["body"]}, "no column 'body' in the rows; there are: id, text, picture, updated, deleted"),
        (
            {"url": "postgresql+pg8000://postgres:wrong-password@127.0.0.1:{port}/postgres"},
            "password authentication failed",
        ),
        ({"url": "postgresql+pg8000://postgres:" + PASSWORD + "@127.0.0.1:{port}/nowhere"}, '"nowhere" does not exist'),
    ],
)
def test_what_will_not_get_better_by_itself_is_permanent(
    postgres: Postgres, options: dict[str, Any], message: str
) -> None:
    if "url" in options:
        options = {**options, "url": options["url"].format(port=postgres.port)}
    with pytest.raises(SourceError, match=message) as caught:
        list(postgres.connector(**options).documents())
    assert caught.value.permanent
    told = f"{caught.value!r}{caught.value.__cause__!r}"
    assert PASSWORD not in told
    assert "wrong-password" not in told


def test_a_source_that_is_down_is_no_empty_one(sqlite: Sqlite, postgres: Postgres) -> None:
    for counterpart in (sqlite, postgres):
        with counterpart.down(), pytest.raises(SourceError, match="cannot read sql:wiki") as caught:
            list(counterpart.connector().documents())
        assert not caught.value.permanent
    assert [path.name for path in sqlite.path.parent.iterdir()] == ["wiki.db"]  # SQLite makes no empty one


def test_a_reader_lets_others_write(sqlite: Sqlite) -> None:
    insert(sqlite, *((f"{number:03}", "text", "2026-01-01") for number in range(300)))
    listing = sqlite.connector(page_size=200).documents()
    next(listing)
    with closing(sqlite3.connect(sqlite.path, timeout=0)) as other, other:
        other.execute("UPDATE pages SET text = 'changed' WHERE id = '250'")
    assert [item.id for item in listing if isinstance(item, Document) and item.text == "changed"] == ["sql:wiki/250"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either table= or query="),
        ({"table": "a", "query": "b"}, "either table= or query="),
        ({"table": "a", "name": ""}, "must not be empty"),
        ({"table": "a", "page_size": 0}, "at least 1 row"),
        ({"table": "a", "overlap": -1}, "not negative"),
        ({"table": "a", "timeout": 0}, "more than 0 s"),
        ({"table": "a", "text": []}, "text=.* names no column"),
        ({"table": "a", "id": ""}, "id=.* names no column"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        SqlConnector("sqlite:///x.db", **{"name": "wiki", **options})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url with hunter2", "cannot be read"),
        ("nosuch://u:hunter2@host/db", "cannot be read"),
        ("postgresql+nosuch://u:hunter2@host/db", "cannot be read"),
        ("postgresql+pg8000://reader:p@ss:hunter2@host/db", "%40 for @"),
        ("postgresql+pg8000://reader:word@host:hunter2/db", "cannot be read"),
        ("oracle+cx_oracle://u:hunter2@host/db", "driver cx_Oracle is not installed"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_telling_it(url: str, message: str) -> None:
    connector = SqlConnector(url, name="wiki", table="pages")
    with pytest.raises(ConfigurationError, match=message) as caught:
        list(connector.documents())
    assert "hunter2" not in f"{caught.value}{connector!r}{caught.value.__cause__}"
