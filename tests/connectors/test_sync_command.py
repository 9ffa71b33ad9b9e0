"""`interlingua sync` and `interlingua sources`, as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import Result
from interlingua.app.cli import app
from support import SENTENCES
from typer.testing import CliRunner

TESTS = Path(__file__).parent
MODEL = ["--embedder", "support:NgramEmbedder"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(name).mkdir()
        for tag, text in list(SENTENCES.items())[:3]:
            (Path(name) / f"{tag}.txt").write_text(text, encoding="utf-8")
    Path("interlingua.toml").write_text(
        '[sources.one]\nkind = "files"\npath = "one"\n[sources.two]\nkind = "files"\npath = "two"\n', encoding="utf-8"
    )


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code == code, result.output
    return result


def sync(*words: str, code: int = 0) -> Result:
    return run("sync", *words, *MODEL, code=code)


def rows(*words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("sources", *words, "--json").stdout)
    return found


def test_all_sources_or_those_that_are_named() -> None:
    said = sync().stdout
    assert "one: done, everything listed" in said
    assert "3 added" in said
    Path("one/new.txt").write_text(SENTENCES["th"], encoding="utf-8")
    (result,) = json.loads(sync("one", "--json").stdout)
    assert (result["name"], result["added"], result["unchanged"], result["outcome"]) == ("one", 1, 3, "done")
    assert "no source 'three'. There are: one, two" in run("sync", "three", code=1).output


def test_without_a_table_it_says_how_to_write_one() -> None:
    Path("interlingua.toml").write_text("", encoding="utf-8")
    assert "[sources.docs]" in sync(code=1).output.replace("\n", " ")
    assert "nothing is remembered" in run("sources").output.replace("\n", " ")


def test_one_that_fails_does_not_keep_the_others_from_their_turn() -> None:
    sync()
    Path("one").rename("away")
    Path("two/new.txt").write_text(SENTENCES["th"], encoding="utf-8")
    result = sync("--json", code=1)
    one, two = json.loads(result.stdout)
    assert (one["outcome"], two["added"]) == ("failed", 1)
    assert "cannot read" in one["error"]
    states = {row["name"]: row["state"] for row in rows()}
    assert states == {"one": "failing", "two": "in step"}
    assert len(run("list", *MODEL).stdout.splitlines()) == 7
    assert "cannot read" in run("sources").output


def test_exit_codes_are_those_of_ingest() -> None:
    Path("one/bad.txt").write_bytes(b"PK\x03\x04 no archive")
    sync(code=3)
    for number in range(30):
        Path(f"two/{number}.txt").write_text(f"Notice {number}.", encoding="utf-8")
    sync("two")
    for number in range(30):
        Path(f"two/{number}.txt").unlink()
    result = sync("two", code=4)
    assert "with --force" in result.output.replace("\n", " ")
    assert {row["name"]: row["state"] for row in rows()} == {"one": "in step", "two": "deletions refused"}
    assert "30 deleted" in sync("two", "--force").stdout


def test_sources_shows_state_lag_documents_and_failures() -> None:
    assert [row["state"] for row in rows()] == ["never run", "never run"]
    Path("one/bad.txt").write_bytes(b"PK\x03\x04 no archive")
    sync(code=3)
    one, two = rows()
    assert (one["kind"], one["documents"], one["pending"], two["failures"]) == ("files", 3, 0, [])
    assert isinstance(one["lag"], float)
    assert 0 <= one["lag"] < 3600
    table = run("sources").stdout
    assert "lag" in table
    assert "in step" in table
    detail = run("sources", "one").stdout
    assert "bad.txt: damaged zip container" in detail
    assert "(once, " in detail
    Path("interlingua.toml").write_text('[sources.two]\nkind = "files"\npath = "two"\n', encoding="utf-8")
    assert "not configured" in run("sources").stdout
    assert "no source 'x'. There are: two, one" in run("sources", "x", code=1).output


def test_forgetting_starts_anew_and_embeds_nothing() -> None:
    sync()
    (result,) = json.loads(sync("one", "--forget", "--json").stdout)
    assert (result["unchanged"], result["embedded"]) == (3, 0)
    assert len(rows("one")["runs"]) == 1  # type: ignore[call-overload]  # of one source it is an object


def test_a_source_without_a_table_can_be_forgotten() -> None:
    sync()
    Path("interlingua.toml").write_text('[sources.two]\nkind = "files"\npath = "two"\n', encoding="utf-8")
    assert [row["name"] for row in rows()] == ["two", "one"]
    assert "one is forgotten" in sync("one", "--forget").output
    assert [row["name"] for row in rows()] == ["two"]
    assert len(run("list", *MODEL).stdout.splitlines()) == 6
    assert "no source 'one'" in sync("one", "--forget", code=1).output
    assert "no source 'one'" in sync("one", code=1).output


def start(*words: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    command = [sys.executable, "-m", "interlingua.app.cli", "sync", *words, *MODEL]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def lines_of(process: subprocess.Popen[str], count: int) -> Sequence[dict[str, object]]:
    assert process.stdout is not None
    return [json.loads(process.stdout.readline()) for _ in range(count)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_watching_goes_on_until_it_is_told_to_stop(number: signal.Signals, code: int) -> None:
    """It runs each source again and again, goes on when one fails, and leaves the index free between two runs."""
    process = start("--watch", "0.1s", "--json")
    guard = threading.Timer(120, process.kill)
    guard.start()
    try:
        assert {str(line["name"]) for line in lines_of(process, 2)} == {"one", "two"}
        Path("one").rename("away")
        while lines_of(process, 1)[0]["outcome"] != "failed":
            pass
        Path("two/new.txt").write_text(SENTENCES["th"], encoding="utf-8")
        while not lines_of(process, 1)[0].get("added"):
            pass
        process.send_signal(number)
        process.communicate()
    finally:
        guard.cancel()
        process.kill()
    assert process.returncode == code
    states = {row["name"]: row["state"] for row in rows()}
    assert states.pop("one") in ("failing", "stopped")  # it may have been tried again this moment
    assert states == {"two": "in step"}


SLOW = """
import time
from dataclasses import dataclass
from interlingua.retrieval.types import Checkpoint, Document

@dataclass(frozen=True)
class Slow:
    source = "slow"
    complete = True
    def documents(self):
        return self.changes(None)
    def changes(self, since):
        for n in range(int(since or 0), 4000):
            if n >= 1500: time.sleep(0.05)
            if n == 1510: print("far enough", flush=True)
            yield Document(id=str(n), text=f"Notice {n}.")
            yield Checkpoint(cursor=str(n + 1))
"""


def test_stopped_by_a_signal_it_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("slow_source.py").write_text(SLOW, encoding="utf-8")
    Path("interlingua.toml").write_text('[sources.slow]\nkind = "slow_source:Slow"\n', encoding="utf-8")
    process = start("slow")
    guard = threading.Timer(120, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "far enough\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    finally:
        guard.cancel()
        process.kill()
    assert process.returncode == 130, out + err
    assert "slow: stopped" in out
    assert "run the same command again to go on" in err
    monkeypatch.syspath_prepend(tmp_path)
    found = rows("slow")
    assert isinstance(found, dict)
    assert found["state"] == "stopped"
    assert 1000 <= int(found["documents"]) < 4000
    assert found["listing"]
