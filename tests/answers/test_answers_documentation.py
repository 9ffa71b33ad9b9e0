"""What docs/answers.md says is run, with a scripted server as the chat model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from answers_samples import ENGLISH
from attacks import ATTACKS
from chat_server import ChatServer, says
from interlingua.app.answers.abstention import SENTENCES as ABSTENTIONS
from interlingua.app.settings import load
from interlingua.retrieval.text.language import canonical_tag, detect
from support import SENTENCES

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")
GERMAN = "Alle Menschen sind frei und gleich an Würde und Rechten geboren [1]."


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with docs/ in English and German."""
    (tmp_path / "docs").mkdir()
    for tag in ("en", "de"):
        (tmp_path / "docs" / f"{tag}.txt").write_text(SENTENCES[tag], encoding="utf-8")
    return tmp_path


def environment(server: ChatServer) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return kept | {"PATH": path, "INTERLINGUA_CHAT_URL": server.url, "INTERLINGUA_CHAT_MODEL": "tiny"}


def test_the_settings_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "interlingua.toml").write_text(block("toml"), encoding="utf-8")
    settings = load()
    assert (settings.chat_url, settings.chat_model) == ("http://localhost:11434", "qwen3:8b")


def test_the_python_block_runs(docs: Path, serve: Callable[..., ChatServer]) -> None:
    server = serve(says(ENGLISH), says(GERMAN))
    done = subprocess.run(
        [sys.executable, "-c", block("python")], cwd=docs, env=environment(server), capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ENGLISH in done.stdout
    assert f"0-{len(SENTENCES['en'])} {SENTENCES['en']}" in done.stdout
    assert done.stdout.endswith(GERMAN)


def test_the_commands_run(docs: Path, serve: Callable[..., ChatServer]) -> None:
    server = serve(says(ENGLISH), says(GERMAN))
    outputs = []
    for command in block("sh").splitlines():
        run = command.replace("interlingua ", f"{sys.executable} -m interlingua.app.cli ", 1)
        done = subprocess.run(
            run, shell=True, cwd=docs, env=environment(server), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        outputs.append(done.stdout)
    assert outputs[1].startswith(ENGLISH)
    assert json.loads(outputs[2])["answer"] == GERMAN


def test_the_figures_are_those_that_were_measured() -> None:
    measured = json.loads((ROOT / "benchmarks" / "results" / "abstention.json").read_text())
    chosen, higher = measured["least_scores"]["0.25"], measured["least_scores"]["0.35"]
    assert chosen["answerable_kept"] == measured["answerable"]
    text = " ".join(PAGE.split())
    assert f"lets through all of {measured['answerable']} queries" in text
    assert f"refuses {chosen['unanswerable_refused']} of {measured['unanswerable']} questions" in text
    lost = measured["answerable"] - higher["answerable_kept"]
    assert f"would refuse {higher['unanswerable_refused']} and also {lost} of the {measured['answerable']}" in text
    assert f"[{len(ATTACKS)} attacks]" in text


@pytest.mark.parametrize("tag", ABSTENTIONS)
def test_the_sentence_of_an_abstention_is_in_its_language(tag: str) -> None:
    assert detect(ABSTENTIONS[tag]).tag == tag == canonical_tag(tag)
    assert f"in {len(ABSTENTIONS)} languages" in PAGE
