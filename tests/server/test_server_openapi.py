"""The OpenAPI description: what it has for each route, that it is current, and that the server keeps to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from interlingua.app.server.access import PUBLIC
from interlingua.app.server.application import create_app
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from server_process import Process
from support import SENTENCES

DESCRIPTION = create_app().openapi()
PUBLISHED = Path(__file__).parent.parent.parent / "docs" / "openapi.json"
OPERATIONS = [
    (method, path, operation) for path, methods in DESCRIPTION["paths"].items() for method, operation in methods.items()
]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda v: v if isinstance(v, str) else "")
def test_every_route_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert len(operation["tags"]) == 1
    assert operation.get("security") == (None if path in PUBLIC else [{"key": []}])
    assert path in PUBLIC or {"401", "403", "429"} <= set(operation["responses"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        written = json.dumps(body["examples"], ensure_ascii=False)
        assert len({ord(character) >> 8 for character in written}) > 2, "examples in several scripts"


def test_operation_ids_are_names_of_their_own() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert all(name.isidentifier() for name in ids)


def outline(description: dict[str, Any]) -> dict[str, Any]:
    """What clients depend on, without what versions of FastAPI and pydantic write differently."""
    return {
        "routes": {
            f"{method} {path}": [
                operation["operationId"],
                sorted(parameter["name"] for parameter in operation.get("parameters", ())),
                sorted(operation["responses"]),
            ]
            for path, methods in description["paths"].items()
            for method, operation in methods.items()
        },
        "schemas": {
            name: sorted(schema.get("properties", ())) for name, schema in description["components"]["schemas"].items()
        },
    }


def test_the_published_description_is_current() -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert outline(published) == outline(DESCRIPTION), "run: interlingua serve --openapi > docs/openapi.json"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server without keys, with a document in each language."""
    options = {"rate": 0, "max_body": 100_000, "max_upload": 100_000, "max_documents": 20, "request_timeout": 5}
    server = Process(tmp_path_factory.mktemp("described"), options)
    documents = [{"id": f"a/{tag}", "text": text, "metadata": {"n": 1}} for tag, text in SENTENCES.items()]
    assert server.client.post("/documents", json={"documents": documents}).status_code == 200
    yield server.url
    assert server.stop() == 0
    server.kill()


SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@SCHEMA.parametrize()
@seed(5)
@settings(
    max_examples=25,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_server_keeps_to_its_description(case: Case, url: str) -> None:
    case.validate_response(case.call(base_url=url), checks=CHECKS)
