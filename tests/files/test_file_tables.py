"""Rows of tables: columns, keys, bad rows and large values."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from interlingua.connectors.files import FilesConnector, Limits
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.types import Document, Skip
from reading_helpers import read_all, read_one, reason_of


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_mapped_by_name_and_the_rest_is_metadata(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "sku,body,naam,lg,link,prijs\nA1,Een fiets,Fiets,nl,https://x.nl/1,12\n")
    columns = {"text": "body", "id": "sku", "title": "naam", "language": "lg", "url": "link"}
    (document,) = FilesConnector(path, name="shop", columns=columns).documents()
    assert document == Document(
        id="shop/a.csv#A1",
        text="Een fiets",
        title="Fiets",
        language="nl",
        url="https://x.nl/1",
        metadata={"path": "a.csv", "format": "csv", "row": 1, "prijs": 12},
    )


def test_columns_are_guessed_from_their_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "ID,Title,Description,Lang\n7,Rad,Ein Fahrrad,German\n")
    document = read_one(path)
    assert document.id.endswith("a.csv#7")
    assert (document.title, document.text) == ("Rad", "Ein Fahrrad")
    assert document.language is None  # "German" is no language tag, so it stays what it is
    assert document.metadata["Lang"] == "German"


def test_an_empty_column_name_switches_a_guess_off(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text\nx,eins\nx,zwei\n")
    documents, skips = read_all(path, name="n", columns={"id": ""})
    assert not skips
    assert set(documents) == {"n/a.csv#1", "n/a.csv#2"}


def test_unknown_roles_and_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "sku,price\nA1,12\n")
    with pytest.raises(ConfigurationError, match=r"txt.*Known: text, id"):
        FilesConnector(path, columns={"txt": "sku"})
    assert "'body'" in reason_of(path, columns={"text": "body"})
    assert "sku, price" in reason_of(path)
    assert "sku, price" in reason_of(path, columns={"text": "sku", "id": "nr"})


def test_types_are_kept_from_json_and_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = {"text": "x", "n": 1, "f": 1.5, "b": True, "list": ["a", 2], "d": {"k": None}}
    write(tmp_path / "a.json", json.dumps([{**values, "nan": float("nan"), "big": 2**70}]))
    metadata = read_one(tmp_path / "a.json").metadata
    assert {name: metadata[name] for name in values if name != "text"} == {
        k: v for k, v in values.items() if k != "text"
    }
    assert "nan" not in metadata
    assert metadata["big"] == str(2**70)
    day = dt.date(2024, 3, 5)
    pq.write_table(pa.Table.from_pylist([{"text": "x", "day": day, "image": b"\x00"}]), tmp_path / "a.parquet")
    metadata = read_one(tmp_path / "a.parquet").metadata
    assert metadata["day"] == day
    assert "image" not in metadata


def test_a_duplicate_id_is_reported_and_the_first_row_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text\nx,eins\ny,zwei\nx,drei\n")
    documents, skips = read_all(path, name="n")
    assert {name: document.text for name, document in documents.items()} == {"n/a.csv#x": "eins", "n/a.csv#y": "zwei"}
    (skip,) = skips.values()
    assert "'x'" in skip.reason
    assert "row 3" in skip.reason


def test_a_bad_line_is_skipped_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = '{"text": "zwölf größere Äpfel für fünf Bäcker, überall süße Früchte"}\n'.encode()
    path.write_bytes(good + b'\n{"text": \n{"text": "\xff"}\n[1]\n{"text": ""}\n"nur Text"\n')
    documents, skips = read_all(path, name="n")
    assert set(documents) == {"n/a.jsonl#1", "n/a.jsonl#6"}
    assert documents["n/a.jsonl#6"].text == "nur Text"
    assert set(skips) == {f"n/a.jsonl#{number}" for number in (2, 3, 4, 5)}


def test_where_rows_have_ids_a_bad_line_protects_the_whole_table(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"id": 1, "text": "eins"}\n{"id": 2, "te\n')
    items = list(FilesConnector(path, name="n").documents())
    # The second line may be any row stored before: nothing under "n/a.jsonl#" may count as deleted.
    assert items[-1] == Skip(id="n/a.jsonl#", reason=items[-1].reason, prefix=True)  # type: ignore[union-attr]
    assert len(items) == 3


@pytest.mark.parametrize(
    "source",
    [
        '[{"text": "eins"}, {"text": "zwei"}]',
        '{"documents": [{"text": "eins"}, {"text": "zwei"}], "count": 2}',
        '{"meta": {"n": [1]}, "Paare": [{"text": "eins"}, {"text": "zwei"}]}',
        '{"text": "eins"}\n{"text": "zwei"}\n',
        '["eins", "zwei"]',
        '\ufeff [ \n"eins" ,\n "zwei" ] ',
    ],
)
def test_json_is_read_in_the_shapes_it_comes_in(source: str, tmp_path: Path) -> None:
    documents, skips = read_all(write(tmp_path / "a.json", source))
    assert not skips
    assert [document.text for document in documents.values()] == ["eins", "zwei"]


def test_one_json_object_with_a_text_is_one_document(tmp_path: Path) -> None:
    source = '{"title": "T", "text": "eins", "items": [{"text": "nicht dies"}], "n": 12}'
    document = read_one(write(tmp_path / "a.json", source))
    assert document.text == "eins"
    assert document.metadata["n"] == 12


def test_json_values_may_be_larger_than_any_block(tmp_path: Path) -> None:
    texts = ["ä" * 300_000, "b" * 65_536, "c"]
    documents, skips = read_all(write(tmp_path / "a.json", json.dumps([{"text": text} for text in texts])))
    assert not skips
    assert [document.text for document in documents.values()] == texts


@pytest.mark.parametrize(
    "source", ['[{"text": "eins"},', '[{"text": "eins"} {', '[{"text": "eins"}, {"text" 1}]', "[nix]"]
)
def test_json_that_breaks_off_keeps_what_is_stored_of_it(source: str, tmp_path: Path) -> None:
    items = list(FilesConnector(write(tmp_path / "a.json", source), name="n").documents())
    assert isinstance(items[-1], Skip)
    assert items[-1].prefix
    assert items[-1].id == "n/a.json#"
    assert "broken JSON" in items[-1].reason


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(delimiter: str, tmp_path: Path) -> None:
    rows = [["id", "text"], ["1", "Äpfel, Birnen; und | mehr"], ["2", 'er sagte "ja"\nund ging']]
    lines = "\r\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    documents, skips = read_all(write(tmp_path / "a.csv", lines))
    assert not skips
    assert [document.text for document in documents.values()] == [rows[1][1], rows[2][1]]


def test_a_table_of_one_column_needs_no_name_and_no_quotes(tmp_path: Path) -> None:
    documents, _ = read_all(write(tmp_path / "a.csv", "Satz\neins, zwei, drei\nvier\n"))
    assert [document.text for document in documents.values()] == ["eins, zwei, drei", "vier"]


def test_csv_rows_of_other_lengths_are_reported_or_filled(tmp_path: Path) -> None:
    documents, skips = read_all(write(tmp_path / "a.csv", "text,a,a,\neins\nzwei,1,2,3,4\ndrei,1,2,3,,\n"), name="n")
    assert [document.text for document in documents.values()] == ["eins", "drei"]
    assert documents["n/a.csv#3"].metadata == {
        "path": "a.csv", "format": "csv", "row": 3, "a": 1, "a_2": 2, "column_4": 3
    }  # fmt: skip
    assert "5 cells" in skips["n/a.csv#2"].reason


def test_repeated_columns_get_names_of_their_own(tmp_path: Path) -> None:
    document = read_one(write(tmp_path / "a.csv", "text,a_2,a,a,a,a_2\neins,1,2,3,4,5\n"))
    found = {name: value for name, value in document.metadata.items() if name.startswith("a")}
    assert found == {"a_2": 1, "a": 2, "a_3": 3, "a_4": 4, "a_2_2": 5}


def test_a_header_of_very_many_columns_is_refused(tmp_path: Path) -> None:
    wide = write(tmp_path / "a.csv", "text" + ",a" * 9_999 + "\neins\n")
    assert read_one(wide).text == "eins"
    wide = write(tmp_path / "a.csv", "text" + ",a" * 2_000_000 + "\neins\n")
    assert "2,000,001 columns, more than 10,000" in reason_of(wide)


def test_a_large_text_repeated_in_parquet_is_held_once(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), ["x" * 8_000_000])
    pq.write_table(pa.table({"text": repeated}), path, store_schema=False)
    limits = Limits(max_characters=1_000_000)
    found = list(FilesConnector(path, limits=limits).documents())  # 40 GB of text
    assert len(found) == 5_000
    assert all(isinstance(item, Skip) and "max_characters" in item.reason for item in found)


def test_long_rows_of_parquet_are_skipped_and_the_others_are_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    texts = ["eins", "x" * 200_000, "図" * 1_001, "図" * 1_000]
    pq.write_table(pa.table({"text": texts, "tags": [["a"], ["b"], ["c"], ["d"]]}), path)
    documents, skips = read_all(path, name="n", limits=Limits(max_characters=1_000))
    assert [document.text for document in documents.values()] == ["eins", texts[3]]
    assert [document.metadata["tags"] for document in documents.values()] == [["a"], ["d"]]
    assert all("max_characters" in skip.reason for skip in skips.values())


def test_a_row_group_that_says_it_is_a_bomb_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["x" * 1_000_000] * 51}), path, use_dictionary=False, compression="zstd")
    assert "decompression bomb" in reason_of(path)


def test_a_list_of_words_before_the_text_of_an_object_is_no_wrapper(tmp_path: Path) -> None:
    document = read_one(write(tmp_path / "a.json", '{"id": "a", "items": ["x", "y"], "text": "der Text", "data": []}'))
    assert document.text == "der Text"
    assert document.metadata["items"] == ["x", "y"]
    documents, _ = read_all(write(tmp_path / "a.json", '{"count": 2, "documents" : [ "eins", "zwei" ]}'))
    assert [document.text for document in documents.values()] == ["eins", "zwei"]
    assert reason_of(write(tmp_path / "a.json", '{"documents": []}')) == "empty: no rows"


def test_an_object_with_rows_and_then_a_text_is_reported(tmp_path: Path) -> None:
    source = '{"items": [{"text": "eins"}], "text": "der Text"}'
    documents, skips = read_all(write(tmp_path / "a.json", source))
    assert [document.text for document in documents.values()] == ["eins"]
    assert ["both a list and a text" in skip.reason for skip in skips.values()] == [True]


def test_a_field_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    text = "Wort\n" * 2_000_000
    document = read_one(write(tmp_path / "a.csv", f'id,text\n1,"{text}"\n'))
    assert document.text == text


def test_a_line_beyond_the_limit_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "eins"}\n{"text": "')
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"text": "drei"}\n')
    documents, skips = read_all(path, name="n", limits=Limits(max_characters=1_000_000))
    assert set(documents) == {"n/a.jsonl#1", "n/a.jsonl#3"}
    assert "max_characters" in skips["n/a.jsonl#2"].reason


def test_a_table_without_any_text_is_given_up_early(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"a": 1, "b": 2}\n' * 5000)
    items = list(FilesConnector(path, name="n").documents())
    assert len(items) < 200
    assert isinstance(items[-1], Skip)
    assert items[-1].prefix
    assert "a, b" in items[-1].reason


def test_a_large_table_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = json.dumps({"text": "y" * 1000}).encode() + b"\n"
    with path.open("wb") as file:
        file.write(line)
        file.truncate(2 << 30)  # sparse: zeros, which are no JSON
    first = next(iter(FilesConnector(path).documents()))
    assert isinstance(first, Skip)
    assert "binary" in first.reason
    path.write_bytes(line * 100_000)
    import tracemalloc

    tracemalloc.start()
    assert sum(isinstance(item, Document) for item in FilesConnector(path).documents()) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000  # the file has 100 MB


def test_numbers_in_csv_are_numbers_where_they_look_like_nothing_else(tmp_path: Path) -> None:
    cells = ["30", "-4.5", "0", "007", "1e5", "+49", "1,5", "9" * 16, "٣", "12a"]
    names = [f"c{n}" for n in range(len(cells))]
    documents, _ = read_all(write(tmp_path / "a.tsv", "\t".join(["text", *names]) + "\n" + "\t".join(["x", *cells])))
    found = next(iter(documents.values())).metadata
    assert [found[name] for name in names] == [30, -4.5, 0, *cells[3:]]


def test_rows_that_are_written_while_the_table_is_read_are_not_gone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,text\n1,one\n2,two\n")
    items = FilesConnector(tmp_path, name="t").documents()
    first = next(items)
    with path.open("a") as file:
        file.write("3,three\n")
    *_, last = first, *items
    assert isinstance(last, Skip)
    assert (last.id, last.prefix) == ("t/t.csv#", True)
    assert last.reason == "the file changed while it was read: the next run reads it again"
