"""What docs/translations.md says is run."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from interlingua import FilesConnector
from interlingua.app.cli import app
from interlingua.app.sources import OWN
from interlingua.app.translations import MODIFIED, SAME_RUN, SAME_TIME, SHARE
from interlingua.connectors.files.versions import named
from typer.testing import CliRunner

PAGE = (Path(__file__).parent.parent / "docs" / "translations.md").read_text(encoding="utf-8")
TEXTS = {
    "guide.md": "Members of the house may use the workshop on every day of the week.",
    "de/guide.md": "Mitglieder des Hauses dürfen die Werkstatt an jedem Tag der Woche benutzen.",
    "guide.ja.md": "会員は毎日、作業場を使うことができます。",
    "opening.md": "The house is open from nine to five, and closed on public holidays.",
    "opening.de.md": "Das Haus ist von neun bis fünf geöffnet und an Feiertagen geschlossen.",
}


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        path = Path("docs", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_the_commands_and_the_program_run() -> None:
    shown = []
    for line in block("sh").splitlines():
        words = re.findall(r"'[^']*'|\S+", line)[1:]
        result = CliRunner().invoke(app, [word.strip("'") for word in words])
        assert result.exit_code == 0, result.output
        shown.append(result.stdout)
    assert "guide.ja.md" in shown[1]
    assert "de/guide.md" not in shown[1]
    assert json.loads(shown[3])["groups"][1]["missing"] == ["ja", "ko"]
    done = subprocess.run([sys.executable, "-c", block("python")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:2]] == ["ja", "de"]
    assert lines[2].endswith("docs/guide.md lacks ko")
    assert lines[3].endswith("docs/opening.md lacks ja, ko")


def test_names_and_numbers_are_those_of_the_code() -> None:
    said = re.findall(r"`((?:docs/)?[\w-]+/guide\.md|guide\.de\.md)`", PAGE)
    assert len(said) >= 4
    assert all(named(path) for path in said)
    assert all(named(f"{folder}/guide.md") is None for folder in ("deu", "German", "DE"))
    assert "translations" in inspect.signature(FilesConnector).parameters
    assert "translation_group" in OWN
    assert f"{SHARE:.0%}".replace("%", " %") in PAGE
    assert all(f"`{key}`" in PAGE for key in MODIFIED)
    assert (SAME_TIME.total_seconds(), SAME_RUN.days) == (60, 1)
