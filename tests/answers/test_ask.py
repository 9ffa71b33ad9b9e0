"""`interlingua ask` as a person or a script uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from answers_samples import ENGLISH
from chat_server import ChatServer, breaks_off, refuses, says
from support import SENTENCES

Run = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., ChatServer]
TESTS = Path(__file__).parent
QUESTION = "Who is born free and equal in dignity and rights?"

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")} | {
    "INTERLINGUA_EMBEDDER": "support:NgramEmbedder",
    "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]),
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a folder with an index of one document per language; `server` becomes the chat model."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for tag, text in SENTENCES.items():
        (docs / f"{tag}.txt").write_text(text, encoding="utf-8")

    def run_(*arguments: str, server: ChatServer | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        chat = {} if server is None else {"INTERLINGUA_CHAT_URL": server.url, "INTERLINGUA_CHAT_MODEL": "tiny"}
        return subprocess.run(
            [sys.executable, "-m", "interlingua.app.cli", *arguments],
            cwd=tmp_path, env=ENVIRONMENT | chat | variables, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    assert run_("ingest", "docs").returncode == 0
    return run_


def test_an_answer_is_printed_with_its_sources_below(run: Run, serve: Serve, tmp_path: Path) -> None:
    done = run("ask", QUESTION, "-n", "2", server=serve(says(ENGLISH[:30], ENGLISH[30:])))
    assert (done.returncode, done.stderr) == (0, "")
    text, _, sources = done.stdout.partition("\n\n")
    assert text == ENGLISH
    first, second = sources.splitlines()
    english = tmp_path / "docs" / "en.txt"
    assert first.split() == ["[1]", "en", str(english), f"0-{len(SENTENCES['en'])}"]
    assert second.startswith("[2]")


def test_json_has_the_answer_the_citations_and_the_passages(run: Run, serve: Serve) -> None:
    server = serve(says("All [1]", " of them [9]. " + ENGLISH))
    done = run("ask", QUESTION, "--limit", "3", "--json", server=server)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["answer"] == f"All [1] of them. {ENGLISH}"
    assert answer["citations"][0]["quote"] == SENTENCES["en"]
    assert (answer["citations"][0]["start"], answer["citations"][0]["end"]) == (0, len(SENTENCES["en"]))
    assert len(answer["hits"]) == 3
    assert answer["hits"][0]["text"] == SENTENCES["en"]
    known = {"abstained": False, "reason": None, "removed": 1, "attempts": 1, "model": "tiny", "language": "en"}
    assert {name: answer[name] for name in known} == known
    assert answer["language_ok"] is True


def test_options_of_the_search_are_passed_on(run: Run, serve: Serve) -> None:
    server = serve(says("Ja [1]. " * 10))
    done = run("ask", QUESTION, "--language", "ja", "--filter", "format=text", "--json", server=server)
    assert [hit["language"] for hit in json.loads(done.stdout)["hits"]] == ["ja"]
    assert SENTENCES["de"] not in server.prompts()[0]
    assert "No reranker is configured" in run("ask", QUESTION, "--rerank", server=server).stderr
    assert "metadata key 'tenant'" in run("ask", QUESTION, "-f", "tenant=a", server=server).stderr


def test_without_a_chat_model_it_says_how_to_name_one_and_shows_the_passages(run: Run) -> None:
    done = run("ask", QUESTION, "-n", "2")
    assert done.returncode == 6
    assert SENTENCES["en"] in done.stdout
    for word in ("chat_url", "chat_model", "chat_key", "INTERLINGUA_CHAT_URL=http://localhost:11434", "/v1", "factory"):
        assert word in done.stderr
    done = run("ask", QUESTION, "-n", "2", "--json")
    assert done.returncode == 6
    found = json.loads(done.stdout)
    assert (found["answer"], len(found["hits"])) == (None, 2)


def test_a_model_can_be_named_as_option_or_by_a_function(run: Run, serve: Serve) -> None:
    server = serve(says(ENGLISH))
    assert ENGLISH in run("ask", QUESTION, "--chat-url", server.url, "--chat-model", "tiny").stdout
    assert ENGLISH in run("ask", QUESTION, "--chat-model", "chat_factories:shaped").stdout


def test_an_abstention_is_said_with_its_reason_and_is_no_error(run: Run, serve: Serve) -> None:
    done = run("ask", "Wer ist frei und gleich an Würde und Rechten geboren?", server=serve(says("NO_ANSWER")))
    assert (done.returncode, done.stdout) == (0, "In den Dokumenten fand sich keine Antwort auf diese Frage.\n")
    assert "do not answer the question" in done.stderr


def test_what_else_is_to_be_known_stands_on_standard_error(run: Run, serve: Serve) -> None:
    server = serve(says(ENGLISH + " So it is [77]."))
    frage = "Wer ist frei und gleich an Würde und Rechten geboren?"
    done = run("ask", frage, "-n", "14", server=server, INTERLINGUA_CHAT_CONTEXT="900")
    assert done.returncode == 0, done.stderr
    assert "The answer is in en, which is not the language of the question." in done.stderr
    assert "Passages that were found and did not fit into chat_context: " in done.stderr
    assert "do not exist and were removed: 1." in done.stderr


def test_a_failure_of_the_model_is_an_error_after_what_was_shown(run: Run, serve: Serve) -> None:
    done = run("ask", QUESTION, server=serve(breaks_off(ENGLISH)))
    assert done.returncode == 1
    assert done.stdout.startswith(ENGLISH[:60])
    assert "broke off in the middle of its answer" in done.stderr
    done = run("ask", QUESTION, server=serve(refuses(401, "bad key sk-12345")), INTERLINGUA_CHAT_KEY="sk-12345")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Give the key that this server expects" in done.stderr
    assert "sk-12345" not in done.stderr


def test_an_answer_cannot_command_the_terminal(run: Run, serve: Serve) -> None:
    done = run("ask", QUESTION, server=serve(says("\x1b]0;owned\x07" + ENGLISH + "\x1b[2J\u202e")))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_it_says_when_there_is_no_index(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "interlingua.app.cli", "ask", QUESTION],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "interlingua ingest PATH" in done.stderr
