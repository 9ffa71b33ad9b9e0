"""Object stores and remote file systems: what is read, what is refused, and what a failure looks like."""

from __future__ import annotations

import io
import logging
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from counterparts.remote_s3 import SECRET, Bucket
from counterparts.remote_s3 import opened as opened_bucket
from interlingua.connectors.files import Limits
from interlingua.connectors.remote import RemoteConnector
from interlingua.retrieval.errors import ConfigurationError, SourceError
from interlingua.retrieval.protocols import Connector
from interlingua.retrieval.types import Document, Pending, Skip
from support import SENTENCES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with opened_bucket(tmp_path_factory.mktemp("s3")) as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket) -> Bucket:
    for page in server.client.get_paginator("list_objects_v2").paginate(Bucket="library"):
        for item in page.get("Contents", ()):
            server.client.delete_object(Bucket="library", Key=item["Key"])
    return server


def read(connector: Connector) -> dict[str, Document | Skip]:
    """Everything a connector has, read."""
    items = [item.read() if isinstance(item, Pending) else item for item in connector.documents()]
    found = {item.id: item for item in items}
    assert len(found) == len(items), "two items have the same id"
    return found


def texts(connector: Connector) -> dict[str, str]:
    return {name: item.text if isinstance(item, Document) else item.reason for name, item in read(connector).items()}


def test_an_object_is_a_document_with_its_key_as_id(bucket: Bucket) -> None:
    for tag, text in SENTENCES.items():
        bucket.put(f"{tag}/text", text)
    found = read(bucket.connector())
    assert {name: item.text for name, item in found.items() if isinstance(item, Document)} == {
        f"s3://library/docs/{tag}/text.txt": text for tag, text in SENTENCES.items()
    }
    document = found["s3://library/docs/fa/text.txt"]
    assert isinstance(document, Document)
    assert document.metadata["path"] == "fa/text.txt"


def test_an_object_has_its_etag_as_revision(bucket: Bucket) -> None:
    bucket.put("a", "one")

    def revision() -> str:
        (item,) = bucket.connector().documents()
        assert isinstance(item, Pending)
        return item.revision

    first = revision()
    bucket.put("a", "one")
    assert revision() == first
    bucket.put("a", "two")
    assert revision() not in (first, "")


def test_a_prefix_is_a_folder_and_not_the_beginning_of_a_name(bucket: Bucket) -> None:
    bucket.put("a", "in")
    bucket.store("docs2/b.txt", b"out")
    bucket.store("docs", b"out")
    assert list(read(bucket.connector())) == ["s3://library/docs/a.txt"]
    assert list(read(bucket.connector("s3://library/docs/"))) == ["s3://library/docs/a.txt"]
    assert len(read(bucket.connector("s3://library"))) == 3


def test_a_single_object_can_be_the_source(bucket: Bucket) -> None:
    bucket.put("a", "one")
    bucket.put("a.txt.bak", "two")
    connector = bucket.connector("s3://library/docs/a.txt")
    assert texts(connector) == {"s3://library/docs/a.txt": "one"}
    assert connector.source == "s3://library/docs/a.txt"


@pytest.mark.parametrize("key", ["a//b.txt", "a/../b.txt", "a/./b.txt", "a b+%20?#*[x].txt", "ფაილი/संस्करण.txt"])
def test_any_key_is_a_name(bucket: Bucket, key: str) -> None:
    bucket.store(f"docs/{key}", b"text")
    bucket.store("docs/other.txt", b"other")
    assert texts(bucket.connector()) == {f"s3://library/docs/{key}": "text", "s3://library/docs/other.txt": "other"}


def test_names_that_differ_in_their_normal_form_are_two_documents(bucket: Bucket) -> None:
    forms = [unicodedata.normalize(form, "größe.txt") for form in ("NFC", "NFD")]
    for form, text in zip(forms, ("one", "two"), strict=True):
        bucket.store(f"docs/{form}", text.encode())
    expected = {f"s3://library/docs/{form}": text for form, text in zip(forms, ("one", "two"), strict=True)}
    assert texts(bucket.connector()) == expected


def test_all_pages_of_a_listing_are_read(bucket: Bucket) -> None:
    for name in "abcd":
        bucket.put(name, "text")
    with bucket.small_pages(9):
        ids = [item.id for item in bucket.connector().documents()]
    assert ids == [f"s3://library/docs/{name}.txt" for name in "abcd"]


def test_a_row_of_a_table_is_a_document(bucket: Bucket) -> None:
    bucket.store("docs/t.csv", "id,text,year\n7,Guten Tag,1999\n8,おはよう,2001\n".encode())
    found = read(bucket.connector())
    assert list(found) == ["s3://library/docs/t.csv#7", "s3://library/docs/t.csv#8"]
    document = found["s3://library/docs/t.csv#8"]
    assert isinstance(document, Document)
    assert (document.text, document.metadata["year"]) == ("おはよう", 2001)


def test_a_parquet_table_is_read_in_place(bucket: Bucket) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["один", "два"]}), buffer)
    bucket.store("docs/t.parquet", buffer.getvalue())
    assert texts(bucket.connector()) == {
        "s3://library/docs/t.parquet#a": "один",
        "s3://library/docs/t.parquet#b": "два",
    }


def test_a_large_object_is_not_downloaded(bucket: Bucket) -> None:
    bucket.put("large", "x" * 2000)
    bucket.put("small", "text")
    (large, small) = bucket.connector(limits=Limits(max_file_bytes=1000)).documents()
    assert isinstance(large, Skip)  # known from the listing: not a Pending that has to be read first
    assert large.reason == "has 2,000 bytes, more than 1,000 (Limits.max_file_bytes)"
    assert isinstance(small, Pending)


def test_an_object_that_is_gone_when_it_is_read_is_a_skip(bucket: Bucket) -> None:
    bucket.put("a", "one")
    (item,) = bucket.connector().documents()
    bucket.delete("a")
    assert isinstance(item, Pending)
    skip = item.read()
    assert isinstance(skip, Skip)
    assert (skip.id, "not found" in skip.reason) == ("s3://library/docs/a.txt", True)


def test_an_object_that_changed_its_length_since_the_listing_is_not_stored_under_the_old_revision(
    bucket: Bucket,
) -> None:
    bucket.put("a", "one")
    (item,) = bucket.connector().documents()
    bucket.put("a", "three")
    assert isinstance(item, Pending)
    skip = item.read()
    assert isinstance(skip, Skip)
    assert "gave 5 bytes instead of the 3 listed" in skip.reason


def test_what_is_frozen_is_kept_and_not_read(bucket: Bucket) -> None:
    bucket.client.put_object(Bucket="library", Key="docs/a.txt", Body=b"text", StorageClass="GLACIER")
    (skip,) = bucket.connector().documents()
    assert isinstance(skip, Skip)
    assert (skip.id, skip.reason) == ("s3://library/docs/a.txt", "in the storage class GLACIER: restore it first")


def test_folders_and_hidden_objects_are_no_documents(bucket: Bucket) -> None:
    for key in ("docs/deep/", "docs/.git/config", "docs/deep/.hidden.txt", "docs/deep/a.txt", "docs/empty.txt"):
        bucket.store(key, b"text" if key.endswith("a.txt") else b"")
    assert texts(bucket.connector()) == {
        "s3://library/docs/deep/a.txt": "text",
        "s3://library/docs/empty.txt": "empty: no text",
    }


def test_patterns_choose_what_is_read(bucket: Bucket) -> None:
    for name in ("a", "drafts/b", "deep/c"):
        bucket.put(name, "text")
    excluded = bucket.connector(exclude=["drafts/"])
    assert list(read(excluded)) == ["s3://library/docs/a.txt", "s3://library/docs/deep/c.txt"]
    assert excluded.complete
    included = bucket.connector(include=["deep/**"])
    assert list(read(included)) == ["s3://library/docs/deep/c.txt"]
    assert not included.complete


def test_a_name_makes_ids_independent_of_the_place(bucket: Bucket) -> None:
    bucket.put("deep/a", "text")
    connector = bucket.connector(name="handbook")
    assert (connector.source, list(read(connector))) == ("remote:handbook", ["handbook/deep/a.txt"])


def test_a_prefix_that_is_empty_lists_nothing(bucket: Bucket) -> None:
    assert read(bucket.connector("s3://library/nothing/here")) == {}


def test_a_bucket_that_is_missing_is_no_empty_one(bucket: Bucket) -> None:
    with pytest.raises(SourceError, match="cannot list s3://libary: not found") as caught:
        read(bucket.connector("s3://libary"))
    assert caught.value.permanent


def test_a_source_that_is_down_is_no_empty_one(bucket: Bucket) -> None:
    with (
        bucket.down(),
        pytest.raises(SourceError, match="cannot list s3://library/docs: EndpointConnectionError") as caught,
    ):
        read(bucket.connector())
    assert not caught.value.permanent


def test_a_listing_that_breaks_off_says_so(bucket: Bucket) -> None:
    for name in ("a", "b"):
        bucket.put(name, "text")
    with bucket.half():
        listing = bucket.connector().documents()
        assert next(listing).id == "s3://library/docs/a.txt"
        with pytest.raises(SourceError, match="expired") as caught:
            next(listing)
    assert caught.value.permanent


def test_no_secret_is_told(bucket: Bucket, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bucket.put("a", "text")
    connector = bucket.connector()
    told = [connector.source, repr(connector), repr(list(connector.documents()))]
    bucket.delete("a")
    proxy = f"http://127.0.0.1:1/me:{SECRET}@gateway"
    with pytest.raises(SourceError, match="Could not connect") as caught:
        read(RemoteConnector("s3://library", options={**bucket.options, "endpoint_url": proxy}))
    told += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), caplog.text]
    assert SECRET not in "".join(told)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sftp://me:hunter2@host/docs", "holds a password. Give it as options"),
        ("https://host/docs?token=hunter2", "has a query"),
        ("s3://AKIA:hunter2@library/docs", r"holds a user or a password.*options=\{…\}"),
        ("zip://docs::s3://AKIA:hunter2@library/a.zip", "holds a user or a password"),
        ("gist://me:hunter2@0123abc", "holds a user or a password"),
        ("webdav://me:hunter2@host/docs", "holds a user or a password"),
        ("abfs://box:hunter2@account.dfs.core.windows.net/docs", "holds a user or a password"),
        ("abfs://box@account.dfs.core.windows.net/docs?sig=hunter2", r"has a query.*options=\{…\}"),
        ("gs://bucket/docs?token=hunter2", "has a query"),
        ("/srv/docs", "FilesConnector"),
        ("file:///srv/docs", "FilesConnector"),
        ("s3://", "names no place"),
        ("simplecache::s3://bucket/key", "zip://FOLDER::URL"),
        ("zip://::zip://a.zip::s3://bucket/b.zip", "zip://FOLDER::URL"),
        ("https://[hunter2/docs", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_once(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        RemoteConnector(url)
    assert "hunter2" not in str(caught.value)


def test_what_is_no_login_is_part_of_a_name() -> None:
    for url in ("abfs://box@account.dfs.core.windows.net/docs", "s3://library/a@b:c"):
        assert RemoteConnector(url).source.endswith(url.partition("://")[2])


def test_an_unknown_kind_of_file_system_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no file system reads gopher://"):
        read(RemoteConnector("gopher://host/docs"))


def test_an_option_that_does_not_exist_is_no_empty_listing(bucket: Bucket) -> None:
    with pytest.raises(SourceError, match="zebra") as caught:
        read(RemoteConnector("s3://library", options={**bucket.options, "config_kwargs": {"zebra": 1}}))
    assert caught.value.permanent


def zipped(members: dict[str, bytes], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data, **options)
    return buffer.getvalue()


def test_an_archive_in_a_bucket_is_read_where_it_lies(bucket: Bucket) -> None:
    members = {"a.txt": b"one", "deep/b.txt": b"two", "deep/t.csv": b"id,text\n1,three\n"}
    bucket.store("in/archive.zip", zipped(members))
    connector = bucket.connector("zip://::s3://library/in/archive.zip")
    base = "zip::s3://library/in/archive.zip"
    assert connector.source == base
    assert texts(connector) == {f"{base}/a.txt": "one", f"{base}/deep/b.txt": "two", f"{base}/deep/t.csv#1": "three"}
    inner = bucket.connector("zip://deep::s3://library/in/archive.zip")
    assert list(read(inner)) == [f"{base}/deep/b.txt", f"{base}/deep/t.csv#1"]


def test_names_in_an_archive_that_lead_out_of_it_lead_nowhere(tmp_path: Path) -> None:
    names = ["../out.txt", "a/../../out.txt", "/etc/out.txt", "a\\..\\out.txt", "good.txt"]
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped(dict.fromkeys(names, b"text")))
    found = read(RemoteConnector(f"zip://::{archive}", name="z"))
    assert [name for name, item in found.items() if isinstance(item, Document)] == ["z/good.txt"]
    assert len(found) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_archive_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({f"{number}.txt": bytes(10_000_000) for number in range(6)}))
    with pytest.raises(SourceError, match=r"is a zip bomb: .* become 60,000,000") as caught:
        read(RemoteConnector(f"zip://::{archive}"))
    assert caught.value.permanent


def test_an_archive_that_shares_its_bytes_between_members_is_refused(tmp_path: Path) -> None:
    data = zipped({"kernel.txt": b"text " * 2_000_000})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (kernel,) = archive.infolist()
        forged = io.BytesIO(data)
        with zipfile.ZipFile(forged, "a") as bomb:
            for number in range(9):
                other = zipfile.ZipInfo(f"{number}.txt")
                for field in ("CRC", "compress_size", "file_size", "header_offset", "compress_type"):
                    setattr(other, field, getattr(kernel, field))
                bomb.filelist.append(other)
            bomb._didModify = True
    path = tmp_path / "a.zip"
    path.write_bytes(forged.getvalue())
    with pytest.raises(SourceError, match=r"is a zip bomb: .* become 100,000,000"):
        read(RemoteConnector(f"zip://::{path}"))


def test_a_damaged_archive_is_no_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.txt": b"text"})[:-10])
    with pytest.raises(SourceError, match="is no zip archive"):
        read(RemoteConnector(f"zip://::{path}"))


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": b"one " * 100, "b.txt": b"two"}))
    data[40] ^= 0xFF
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    found = texts(RemoteConnector(f"zip://::{path}", name="z"))
    assert found["z/b.txt"] == "two"
    assert found["z/a.txt"].startswith("damaged in the archive")


def test_a_folder_in_memory_is_a_source() -> None:
    fsspec = pytest.importorskip("fsspec")
    fs = fsspec.filesystem("memory")
    fs.pipe({"/shelf/b.txt": b"two", "/shelf/deep/a.txt": b"one", "/shelf/drafts/c.txt": b"no"})
    try:
        found = texts(RemoteConnector("memory://shelf", exclude=["drafts/"]))
        assert found == {"memory://shelf/b.txt": "two", "memory://shelf/deep/a.txt": "one"}
    finally:
        fs.rm("/shelf", recursive=True)
    with pytest.raises(SourceError, match="not found"):
        read(RemoteConnector("memory://shelf"))
