"""Adding, listing, reading, deleting and exporting documents."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from server_samples import Make, Start
from starlette.testclient import TestClient
from support import SENTENCES

IDS = [
    "plain",
    "a/b/c.txt",
    "/leading//double/",
    "../../etc/passwd",
    "./.",
    "..",
    "files",
    "with space & ?query#fragment",
    "percent%2Fencoded%25",
    "ความเท่าเทียม/ข้อ ๑",
    "حقوق/المادة ١",
    "人权/第一条.md",
    "e\u0301-decomposed",
    "\U0001f469\u200d\U0001f680",
    "tab\tnewline\n",
    "a+b=c;d,e:f@g!$'()*",
]


def add(client: TestClient, **fields: object) -> dict[str, object]:
    answer = client.post("/documents", json={"documents": [fields]})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def encoded(id: str) -> str:
    """As a client that knows nothing of the id puts it into a URL; dots too, for "." and ".." mean folders there."""
    return quote(id, safe="").replace(".", "%2E")


def test_any_id_goes_round_through_a_url(start: Start) -> None:
    client = start().client
    for id in IDS:
        text = f"{SENTENCES['th']} {id}"
        client.post("/documents", json={"documents": [{"id": id, "text": text}]}).raise_for_status()
        for written in (encoded(id), quote(id, safe="/") if "." not in id else encoded(id)):
            found = client.get(f"/documents/{written}")
            assert found.status_code == 200, written
            assert found.json()["id"] == id
        assert [one["id"] for one in client.get("/documents").json()["documents"]] == [id]
        assert client.delete(f"/documents/{encoded(id)}").json() == {"id": id, "passages": 1}
        assert client.get(f"/documents/{encoded(id)}").status_code == 404


def test_the_report_says_what_became_of_each_document(client: TestClient) -> None:
    first = add(client, id="a", text=SENTENCES["de"], metadata={"topic": "law"})
    assert first["report"]["added"] == 1
    assert add(client, id="a", text=SENTENCES["de"], metadata={"topic": "law"})["report"]["unchanged"] == 1
    changed = add(client, id="a", text=SENTENCES["ja"])
    assert (changed["report"]["updated"], changed["report"]["embedded"]) == (1, 1)
    empty = add(client, id="b", text="   ")
    assert empty["report"]["skips"] == [{"id": "b", "reason": "no text"}]


def test_without_an_id_the_same_content_has_the_same_one(client: TestClient) -> None:
    first, again = add(client, text=SENTENCES["ar"]), add(client, text=SENTENCES["ar"])
    assert first["ids"] == again["ids"]
    assert again["report"]["unchanged"] == 1
    assert add(client, text=SENTENCES["he"])["ids"] != first["ids"]


def test_metadata_come_back_as_they_were_given(client: TestClient) -> None:
    metadata = {"יעד": "שלום", "n": 3, "x": 0.5, "yes": True, "list": ["a", "b"], "deep": {"a": {"b": 1}}}
    add(client, id="m", text=SENTENCES["he"], title="כותרת", url="https://example.org/א", metadata=metadata)
    found = client.get("/documents/m").json()
    assert found["metadata"] == metadata
    assert (found["title"], found["url"], found["languages"]) == ("כותרת", "https://example.org/א", {"he": 1})


def test_pages_hold_every_document_once(client: TestClient) -> None:
    names = {f"n/{number}" for number in range(23)}
    documents = [{"id": name, "text": f"{SENTENCES['hi']} {name}"} for name in names]
    client.post("/documents", json={"documents": documents})
    seen: list[str] = []
    after: str | None = None
    while True:
        page = client.get("/documents", params={"limit": 10} | ({"after": after} if after else {})).json()
        seen += [one["id"] for one in page["documents"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 23
    assert set(seen) == names


def test_the_export_has_a_line_for_each_passage(client: TestClient) -> None:
    documents = [{"id": tag, "text": text} for tag, text in SENTENCES.items()]
    documents += [{"id": f"{n}", "text": f"{SENTENCES['ko']} {n}"} for n in range(150)]
    client.post("/documents", json={"documents": documents})
    answer = client.get("/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert {line["document_id"]: line["text"] for line in lines} == {one["id"]: one["text"] for one in documents}


def test_a_document_that_waits_is_a_job(client: TestClient) -> None:
    answer = client.post("/documents?wait=false", json={"documents": [{"id": "w", "text": SENTENCES["bn"]}]})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/jobs/{answer.json()['id']}"


def test_a_short_ingest_leaves_no_job_behind(client: TestClient) -> None:
    add(client, id="a", text=SENTENCES["fa"])
    assert client.get("/jobs").json() == {"jobs": []}


@pytest.mark.parametrize(
    "document",
    [
        {"id": "", "text": "a"},
        {"id": "a"},
        {"text": 3},
        {"text": "a", "metadata": []},
        {"text": "a", "colour": "red"},
        {"text": "a", "metadata": {"n": 2**64}},
        {"text": "a", "metadata": {"n": [math.nan]}},
        {"text": "a", "metadata": {"n": {"m": -math.inf}}},
        {"text": "a", "metadata": json.loads('{"a":' * 30 + "1" + "}" * 30)},
        {"id": "a" * 2001, "text": "a"},
    ],
)
def test_what_is_no_document_is_refused(client: TestClient, document: object) -> None:
    body = json.dumps({"documents": [document]})  # NaN too, which Python writes and reads
    head = {"Content-Type": "application/json"}
    assert client.post("/documents", content=body, headers=head).status_code == 422


def test_metadata_that_cannot_be_stored_are_a_skip_with_its_reason(client: TestClient) -> None:
    report = client.post(
        "/documents",
        content=json.dumps({"documents": [{"id": "a", "text": "a", "metadata": {"a.b": {"": [[1], {}]}}}]}),
        headers={"Content-Type": "application/json"},
    )
    assert report.status_code == 200
    assert report.json()["report"]["documents"] == 1


def test_more_documents_than_one_request_may_have_are_refused(make: Make) -> None:
    client = make(max_documents=2)
    answer = client.post("/documents", json={"documents": [{"text": str(n)} for n in range(3)]})
    assert answer.status_code == 422
    assert "at most 2" in answer.json()["error"]["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_documents_that_the_disk_does_not_take_leave_nothing_behind(client: TestClient, tmp_path: Path) -> None:
    import resource

    add(client, id="a", text=SENTENCES["de"])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        answer = client.post("/documents", json={"documents": [{"text": SENTENCES["de"] * 2000}]})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.status_code == 500
    assert [path.name for path in (tmp_path / "index-server" / "jobs").iterdir()] == ["lock"]
