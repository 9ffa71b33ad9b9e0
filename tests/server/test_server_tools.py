"""`serve --mcp`: the tools for language models on the same server, with the same keys and limits."""

from __future__ import annotations

from typing import Any

import pytest
from server_samples import Start
from support import SENTENCES

pytest.importorskip("mcp")


def ask(client: Any, key: str | None, method: str, params: dict[str, Any]) -> Any:
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers=headers)


def call(client: Any, key: str, tool: str, **arguments: Any) -> Any:
    answer = ask(client, key, "tools/call", {"name": tool, "arguments": arguments})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]["structuredContent"]


def test_a_key_finds_the_same_by_both_ways(start: Start, keys: dict[str, str]) -> None:
    server = start(keys="keys.toml", mcp=True, mcp_ingest=True)
    for tenant, tag in (("acme", "ja"), ("globex", "th")):
        added = call(server.client, keys[tenant], "ingest", documents=[{"id": "1", "text": SENTENCES[tag]}])
        assert added["added"] == 1
    for tenant, tag in (("acme", "ja"), ("globex", "th"), ("reader", "ja")):
        found = call(server.client, keys[tenant], "search", query=SENTENCES["th"], limit=50)["passages"]
        assert [(one["text"], one["language"]) for one in found] == [(SENTENCES[tag], tag)]
        head = {"Authorization": f"Bearer {keys[tenant]}"}
        both = server.client.post("/search", json={"query": SENTENCES["th"]}, headers=head).json()["hits"]
        assert [hit["document_id"] for hit in both] == [one["document_id"] for one in found]
    names = {tool["name"] for tool in ask(server.client, keys["reader"], "tools/list", {}).json()["result"]["tools"]}
    assert names == {"search", "get_document", "list_languages"}
    assert ask(server.client, "il_wrong", "tools/list", {}).status_code == 401
    assert ask(server.client, None, "tools/list", {}).status_code == 401
    assert server.stop() == 0
    lines = [line for line in server.logs() if line.get("route") == "/mcp"]
    assert {(line["status"], line["key"]) for line in lines} >= {(200, "acme"), (200, "reader"), (401, None)}
    assert SENTENCES["th"] not in "".join(server.lines)


def test_the_rate_of_a_key_counts_there_too(start: Start, keys: dict[str, str]) -> None:
    server = start(keys="keys.toml", mcp=True, rate=1)
    client = server.client
    statuses = [ask(client, keys["reader"], "tools/list", {}).status_code for _ in range(6)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_without_the_option_there_are_no_tools(start: Start) -> None:
    assert ask(start().client, None, "tools/list", {}).status_code == 404
