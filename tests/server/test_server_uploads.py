"""Files over HTTP: to disk as they come, read by the connectors for files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interlingua.app.server.uploads import safe_name
from server_process import until_over
from server_samples import Make
from starlette.testclient import TestClient
from support import SENTENCES

Files = list[tuple[str, tuple[str, bytes]]]
FORM = "multipart/form-data; boundary=b"


def upload(client: TestClient, *files: tuple[str, bytes]) -> dict[str, Any]:
    """Upload files; the job, once it is over."""
    form: Files = [("files", file) for file in files]
    answer = client.post("/documents/files", files=form)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/jobs/{answer.json()['id']}"
    return until_over(client, answer.json()["id"])  # type: ignore[arg-type]


def ids(client: TestClient) -> set[str]:
    return {one["id"] for one in client.get("/documents").json()["documents"]}


def test_files_of_several_kinds_become_documents(client: TestClient, tmp_path: Path) -> None:
    page = f"<html><body><h1>Titel</h1><p>{SENTENCES['de']}</p></body></html>"
    table = f"id,text\n1,{SENTENCES['en']}\n2,{SENTENCES['ko']}\n"
    job = upload(
        client,
        ("отчёт.txt", SENTENCES["ru"].encode()),
        ("seite.html", page.encode()),
        ("table.csv", table.encode()),
        ("empty.txt", b""),
    )
    assert (job["state"], job["items"], job["kind"]) == ("done", 4, "files")
    assert job["report"]["added"] == 4
    assert job["report"]["skips"] == [{"id": "uploads/empty.txt", "reason": "empty: no text"}]
    assert ids(client) == {"uploads/отчёт.txt", "uploads/seite.html", "uploads/table.csv#1", "uploads/table.csv#2"}
    found = client.get("/documents/uploads/отчёт.txt").json()
    assert found["passages"][0]["text"] == SENTENCES["ru"]
    assert str(tmp_path) not in client.get("/export").text
    assert found["url"] is None
    assert not list(tmp_path.rglob("отчёт.txt"))


def test_the_same_file_again_is_unchanged(client: TestClient) -> None:
    upload(client, ("a.md", SENTENCES["th"].encode()))
    job = upload(client, ("a.md", SENTENCES["th"].encode()))
    assert job["report"]["embedded"] == 0
    assert job["report"]["unchanged"] == 1


def test_two_files_of_one_name_are_one_document_and_a_skip(client: TestClient) -> None:
    job = upload(client, ("a.txt", SENTENCES["ja"].encode()), ("a.txt", SENTENCES["ka"].encode()))
    assert (job["report"]["added"], job["report"]["skipped"]) == (1, 1)


def test_an_upload_does_not_touch_what_others_brought_in(client: TestClient) -> None:
    upload(client, ("a.txt", SENTENCES["ja"].encode()))
    upload(client, ("b.txt", SENTENCES["ka"].encode()))
    assert ids(client) == {"uploads/a.txt", "uploads/b.txt"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"../../etc/passwd", "passwd"),
        (b"C:\\Users\\x\\bericht.docx", "bericht.docx"),
        ("отчёт.pdf".encode(), "отчёт.pdf"),
        (b"a\x00b\nc.txt", "abc.txt"),
        (b"..", "file"),
        (b"", "file"),
        (b"\xff.txt", "\N{REPLACEMENT CHARACTER}.txt"),
        (("報告" * 100 + ".pdf").encode(), "報告" * 32 + "報.pdf"),
    ],
)
def test_names_are_those_of_files(given: bytes, kept: str) -> None:
    assert safe_name(given) == kept


@given(st.binary(max_size=400))
def test_any_name_can_be_written_to_disk(name: bytes) -> None:
    kept = safe_name(name)
    assert kept not in ("", ".", "..")
    assert "/" not in kept
    assert "\0" not in kept
    assert len(kept.encode()) <= 200


def test_more_bytes_than_a_file_or_an_upload_may_have_are_refused(make: Make, tmp_path: Path) -> None:
    client = make(max_file=5_000, max_upload=20_000, max_documents=3)
    too_large = client.post("/documents/files", files=[("files", ("a.txt", b"x" * 5_001))])
    assert too_large.status_code == 413
    assert "5,000" in too_large.json()["error"]["message"]
    together: Files = [("files", (f"{n}.txt", b"x" * 4_000)) for n in range(3)]
    assert client.post("/documents/files", files=together).status_code == 202
    more: Files = [*together, ("files", ("3.txt", b"x" * 4_000))]
    assert client.post("/documents/files", files=more).status_code == 422
    assert client.post("/documents/files", files=[("files", ("a", b"x" * 30_000))]).status_code == 413
    chunks = (b"x" * 1000 for _ in range(30))  # without a Content-Length
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    assert client.post("/documents/files", content=chunks, headers=head).status_code in (400, 413)
    jobs = client.get("/jobs").json()["jobs"]
    assert len(jobs) == 1
    until_over(client, jobs[0]["id"])  # type: ignore[arg-type]
    assert not list(tmp_path.rglob("payload"))


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 415),
        (FORM, b"x", 400),
        (FORM, b'--b\r\nContent-Disposition: form-data; filename="a"\r\n\r\nabc', 400),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nabc\r\n--b--',
            422,
        ),
    ],
)
def test_what_is_no_upload_is_refused(client: TestClient, kind: str, body: bytes, status: int) -> None:
    answer = client.post("/documents/files", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert client.get("/jobs").json() == {"jobs": []}
