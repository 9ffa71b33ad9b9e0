"""The access matrix: three keys, two tenants, every route. What is forbidden shows up nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from interlingua.app.access.keys import Key
from interlingua.app.access.writing import KeyConnector
from interlingua.app.server.access import PUBLIC, Access
from interlingua.app.server.application import ROUTERS, create_app
from interlingua.app.server.jobs.job import new_job
from interlingua.app.server.sources import StoredDocuments, write_documents
from interlingua.retrieval.filters import metadata_filter
from server_process import until_over
from server_samples import KEYS, Make
from starlette.testclient import TestClient
from support import SENTENCES

Tenants = Callable[[str], TestClient]

CANARIES = {"acme": "Zitronenfalter", "globex": "Шмель"}
"""A word that only the documents, metadata and ids of one tenant have."""


@dataclass(frozen=True)
class Row:
    """One route as each key asks it. `scope`: what it needs; `{other}` in the path is a document of another tenant."""

    method: str
    path: str
    scope: str
    body: Any = None
    files: Any = None
    answers: dict[str, int] = field(default_factory=dict)


MATRIX = {
    "/search": [
        Row("POST", "/search", "read", {"query": "{theirs}", "limit": 50}),
        Row("POST", "/search", "read", {"query": "x", "filter": {"tenant": "{other}"}}),
        Row("POST", "/search", "read", {"query": "x", "sources": ["key:{other}/api", "key:{other}-write/api"]}),
        Row("POST", "/search", "read", {"query": "x", "filter": {"no such key": "a"}}, answers={"read": 422}),
        Row("POST", "/search", "read", {"query": "x", "languages": ["sv"]}, answers={"read": 422}),
        Row("POST", "/search", "read", {"query": "x", "filter": {"secret-{other}": 1}}, answers={"read": 422}),
    ],
    "/similar": [
        Row("POST", "/similar", "read", {"document_id": "{tenant}/1", "ordinal": 0, "limit": 50}),
        Row("POST", "/similar", "read", {"document_id": "{other}/1", "ordinal": 0}, answers={"read": 404}),
        Row(
            "POST",
            "/similar",
            "read",
            {"document_id": "{tenant}/1", "ordinal": 0, "filter": {"secret-{other}": 1}},
            answers={"read": 422},
        ),
    ],
    "/sample": [Row("GET", "/sample?limit=2000", "read")],
    "/overview": [Row("GET", "/overview", "read")],
    "/unsure": [Row("GET", "/unsure?limit=1000", "read")],
    "/answer": [
        Row("POST", "/answer", "read", {"question": "{theirs}", "limit": 50}),
        Row("POST", "/answer", "read", {"question": "{theirs}", "limit": 50, "stream": True}),
        Row("POST", "/answer", "read", {"question": "x", "filter": {"tenant": "{other}"}}),
        Row("POST", "/answer", "read", {"question": "x", "languages": ["sv"]}, answers={"read": 422}),
    ],
    "/documents": [
        Row("GET", "/documents?limit=1000", "read"),
        Row("POST", "/documents", "write", {"documents": [{"id": "{other}/9", "text": "mine"}]}),
        Row("POST", "/documents", "write", {"documents": [{"text": "m", "metadata": {"tenant": "{other}"}}]}),
    ],
    "/documents/files": [Row("POST", "/documents/files", "write", files=[("files", ("a.txt", b"text of mine"))])],
    "/documents/pages": [
        Row("POST", "/documents/pages", "write", {"urls": ["http://127.0.0.1/{other}"]}, answers={"write": 403})
    ],
    "/documents/{id}": [
        Row("GET", "/documents/{other}/1", "read", answers={"read": 404}),
        Row("DELETE", "/documents/{other}/1", "write", answers={"write": 404}),
    ],
    "/export": [Row("GET", "/export", "read")],
    "/jobs": [Row("GET", "/jobs", "write")],
    "/jobs/{id}": [
        Row("GET", "/jobs/{job}", "write", answers={"write": 404}),
        Row("DELETE", "/jobs/{job}", "write", answers={"write": 404}),
    ],
    "/jobs/{id}/events": [Row("GET", "/jobs/{job}/events", "write", answers={"write": 404})],
    "/languages": [Row("GET", "/languages", "read")],
    "/facets/{key}": [
        Row("GET", "/facets/tenant", "read"),
        Row("GET", "/facets/language", "read"),
        Row("GET", "/facets/topic", "read"),
        Row("GET", "/facets/secret-{other}", "read"),
    ],
    "/status": [Row("GET", "/status", "read")],
    "/models": [Row("GET", "/models", "read")],
    "/metrics": [Row("GET", "/metrics", "admin")],
    "/v1/embeddings": [Row("POST", "/v1/embeddings", "read", {"input": "x"})],
    "/v1/models": [Row("GET", "/v1/models", "read")],
    "/v1/rerank": [Row("POST", "/v1/rerank", "read", {"query": "x", "documents": ["y"]}, answers={"read": 422})],
    "/health": [Row("GET", "/health", "public")],
    "/ready": [Row("GET", "/ready", "public")],
}


def routes() -> list[APIRoute]:
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def test_every_route_has_a_row() -> None:
    described = {(method, path) for path, methods in create_app().openapi()["paths"].items() for method in methods}
    rows = {(row.method.lower(), route) for route, rows in MATRIX.items() for row in rows}
    assert rows == described


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{'-'.join(route.methods)} {route.path_format}")
def test_every_route_asks_who_is_there(route: APIRoute) -> None:
    needed = {
        dependency.call.scope for dependency in route.dependant.dependencies if isinstance(dependency.call, Access)
    }
    declared = {row.scope for row in MATRIX[route.path_format] if row.method in route.methods}
    if route.path_format in PUBLIC:
        assert needed == set()
    else:
        assert needed == declared


def fill(tenants: Tenants) -> dict[str, str]:
    """Five documents of each tenant, and a job of each: its id."""
    jobs = {}
    for tenant, word in CANARIES.items():
        language = {"acme": "de", "globex": "ru"}[tenant]
        documents = [
            {
                "id": str(number),
                "text": f"{word} {SENTENCES[language]} {number}",
                "title": f"{word} {number}",
                "url": f"https://example.org/{word}/{number}",
                "metadata": {f"secret-{tenant}": number, "topic": f"{word}-{number % 2}"},
            }
            for number in range(5)
        ]
        client = tenants(tenant)
        made = client.post("/documents?wait=false", json={"documents": documents}).json()
        assert until_over(client, made["id"])["report"]["added"] == 5  # type: ignore[arg-type]
        jobs[tenant] = made["id"]
    return jobs


def ask(client: TestClient, row: Row, **values: str) -> Any:
    def filled(text: str) -> str:
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    body = None if row.body is None else json.loads(filled(json.dumps(row.body)))
    return client.request(row.method, filled(row.path), json=body, files=row.files)


@pytest.mark.parametrize("name", ["acme", "globex", "reader"])
def test_what_is_forbidden_shows_up_nowhere(tenants: Tenants, name: str) -> None:
    jobs = fill(tenants)
    scopes, filter, _ = KEYS[name]
    assert filter is not None
    tenant = filter["tenant"]
    other = {"acme": "globex", "globex": "acme"}[tenant]
    foreign = {"acme": '"ru"', "globex": '"de"'}[tenant]
    before = {line["document_id"] for line in map(json.loads, tenants("boss").get("/export").text.splitlines())}
    for rows in MATRIX.values():
        for row in rows:
            answer = ask(tenants(name), row, other=other, tenant=tenant, theirs=CANARIES[other], job=jobs[other])
            allowed = row.scope == "public" or row.scope in scopes
            expected = row.answers.get(row.scope) if allowed else 403
            assert answer.status_code == expected if expected else answer.status_code < 300, (row, answer.text)
            shown = answer.text + json.dumps(dict(answer.headers), ensure_ascii=False)
            assert CANARIES[other] not in shown, row
            assert jobs[other] not in shown, row
            assert foreign not in shown, row
            if "{other}" not in json.dumps([row.path, row.body]):
                assert other not in shown.replace(f"{tenant}/{other}/9", ""), row  # an id that it wrote itself
            settle(tenants("boss"))
    after = [json.loads(line) for line in tenants("boss").get("/export").text.splitlines()]
    assert before <= {line["document_id"] for line in after}
    assert all(line["metadata"]["tenant"] == line["document_id"].partition("/")[0] for line in after)


def settle(client: TestClient) -> None:
    """Wait for the end of all jobs."""
    for job in client.get("/jobs").json()["jobs"]:
        until_over(client, job["id"])  # type: ignore[arg-type]


def test_counts_are_those_of_the_key(tenants: Tenants) -> None:
    fill(tenants)
    counts = {name: tenants(name).get("/status").json() for name in KEYS}
    assert {name: found["documents"] for name, found in counts.items()} == {
        "acme": 5, "globex": 5, "reader": 5, "boss": 10,
    }  # fmt: skip
    assert sum(tenants("reader").get("/languages").json()["languages"].values()) == 5
    assert set(tenants("reader").get("/facets/tenant").json()["values"]) == {"acme"}
    assert len(tenants("acme").get("/export").text.splitlines()) == 5
    assert len(tenants("boss").get("/jobs").json()["jobs"]) == 2
    assert len(tenants("acme").get("/jobs").json()["jobs"]) == 1


@pytest.mark.parametrize(
    ("method", "there", "nowhere"),
    [
        ("GET", "/documents/globex/1", "/documents/globex/none"),
        ("DELETE", "/documents/globex/1", "/documents/globex/none"),
        ("GET", "/jobs/{job}", "/jobs/none"),
        ("DELETE", "/jobs/{job}", "/jobs/none"),
        ("GET", "/jobs/{job}/events", "/jobs/none/events"),
        ("GET", "/facets/secret-globex", "/facets/nothing"),
    ],
)
def test_the_forbidden_and_the_missing_are_answered_alike(
    tenants: Tenants, method: str, there: str, nowhere: str
) -> None:
    job = fill(tenants)["globex"]
    client = tenants("acme")
    answers = [
        client.request(method, path.replace("{job}", job), headers={"X-Request-ID": "same"})
        for path in (there, nowhere)
    ]
    facets = "/facets" in there
    shown = [answer.content.replace(b"secret-globex", b"nothing") if facets else answer.content for answer in answers]
    assert shown[0] == shown[1]
    assert answers[0].status_code == answers[1].status_code
    heads = [{k: v for k, v in answer.headers.items() if k not in ("date", "content-length")} for answer in answers]
    assert heads[0] == heads[1]


@pytest.mark.parametrize("presented", [None, "", "il_wrong", "Bearer", "ключ"])
def test_no_key_and_an_unknown_one_are_401(tenants: Tenants, presented: str | None) -> None:
    client = tenants("acme")
    del client.headers["Authorization"]
    headers = {} if presented is None else {"Authorization": f"Bearer {presented}".encode()}
    for route, rows in MATRIX.items():
        for row in rows:
            answer = client.request(row.method, row.path, json=row.body, files=row.files, headers=headers)
            if route in PUBLIC:
                assert answer.status_code in (200, 503)
            else:
                assert answer.status_code == 401, route
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert answer.json()["error"]["type"] == "unauthorized"


def test_a_key_that_is_gone_ends_its_jobs(make: Make, keys: dict[str, str]) -> None:
    client = make(keys="keys.toml")
    service = client.app.state.service  # type: ignore[attr-defined]
    job = new_job("documents", key=Key(name="gone", scopes=frozenset({"write"})), items=1)
    write_documents(service.jobs.room(job), [{"id": "a", "text": "a"}])
    done = service.jobs.submit(job).result(30)
    assert (done.state, done.error["type"]) == ("failed", "forbidden")


@pytest.mark.parametrize(("tenant", "prefix"), [("globex", "acme/"), ("acme", "old/")])
def test_a_name_that_was_given_to_another_tenant_brings_no_jobs_with_it(
    tenants: Tenants, tenant: str, prefix: str
) -> None:
    client = tenants("acme")
    service = client.app.state.service  # type: ignore[attr-defined]
    before = Key(name="acme", scopes=frozenset({"write"}), filter=metadata_filter({"tenant": tenant}), prefix=prefix)
    job = new_job("documents", key=before, items=1)
    write_documents(service.jobs.room(job), [{"id": "a", "text": SENTENCES["he"]}])
    done = service.jobs.submit(job).result(30)
    assert (done.state, done.error["type"]) == ("failed", "forbidden")
    assert client.get("/documents").json()["documents"] == []
    assert client.get("/jobs").json()["jobs"] == []
    assert client.get(f"/jobs/{job.id}").status_code == 404
    assert tenants("boss").get(f"/jobs/{job.id}").status_code == 200


def test_a_refused_value_is_not_repeated_whole(tmp_path: Path) -> None:
    write_documents(tmp_path, [{"id": "a", "text": SENTENCES["he"], "metadata": {"tenant": "é" * 10_000}}])
    key = Key(name="acme", scopes=frozenset({"write"}), filter=metadata_filter({"tenant": "acme"}), prefix="acme/")
    [skip] = KeyConnector(inner=StoredDocuments(path=tmp_path / "documents.jsonl"), key=key).documents()
    assert len(skip.reason) < 100
    assert "'acme'" in skip.reason


def test_without_keys_a_page_from_elsewhere_is_refused(client: TestClient) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        answer = client.post("/search", json={"query": "a"}, headers=headers)
        assert answer.status_code == 403, headers
    for headers in ({"Host": "localhost:8000"}, {"Host": "[::1]:8000"}, {"Origin": "http://localhost:3000"}):
        assert client.post("/search", json={"query": "a"}, headers=headers).status_code == 200, headers
