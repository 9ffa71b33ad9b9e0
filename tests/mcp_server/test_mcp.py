"""The tools behind the Model Context Protocol, asked by its own client: in memory, on standard input, over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import httpx
import interlingua
import pytest
from interlingua import Document
from interlingua.app.access.keys import Key, Keys, Scope, digest
from interlingua.app.access.view import View
from interlingua.retrieval.filters import metadata_filter
from support import SENTENCES, NgramEmbedder

pytest.importorskip("mcp")
from interlingua.app.mcp.serving import HttpApp, key_of, make, standalone
from mcp import Client

SECRET = "geheim"
READ: frozenset[Scope] = frozenset(["read"])
WRITE: frozenset[Scope] = frozenset(["read", "write"])
ACME = Key(name="acme", scopes=WRITE, filter=metadata_filter({"tenant": "acme"}), prefix="acme/")
GLOBEX = Key(name="globex", scopes=READ, filter=metadata_filter({"tenant": "globex"}))
READER = Key(name="reader", scopes=READ)
WRITER = Key(name="writer", scopes=frozenset(["write"]))
HANDED = {"secret-acme": ACME, "secret-globex": GLOBEX, "secret-reader": READER, "secret-writer": WRITER}


@pytest.fixture
def index(open_index: Callable[..., interlingua.Index]) -> interlingua.Index:
    made = open_index(embedder=NgramEmbedder())
    documents = [
        Document(id=f"acme/{tag}", text=text, title=f"Artikel {tag}", metadata={"tenant": "acme"})
        for tag, text in SENTENCES.items()
        if tag not in ("th", "el")
    ]
    long = "\n\n".join(f"{n}. {SENTENCES['de']}" for n in range(60))
    made.ingest(
        [
            *documents,
            Document(id="acme/lang", text=long, metadata={"tenant": "acme"}),
            Document(id=f"globex/{SECRET}", text=SENTENCES["th"], metadata={"tenant": "globex", SECRET: SECRET}),
            Document(id=f"nobody/{SECRET}", text=SENTENCES["el"]),
        ]
    )
    return made


def asked(server: Any, question: Callable[[Client], Awaitable[Any]]) -> Any:
    """What `question` gives, asked by a client of `server` (in memory, a URL or a command)."""

    async def run() -> Any:
        with anyio.fail_after(60):
            async with Client(server) as client:
                return await question(client)

    return anyio.run(run)


def call(server: Any, tool: str, **arguments: Any) -> Any:
    """The structured answer of a tool, or the text of its error."""

    async def question(client: Client) -> Any:
        result = await client.call_tool(tool, arguments)
        (content,) = result.content
        if result.is_error:
            assert content.type == "text"
            return content.text
        assert content.type == "text"
        assert json.loads(content.text) == result.structured_content  # for clients that read text alone
        return result.structured_content

    return asked(server, question)


def tools(server: Any) -> dict[str, Any]:
    async def question(client: Client) -> Any:
        return {tool.name: tool for tool in (await client.list_tools()).tools}

    found: dict[str, Any] = asked(server, question)
    return found


def server_of(index: interlingua.Index, key: Key, *, ingest: bool = False) -> Any:
    view = View(index, key)
    return make(lambda request: view, ingest=ingest)


def test_a_search_finds_every_language_and_says_where_the_passage_stands(index: interlingua.Index) -> None:
    server = server_of(index, READER)
    for tag in ("ja", "ar", "hi", "zh-Hans"):
        (first, *_) = call(server, "search", query=SENTENCES[tag], limit=3)["passages"]
        assert first["document_id"] == f"acme/{tag}"
        assert (first["language"], first["title"]) == (tag, f"Artikel {tag}")
        assert first["text"] == SENTENCES[tag][first["start"] : first["end"]]
        assert first["metadata"] == {"tenant": "acme"}


def test_languages_and_filters_narrow_a_search(index: interlingua.Index) -> None:
    server = server_of(index, READER)
    found = call(server, "search", query="recht", languages=["Japanese", "ko"])["passages"]
    assert {passage["language"] for passage in found} == {"ja", "ko"}
    found = call(server, "search", query="recht", filter={"tenant": "globex"})["passages"]
    assert [passage["document_id"] for passage in found] == [f"globex/{SECRET}"]


def test_of_versions_of_a_document_one_is_shown_to_the_reader(index: interlingua.Index) -> None:
    index.ingest([Document(id=f"v/{t}", text=SENTENCES[t], metadata={"translation_group": "v"}) for t in ("ru", "ka")])
    server = server_of(index, READER)
    for reader, shown in (["Georgian"], {"v/ka"}), (["ja", "ru"], {"v/ru"}), (None, {"v/ka", "v/ru"}):
        found = call(server, "search", query=SENTENCES["ka"], limit=50, reader=reader)["passages"]
        assert {passage["document_id"] for passage in found if passage["document_id"].startswith("v/")} == shown


def test_a_long_document_is_read_in_parts(index: interlingua.Index) -> None:
    server = server_of(index, READER)
    whole = "\n\n".join(f"{n}. {SENTENCES['de']}" for n in range(60))
    start, parts = 0, []
    while start is not None:
        part = call(server, "get_document", document_id="acme/lang", start=start, characters=1000)
        parts += part["passages"]
        start = part["next_start"]
    assert len(parts) > 3
    assert [whole[p["start"] : p["end"]] for p in parts] == [p["text"] for p in parts]
    assert [p["start"] for p in parts] == sorted({p["start"] for p in parts})
    assert parts[-1]["end"] == len(whole)
    assert part["languages"] == {"de": len(parts)}


def test_languages_are_listed_by_name(index: interlingua.Index) -> None:
    answer = call(server_of(index, GLOBEX), "list_languages")
    assert answer == {"documents": 1, "passages": 1, "languages": [{"tag": "th", "name": "Thai", "passages": 1}]}


def test_descriptions_name_the_languages_that_the_caller_can_find(index: interlingua.Index) -> None:
    described = tools(server_of(index, ACME))["search"].description
    assert "Do not translate" in described or "do not translate" in described
    assert "German (de)" in described
    assert "Thai" not in described
    assert "The documents are in Thai (th)." in tools(server_of(index, GLOBEX))["search"].description


def test_what_a_key_does_not_see_is_in_no_answer(index: interlingua.Index) -> None:
    server = server_of(index, ACME, ingest=True)
    answers = [
        call(server, "search", query=SENTENCES["th"], limit=50),
        call(server, "search", query="x", languages=["th"]),
        call(server, "search", query="x", filter={"tenant": "globex"}),
        call(server, "search", query="x", filter={"tenant": {"exists": True}}, limit=50),
        call(server, "list_languages"),
        call(server, "ingest", documents=[{"id": "x", "text": "y", "metadata": {"tenant": "globex"}}]),
    ]
    shown = json.dumps([answers, [tool.model_dump(mode="json") for tool in tools(server).values()]])
    assert SECRET not in shown
    assert "globex/" not in shown
    assert "Thai" not in shown
    assert call(server, "get_document", document_id=f"globex/{SECRET}") == call(
        server, "get_document", document_id="missing"
    ).replace("missing", f"globex/{SECRET}")


def test_documents_are_added_only_where_it_is_allowed_and_by_a_key_that_may_write(index: interlingua.Index) -> None:
    added = {"documents": [{"id": "neu", "text": SENTENCES["th"], "title": "ใหม่"}]}
    for server in (server_of(index, ACME), server_of(index, READER, ingest=True)):
        assert "ingest" not in tools(server)
        assert "no tool 'ingest'" in call(server, "ingest", **added)
    allowed = server_of(index, ACME, ingest=True)
    assert tools(allowed)["ingest"].annotations.read_only_hint is False
    assert call(allowed, "ingest", **added) == {"added": 1, "updated": 0, "unchanged": 0, "skipped": []}
    assert call(allowed, "get_document", document_id="neu")["document_id"] == "acme/neu"
    refused = call(allowed, "ingest", documents=[{"id": "b", "text": "c", "metadata": {"tenant": "x"}}])
    assert refused["added"] == 0
    assert refused["skipped"] == [{"id": "acme/b", "reason": "its tenant has to be 'acme', and is 'x'"}]


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("search", {}, "search: query: Field required"),
        ("search", {"query": " "}, "The query is empty"),
        ("search", {"query": "x" * 5000}, "at most 4000 characters"),
        ("search", {"query": "x", "limit": 51}, "limit: Input should be less than or equal to 50"),
        ("search", {"query": "x", "languages": ["Klingon"]}, "Unknown language 'Klingon'"),
        ("search", {"query": "x", "filter": {"year": {"from": 1}}}, "Unknown operator 'from'"),
        ("search", {"query": "x", "translate": True}, "translate: Extra inputs are not permitted"),
        ("get_document", {"document_id": "missing"}, "There is no document 'missing'"),
        ("delete", {}, "There is no tool 'delete'"),
    ],
)
def test_an_error_says_what_to_do(index: interlingua.Index, tool: str, arguments: dict[str, Any], message: str) -> None:
    assert message in call(server_of(index, READER), tool, **arguments)


def test_a_fault_inside_is_logged_and_not_told(index: interlingua.Index, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(NgramEmbedder):
        def embed_queries(self, texts: Any) -> Any:
            raise RuntimeError(f"password={SECRET}")

    from interlingua.app.index import Index

    broken = Index(embedder=Broken(), store=index.store, manifest=index.manifest, settings=index.settings)
    message = call(server_of(broken, READER), "search", query="x")
    assert message == "search failed inside the server; its log says why."
    assert SECRET in caplog.text


def test_a_store_that_fails_is_not_described(index: interlingua.Index) -> None:
    server = server_of(index, READER)
    index.close()
    assert call(server, "search", query="x") == "search failed inside the server; its log says why."


@contextmanager
def listening(index: interlingua.Index, keys: Keys) -> Iterator[str]:
    """The tools over HTTP at a free port of this machine."""
    import uvicorn

    view = cache(lambda key: View(index, key))
    app = standalone(HttpApp(make(lambda request: view(key_of(request)), ingest=True), keys))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            thread.join(20)
    assert not thread.is_alive()


def ask_over_http(url: str, secret: str | None, method: str, params: dict[str, Any], **headers: str) -> httpx.Response:
    """One request of the protocol as it was before 2026, which needs no session here."""
    given = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18", **headers}
    if secret is not None:
        given["Authorization"] = f"Bearer {secret}"
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return httpx.post(url, json=body, headers=given, timeout=20, trust_env=False)


SEARCH = {"name": "search", "arguments": {"query": SENTENCES["th"], "limit": 50}}


def test_over_http_each_request_sees_what_its_key_sees(index: interlingua.Index) -> None:
    keys = Keys({digest(secret): key for secret, key in HANDED.items()})
    with listening(index, keys) as url:
        found = {}
        for secret in ("secret-acme", "secret-globex", "secret-reader"):
            answer = ask_over_http(url, secret, "tools/call", SEARCH).json()["result"]["structuredContent"]
            found[secret] = {passage["document_id"] for passage in answer["passages"]}
        listed = {
            secret: {tool["name"] for tool in ask_over_http(url, secret, "tools/list", {}).json()["result"]["tools"]}
            for secret in found
        }
    everything = set(index.documents())
    assert found["secret-reader"] == everything
    assert found["secret-globex"] == {f"globex/{SECRET}"}
    assert found["secret-acme"] == {name for name in everything if name.startswith("acme/")}
    reading = {"search", "get_document", "list_languages"}
    assert listed == {"secret-acme": reading | {"ingest"}, "secret-globex": reading, "secret-reader": reading}


@pytest.mark.parametrize("secret", [None, "wrong", "secret-writer", "secret-acme2"])
def test_over_http_nothing_is_said_without_a_key_that_reads(index: interlingua.Index, secret: str | None) -> None:
    keys = Keys({digest(each): key for each, key in HANDED.items()})
    with listening(index, keys) as url:
        answer = ask_over_http(url, secret, "tools/call", SEARCH)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "acme" not in answer.text


def test_over_http_a_web_page_cannot_reach_a_server_without_keys(index: interlingua.Index) -> None:
    with listening(index, Keys({})) as url:
        assert ask_over_http(url, None, "tools/list", {}).status_code == 200
        assert ask_over_http(url, None, "tools/list", {}, Origin="https://example.org").status_code == 403
        assert ask_over_http(url, None, "tools/list", {}, Host="example.org").status_code == 421
        assert ask_over_http(url.replace("/mcp", "/other"), None, "tools/list", {}).status_code == 404


def test_the_client_of_the_protocol_speaks_to_it_over_http(index: interlingua.Index) -> None:
    with listening(index, Keys({})) as url:
        assert call(url, "search", query=SENTENCES["ko"])["passages"][0]["document_id"] == "acme/ko"


def on_standard_input(store: Path, **variables: str) -> Any:
    from mcp.client.stdio import StdioServerParameters

    here = str(Path(__file__).parent.parent)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")} | {
        "PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]),
        **variables,
    }
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "interlingua.app.cli", "mcp", "--store", str(store), "--embedder", "support:NgramEmbedder"],
        env=environment,
    )


def test_on_standard_input_with_the_key_of_the_environment(index: interlingua.Index, tmp_path: Path) -> None:
    index.close()
    store = tmp_path / "index"
    assert call(on_standard_input(store), "search", query=SENTENCES["th"])["passages"][0]["language"] == "th"
    keys = tmp_path / "keys.toml"
    lines = ["[acme]", f'sha256 = "{digest("il_secret")}"', 'scopes = ["read"]', 'filter = { tenant = "acme" }']
    keys.write_text("\n".join(lines), encoding="utf-8")
    known = {"INTERLINGUA_KEYS": str(keys)}
    server = on_standard_input(store, **known, INTERLINGUA_MCP_KEY="il_secret")
    assert SECRET not in json.dumps(call(server, "search", query=SENTENCES["th"], limit=50))


def test_a_server_that_is_told_to_stop_closes_its_index(index: interlingua.Index, tmp_path: Path) -> None:
    index.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = on_standard_input(tmp_path / "index")
    process = subprocess.Popen(
        [command.command, *command.args, "--http", "--port", str(port)], env=command.env, stderr=subprocess.PIPE
    )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if ask_over_http(f"http://127.0.0.1:{port}/mcp", None, "tools/list", {}).status_code == 200:
                    break
            time.sleep(0.05)
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()
    (left,) = [path for path in (tmp_path / "index").iterdir() if path.is_file() and '"closed"' in path.read_text()]
    assert json.loads(left.read_text())["points"]  # what closing in order leaves behind


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keys", "keys.toml"], "set INTERLINGUA_MCP_KEY"),
        (["--http", "--host", "0.0.0.0"], "Without keys the tools are for this machine alone"),
        (["--store", "nowhere"], "There is no index at nowhere"),
    ],
)
def test_the_command_refuses_what_would_not_be_safe(
    index: interlingua.Index, tmp_path: Path, arguments: list[str], message: str
) -> None:
    from interlingua.app.cli import app
    from typer.testing import CliRunner

    index.close()
    (tmp_path / "keys.toml").write_text(f'[a]\nsha256 = "{digest("s")}"\nscopes = ["read"]\n')
    given = ["mcp", "--store", "index", "--embedder", "support:NgramEmbedder", *arguments]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 1
    assert message in " ".join(result.stderr.split())
