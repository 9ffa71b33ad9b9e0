"""Datasets: rows of large tables, streamed, resumable, with ids that stay."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import os
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from incremental import cursors, gone, resumed_everywhere, skips, texts
from interlingua.connectors.datasets import DatasetConnector
from interlingua.connectors.files.limits import Limits
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Document, Skip
from support import SENTENCES

ROWS = [{"id": tag, "text": text, "language": tag, "length": len(text)} for tag, text in SENTENCES.items()]


def parquet(path: Path, rows: Sequence[Mapping[str, Any]] = ROWS) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=5)
    return path


def jsonl(path: Path, rows: Sequence[Mapping[str, Any]] = ROWS) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def delimited(path: Path, rows: Sequence[Mapping[str, Any]] = ROWS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    return path


WRITERS = {"rows.parquet": parquet, "rows.jsonl": jsonl, "rows.csv": delimited}


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_is_a_document_in_every_script_and_format(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name)
    found = [item for item in DatasetConnector(path).documents() if isinstance(item, Document)]
    assert {item.id: item.text for item in found} == {f"{path}#{tag}": text for tag, text in SENTENCES.items()}
    assert {item.language for item in found} == set(SENTENCES)
    assert found[0].metadata["length"] == len(found[0].text)
    assert "row" not in found[0].metadata  # a place in a file changes without the row


@pytest.mark.parametrize("name", WRITERS)
def test_a_listing_that_was_killed_goes_on_where_it_was(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name)
    runs = resumed_everywhere(DatasetConnector(path, checkpoint_every=2))
    assert len(runs) == len(ROWS) // 2 + 1
    for run in runs:
        ids = [item.id for item in run if isinstance(item, Document)]
        assert ids == [f"{path}#{tag}" for tag in SENTENCES]  # none twice, none missing


def test_a_row_that_repeats_an_id_is_refused_also_after_a_resumption(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", [*ROWS[:4], {"id": "en", "text": "Another text."}, *ROWS[4:]])
    for run in resumed_everywhere(DatasetConnector(path, checkpoint_every=2)):
        assert texts(run)[f"{path}#en"] == SENTENCES["en"]
        assert "taken by an earlier row" in skips(run)[f"{path}#row 5"]


def test_rows_without_an_id_are_called_by_what_they_hold(tmp_path: Path) -> None:
    rows = [{"text": text, "topic": tag} for tag, text in SENTENCES.items()]
    connector = DatasetConnector(tmp_path / "rows.jsonl")
    jsonl(tmp_path / "rows.jsonl", rows)
    before = texts(connector.documents())
    jsonl(tmp_path / "rows.jsonl", [{"topic": "new", "text": "A new first row."}, *reversed(rows), rows[0]])
    after = texts(connector.documents())
    assert before.items() <= after.items()
    assert len(after) == len(rows) + 1  # of two equal rows there is one
    assert not skips(connector.documents())


def test_row_numbers_only_when_asked(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", [{"text": "one"}, {"text": "two"}])
    assert texts(DatasetConnector(path, row_numbers=True).documents()) == {f"{path}#1": "one", f"{path}#2": "two"}


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", lambda data: pa.compress(data, codec="zstd", asbytes=True)),
    ],
)
def test_compressed_files_are_read_as_they_are_also_of_several_members(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    data = jsonl(tmp_path / "plain.jsonl").read_bytes()
    path = tmp_path / f"rows.jsonl{suffix}"
    path.write_bytes(compress(data[:1000]) + compress(data[1000:]))
    assert list(texts(DatasetConnector(path).documents()).values()) == list(SENTENCES.values())
    path.write_bytes(compress(data)[:-20])
    found = list(DatasetConnector(path).documents())
    assert "broke off: damaged" in skips(found)[f"{path}#"]
    assert next(item for item in found if isinstance(item, Skip)).prefix


def test_a_decompression_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b" " * 80_000_000, 1))
    tracemalloc.start()
    found = skips(DatasetConnector(path).documents())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "decompression bomb" in found[f"{path}#"]
    assert peak < 20_000_000


def test_shards_are_one_source_and_a_new_one_is_read_alone(tmp_path: Path) -> None:
    for number in range(3):
        parquet(tmp_path / f"part-{number}.parquet", [{"id": 7, "text": f"Shard {number}"}])
    connector = DatasetConnector(tmp_path / "part-*.parquet", name="shards")
    first = list(connector.changes(None))
    assert texts(first) == {f"shards/part-{n}.parquet#7": f"Shard {n}" for n in range(3)}
    parquet(tmp_path / "part-3.parquet", [{"id": 7, "text": "Shard 3"}])
    (tmp_path / "part-0.parquet").unlink()
    second = list(connector.changes(cursors(first)[-1]))
    assert texts(second) == {"shards/part-3.parquet#7": "Shard 3"}
    assert gone(second) == ["shards/part-0.parquet#"]
    assert not texts(connector.changes(cursors(second)[-1]))


def test_a_new_shard_that_was_half_read_goes_on(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", ROWS[:1])
    connector = DatasetConnector(tmp_path, name="d", checkpoint_every=2)
    last = cursors(connector.changes(None))[-1]
    parquet(tmp_path / "b.parquet", ROWS)
    whole = list(connector.changes(last))
    for place, item in enumerate(whole):
        if cursors([item]):
            rest = list(connector.changes(item.cursor))
            assert [*texts(whole[:place]), *texts(rest)] == [f"d/b.parquet#{tag}" for tag in SENTENCES]


@pytest.mark.parametrize("change", ["edit", "touch", "options"])
def test_what_changed_is_listed_anew(tmp_path: Path, change: str) -> None:
    path = jsonl(tmp_path / "rows.jsonl")
    last = cursors(DatasetConnector(path).changes(None))[-1]
    connector = DatasetConnector(path)
    if change == "edit":
        jsonl(path, ROWS[1:])
    elif change == "touch":
        os.utime(path, ns=(1, 1))  # a clock that went back
    else:
        connector = DatasetConnector(path, columns={"title": "language"})
    with pytest.raises(CursorLostError, match="everything is listed again"):
        list(connector.changes(last))


def test_a_file_that_changed_in_the_middle_of_a_listing_begins_anew(tmp_path: Path) -> None:
    first, second = jsonl(tmp_path / "a.jsonl"), jsonl(tmp_path / "b.jsonl")
    connector = DatasetConnector(tmp_path, checkpoint_every=2)
    middle = cursors(connector.changes(None))
    for path, cursor in ((first, middle[1]), (first, middle[-2]), (second, middle[-2])):
        jsonl(path, ROWS[:-1])
        with pytest.raises(CursorLostError):
            list(connector.changes(cursor))
        jsonl(path)
        middle = cursors(connector.changes(None))


@pytest.mark.parametrize("cursor", ["", "null", "[]", "{}", '{"v": 1}', '{"v": 99}', "page 3"])
def test_a_cursor_of_something_else_is_lost(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(CursorLostError):
        list(DatasetConnector(jsonl(tmp_path / "rows.jsonl")).changes(cursor))


def test_a_damaged_file_spoils_nothing_but_itself_and_is_remembered(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl")
    damaged = parquet(tmp_path / "b.parquet")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-100])
    jsonl(tmp_path / "c.jsonl")
    connector = DatasetConnector(tmp_path, checkpoint_every=2)
    runs = resumed_everywhere(connector)
    for run in runs:
        assert len(texts(run)) == 2 * len(ROWS)
        assert list(skips(run)) == [f"{damaged}#"]
    for cursor in cursors(connector.changes(None))[-3:]:  # from behind it, too, a listing says that it is damaged
        assert list(skips(connector.changes(cursor))) == [f"{damaged}#"]
    last = cursors(runs[0])[-1]
    assert list(skips(connector.changes(last))) == [f"{damaged}#"]  # it is still damaged: nothing of it is deleted
    damaged.write_bytes(whole)
    with pytest.raises(CursorLostError):  # now it can be told which of its rows are gone
        list(connector.changes(last))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything; run the tests as another user")
def test_a_file_that_may_not_be_read_is_tried_again(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl")
    path.chmod(0)
    connector = DatasetConnector(path)
    first = list(connector.changes(None))
    assert skips(first) == {f"{path}#": "permission denied"}
    assert skips(connector.changes(cursors(first)[-1]))
    path.chmod(0o600)
    with pytest.raises(CursorLostError):
        list(connector.changes(cursors(first)[-1]))


@pytest.mark.parametrize("missing", ["rows.jsonl", "*.jsonl", "deep/**/*.jsonl"])
def test_a_source_that_is_not_there_deletes_nothing(tmp_path: Path, missing: str) -> None:
    with pytest.raises(SourceError):
        list(DatasetConnector(tmp_path / missing).documents())


def test_patterns_and_folders(tmp_path: Path) -> None:
    (tmp_path / "de" / "old").mkdir(parents=True)
    (tmp_path / "[odd]").mkdir()
    for name in ("de/a.jsonl", "de/old/b.jsonl", "c.jsonl", ".hidden.jsonl", "[odd]/d.jsonl"):
        jsonl(tmp_path / name, ROWS[:1])
    (tmp_path / "note.txt").write_text("not a table")

    def names(pattern: str) -> list[str]:
        return [id.removesuffix("#en") for id in texts(DatasetConnector(tmp_path / pattern, name="n").documents())]

    assert names("") == ["n/[odd]/d.jsonl", "n/c.jsonl", "n/de/a.jsonl", "n/de/old/b.jsonl"]
    assert names("*.jsonl") == ["n/c.jsonl"]
    assert names("**/*.jsonl") == ["n/[odd]/d.jsonl", "n/c.jsonl", "n/de/a.jsonl", "n/de/old/b.jsonl"]
    assert names("d?/*.jsonl") == ["n/de/a.jsonl"]
    assert names("[odd]/d.jsonl") == ["n/d.jsonl"]
    assert len(texts(DatasetConnector([tmp_path / "c.jsonl", tmp_path / "*.jsonl"]).documents())) == 1


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        jsonl(tmp_path / folder / "rows.jsonl")
    connector = DatasetConnector([tmp_path / "a" / "rows.jsonl", tmp_path / "b" / "rows.jsonl"], name="n")
    with pytest.raises(ConfigurationError, match="two files are called n/rows"):
        list(connector.documents())


def test_only_the_columns_that_are_wanted_are_kept_and_count(tmp_path: Path) -> None:
    rows = [{"text": text, "tag": tag, "score": n} for n, (tag, text) in enumerate(SENTENCES.items())]
    path = parquet(tmp_path / "rows.parquet", rows)
    connector = DatasetConnector(path, metadata=["tag"], language="mul")
    found = [item for item in connector.documents() if isinstance(item, Document)]
    assert set(found[0].metadata) == {"path", "format", "tag"}
    assert found[0].language == "mul"
    parquet(path, [row | {"score": 0} for row in rows])
    assert texts(connector.documents()).keys() == {item.id for item in found}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": []}, "paths is empty"),
        ({"format": "xlsx"}, "format is 'xlsx'"),
        ({"language": "German"}, "not a BCP-47 tag"),
        ({"columns": {"body": "x"}}, "unknown keys"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        DatasetConnector(**{"paths": "rows.jsonl"} | options)


def test_a_name_that_says_nothing_needs_the_format(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows")
    assert "say what it is with format=" in skips(DatasetConnector(path).documents())[f"{path}#"]
    assert len(texts(DatasetConnector(path, format="jsonl").documents())) == len(ROWS)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = jsonl(tmp_path / f"{count}.jsonl", [{"text": f"Row number {n} of the table."} for n in range(count)])
        tracemalloc.start()
        for _ in DatasetConnector(path).changes(None):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    small, large = peak(1_000), peak(8_000)
    assert large < small + 700_000  # 16 to 48 bytes a row, to know the ids


def test_limits_hold_for_a_row(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", [{"id": "a", "text": "x" * 5000}, {"id": "b", "text": "short"}])
    found = list(DatasetConnector(path, limits=Limits(max_characters=1000)).documents())
    assert texts(found) == {f"{path}#b": "short"}
    assert any("Limits.max_characters" in reason for reason in skips(found).values())
