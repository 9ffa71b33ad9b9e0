"""The command line as a person or a script uses it: real processes where exit codes and pipes matter."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from interlingua.app.cli import COMMANDS, app, command_line
from interlingua.app.cli.search import parse_filters
from interlingua.retrieval.catalogue import embedding_models, reranker_models
from interlingua.retrieval.errors import FilterError
from sites import site as running
from support import SENTENCES
from typer.testing import CliRunner

Run = Callable[..., subprocess.CompletedProcess[str]]

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")} | {
    "INTERLINGUA_EMBEDDER": "support:NgramEmbedder",
    "PYTHONPATH": str(Path(__file__).parent),
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command in an empty folder that holds docs/ with one file per language."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for tag, text in SENTENCES.items():
        (docs / f"{tag}.txt").write_text(text, encoding="utf-8")

    def run_(*arguments: str, stdin: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "interlingua.app.cli", *arguments],
            cwd=tmp_path, env=ENVIRONMENT | variables, input=stdin, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run_


def data(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_ingest_search_status_languages_list_and_delete(run: Run, tmp_path: Path) -> None:
    result = run("ingest", "docs")
    assert result.returncode == 0, result.stderr
    assert f"{len(SENTENCES)} added, 0 updated" in result.stdout
    hits = data(run("search", SENTENCES["ja"], "--limit", "3", "--json"))
    assert len(hits) == 3
    assert hits[0]["language"] == "ja"
    assert hits[0]["text"] == SENTENCES["ja"]
    assert hits[0]["document_id"] == str(tmp_path / "docs" / "ja.txt")
    shown = run("search", SENTENCES["ar"], "-n", "2")
    assert shown.returncode == 0
    assert SENTENCES["ar"][:20] in shown.stdout
    status = data(run("status", "--json"))
    assert (status["documents"], status["chunks"], status["model"]) == (len(SENTENCES), len(SENTENCES), "ngrams")
    assert data(run("languages", "--json")).keys() >= {"ja", "ar", "de", "zh-Hans"}
    ids = data(run("list", "--json"))
    assert len(ids) == len(SENTENCES)
    assert run("delete", ids[0], "--yes").returncode == 0
    assert len(data(run("list", "--json"))) == len(SENTENCES) - 1
    missing = run("delete", "nowhere", "--yes")
    assert missing.returncode == 1
    assert "No document has the id nowhere" in missing.stderr


def test_a_run_with_skipped_documents_ends_with_3_and_names_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs" / "empty.txt").write_bytes(b"")
    result = run("ingest", "docs", "--json")
    assert result.returncode == 3
    report = json.loads(result.stdout)[0]
    assert report["added"] == len(SENTENCES)
    assert [skip["id"] for skip in report["skips"]] == [str(tmp_path / "docs" / "empty.txt")]


def test_refused_deletions_end_with_4_and_say_how_to_go_on(run: Run, tmp_path: Path) -> None:
    run("ingest", "docs")
    for file in (tmp_path / "docs").iterdir():
        file.unlink()
    result = run("ingest", "docs")
    assert result.returncode == 4
    assert "--force" in result.stderr
    assert len(data(run("list", "--json"))) == len(SENTENCES)
    assert run("ingest", "docs", "--force").returncode == 0
    assert data(run("list", "--json")) == []


def test_errors_are_one_line_with_exit_code_1(run: Run) -> None:
    result = run("ingest", "no-such-folder")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert "no-such-folder" in result.stderr
    assert "Traceback" not in result.stderr
    assert run("search", "x", "--embedder", "no-such-model").returncode == 1
    assert run("ingest").returncode == 2
    assert run("nonsense").returncode == 2


@pytest.mark.parametrize(
    "command", [["search", "x"], ["status"], ["languages"], ["list"], ["export"], ["delete", "a", "-y"]]
)
def test_reading_commands_do_not_create_an_index(run: Run, tmp_path: Path, command: list[str]) -> None:
    result = run(*command)
    assert (result.returncode, result.stdout) == (1, "")
    assert "interlingua ingest PATH" in result.stderr
    assert not (tmp_path / ".interlingua").exists()


def test_a_quantization_that_is_not_the_stored_one_is_refused(run: Run) -> None:
    assert run("ingest", "docs", "--quantization", "none").returncode == 0
    assert run("ingest", "docs").returncode == 0
    result = run("ingest", "docs", "--quantization", "binary")
    assert result.returncode == 1
    assert "made with quantization none, not binary" in result.stderr


def test_names_are_shown_as_they_are_and_run_nothing(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "odd [bold] [" / "x]"
    folder.mkdir(parents=True)
    (folder / "c:key:d.txt").write_text(SENTENCES["de"])
    (folder / "x\x1b]0;title\x07\x1b[2Jy.txt").write_text(SENTENCES["en"])
    (folder / "z\x1b[2J.txt").write_bytes(b"")
    result = run("ingest", "odd [bold] [/x]")
    assert result.returncode == 3, result.stderr
    assert "[bold] [/x]" in result.stdout
    shown = result.stdout + result.stderr + run("list").stdout + run("search", "freedom").stdout
    assert "\x1b" not in shown
    assert "\\x1b[2J" in shown
    assert "c:key:d.txt" in shown
    status = run("status", "--store", "no [/x]")
    assert (status.returncode, "no [/x]" in status.stderr) == (1, True)


def test_all_paths_are_checked_before_anything_is_ingested(run: Run, tmp_path: Path) -> None:
    assert run("ingest", "docs", "missing").returncode == 1
    assert not (tmp_path / ".interlingua").exists()


def test_interrupting_ends_with_130_and_says_that_nothing_is_lost(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "interlingua.app.cli", "ingest", "-"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a background job may ignore it
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (tmp_path / ".interlingua" / "manifest.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "What was written is kept" in errors
    assert "Traceback" not in errors
    assert "Fatal" not in errors


def test_standard_input_is_a_document(run: Run) -> None:
    assert run("ingest", "-", stdin=SENTENCES["el"]).returncode == 0
    assert data(run("search", "ελεύθεροι", "--json"))[0]["language"] == "el"


def test_a_page_of_a_private_host_is_read_where_the_settings_name_it(run: Run) -> None:
    with running() as site:
        site.page("/ferry", "The ferry leaves at nine.")
        refused = run("ingest", f"{site.url}/ferry")
        assert refused.returncode == 3
        assert "web_hosts" in refused.stderr
        added = run("ingest", f"{site.url}/ferry", INTERLINGUA_WEB_HOSTS=json.dumps([site.host]))
        assert added.returncode == 0, added.stdout
    assert data(run("list", "--json")) == [f"{site.url}/ferry"]


def test_export_and_import_move_an_index(run: Run, tmp_path: Path) -> None:
    run("ingest", "docs")
    assert run("export", "all.jsonl").returncode == 0
    assert not (tmp_path / "all.jsonl.partial").exists()
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(SENTENCES)
    assert run("export", "-").stdout.splitlines() == lines
    for _ in range(2):  # importing again changes nothing
        assert run("import", "all.jsonl", "--store", "copy").returncode == 0
        assert run("export", "-", "--store", "copy").stdout.splitlines() == lines
    (tmp_path / "broken.jsonl").write_text(lines[0] + "\n" + lines[1][:50] + "\n")
    broken = run("import", "broken.jsonl", "--store", "other")
    assert broken.returncode == 1
    assert "Line 2" in broken.stderr
    for name, content, message in [
        ("empty", b"", "not an export"),
        ("alien", b"{}\n", "not an export"),
        ("binary", b"\xff\xfe\x00", "not an export"),
        ("cut", "\n".join(lines[:-1]).encode(), "cut off"),
        ("short", (lines[0] + "\n" + re.sub(r'"vector": \[[^,]+, ', '"vector": [', lines[1])).encode(), "shape (255,)"),
        ("typed", (lines[0] + "\n" + re.sub(r'"text": "[^"]*"', '"text": 5', lines[1])).encode(), "text is 5"),
    ]:
        (tmp_path / name).write_bytes(content)
        result = run("import", name, "--store", "other")
        assert result.returncode == 1
        assert message in result.stderr, name
    assert "no folder" in run("export", "nowhere/all.jsonl").stderr


def test_importing_an_older_version_replaces_the_newer_one(run: Run, tmp_path: Path) -> None:
    run("ingest", "docs")
    run("export", "old.jsonl")
    (tmp_path / "docs" / "de.txt").write_text("Ein ganz anderer Satz über den Hafen.")
    run("ingest", "docs")
    assert run("import", "old.jsonl").returncode == 0
    assert run("export", "-").stdout == (tmp_path / "old.jsonl").read_text()


def test_doctor_names_where_settings_come_from(run: Run, tmp_path: Path) -> None:
    (tmp_path / "interlingua.toml").write_text("chunk_tokens = 128\n")
    run("ingest", "docs", "--store", "here")
    result = run("doctor", "--store", "here", INTERLINGUA_QUANTIZATION="none")
    assert result.returncode == 0, result.stdout
    assert "here  (option)" in result.stdout
    assert "128  (interlingua.toml)" in result.stdout
    assert "none  (INTERLINGUA_QUANTIZATION)" in result.stdout
    assert "every document has all its chunks" in result.stdout
    findings = json.loads(run("doctor", "--json").stdout)
    assert {finding["level"] for finding in findings} <= {"ok", "note"}


def test_doctor_says_what_the_bundled_model_is_for(run: Run) -> None:
    result = run("doctor", INTERLINGUA_EMBEDDER="bundled")
    assert result.returncode == 0, result.stdout
    assert re.search(r"package onnxruntime +\d", result.stdout)
    assert "for trying out, tests and laptops; for production move to" in " ".join(result.stdout.split())


def test_doctor_looks_at_the_keys_and_the_chat_model(run: Run, tmp_path: Path) -> None:
    named = {"INTERLINGUA_CHAT_URL": "http://localhost:1", "INTERLINGUA_CHAT_MODEL": "tiny"}
    result = run("doctor", INTERLINGUA_SERVER_KEY="a-key-of-some-length", **named)
    assert result.returncode == 0, result.stdout
    assert re.search(r"keys +1 of the API", result.stdout)
    assert re.search(r"chat model +tiny", result.stdout)
    assert "a-key-of-some-length" not in result.stdout
    assert "server_key has 5 characters" in run("doctor", INTERLINGUA_SERVER_KEY="short").stdout
    assert run("doctor", INTERLINGUA_SERVER_KEY="short").returncode == 5


def test_doctor_fails_on_a_broken_store(run: Run, tmp_path: Path) -> None:
    run("ingest", "docs")
    (tmp_path / ".interlingua" / "manifest.json").write_text("{")
    result = run("doctor")
    assert result.returncode == 5
    assert "problem" in result.stdout


def test_output_into_a_closed_pipe_ends_quietly(run: Run, tmp_path: Path) -> None:
    run("ingest", "docs")
    for arguments in ("export -", "list", "search --json x"):
        command = f"'{sys.executable}' -m interlingua.app.cli {arguments} | true; exit ${{PIPESTATUS[0]}}"
        result = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
        )
        assert (result.returncode, result.stderr) == (0, "")


def commands() -> Sequence[str]:
    return [command.name or "" for command in app.registered_commands]


def test_each_command_is_added_by_the_module_that_is_named_for_it() -> None:
    assert set(COMMANDS) == {info.name for info in [*app.registered_commands, *app.registered_groups]}
    for command in COMMANDS:
        alone = command_line(command)
        assert command in {info.name for info in [*alone.registered_commands, *alone.registered_groups]}


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    reference = (Path(__file__).parent.parent / "docs" / "cli.md").read_text()
    assert f"## `interlingua {command}`" in reference


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["topic=health"], {"topic": ["health"]}),
        (["topic=health", "topic=law"], {"topic": ["health", "law"]}),
        (["year>=2020", "year<2024"], {"year": {"gte": 2020, "lt": 2024}}),
        (["status!=draft"], {"status": {"not": ["draft"]}}),
        (["final=true"], {"final": [True]}),
        (['code="2020"'], {"code": ["2020"]}),
        (["when>=2024-05-01"], {"when": {"gte": "2024-05-01"}}),
        (["題=健康"], {"題": ["健康"]}),
        (['{"year": {"gt": 1}}'], {"year": {"gt": 1}}),
    ],
)
def test_filters_on_the_command_line(conditions: list[str], expected: dict[str, Any]) -> None:
    assert parse_filters(conditions) == expected


@pytest.mark.parametrize(
    "conditions", [["topic"], ["=x"], ["{bad json"], ["year=2020", "year>=2019"], ['{"a": 1}', "a=2"]]
)
def test_unreadable_filters_are_named(conditions: list[str]) -> None:
    with pytest.raises(FilterError, match=r"filter"):
        parse_filters(conditions)


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_models_lists_every_known_model_under_a_name_that_can_be_typed(run: Run, columns: str) -> None:
    result = run("models", COLUMNS=columns)
    assert result.returncode == 0, result.stderr
    first = {line.split()[0] for line in result.stdout.splitlines() if line[:1].strip()}
    known = (*embedding_models(), *reranker_models())
    assert {model.aliases[0] for model in known} | {"bundled"} <= first


def test_models_shows_one_with_the_blanks_of_its_prompts(run: Run) -> None:
    assert data(run("models", "Zembed-1", "--json"))["suffix"] == "<|im_end|>\n"
    assert r"'<|im_end|>\n'" in run("models", "zembed-1").stdout
    listed = data(run("models", "--json"))
    assert len(listed["embedders"]) == len(embedding_models())
    assert len(listed["rerankers"]) == len(reranker_models())
    unknown = run("models", "zembed-9")
    assert unknown.returncode == 1
    assert "No known model is called 'zembed-9'" in unknown.stderr


def test_search_with_rerank_says_how_to_name_a_reranker(run: Run) -> None:
    run("ingest", "docs")
    result = run("search", "freedom", "--rerank")
    assert result.returncode == 1
    assert "No reranker is configured" in result.stderr
