"""What docs/sync.md says is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import interlingua
import pytest
from interlingua.app.cli import app
from interlingua.app.settings import load
from interlingua.app.sources import OWN, configured
from interlingua.connectors.sync.plan import Plan
from support import SENTENCES
from typer.testing import CliRunner

PAGE = (Path(__file__).parent.parent.parent / "docs" / "sync.md").read_text(encoding="utf-8")


def block(language: str, number: int = 0) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number])


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("interlingua.toml").write_text(block("toml"), encoding="utf-8")
    Path("handbook").mkdir()
    for tag, text in SENTENCES.items():
        Path(f"handbook/{tag}.txt").write_text(text, encoding="utf-8")


def test_the_table_is_one_and_every_key_is_on_the_page() -> None:
    (source,) = configured(load())
    assert (source.every, source.plan.grace) == (900, 86400)
    table = PAGE.partition("## The table")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(OWN)
    assert (Plan().full_every, Plan().expire, Plan().grace) == (7 * 86400, 30 * 86400, 0)


def test_the_commands_run() -> None:
    for line in block("sh").splitlines():
        words = line.partition("#")[0].split()[1:]
        model = ["--embedder", "support:NgramEmbedder"] if words[0] == "sync" else []
        result = CliRunner().invoke(app, [*words, *model])
        assert result.exit_code == 0, result.output
        assert "handbook" in result.stdout


def test_the_program_runs() -> None:
    done = subprocess.run([sys.executable, "-c", block("python")], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"done {len(SENTENCES)} 0\n"), done.stderr


def test_the_key_sees_by_its_group() -> None:
    (command,) = re.findall(r"^    interlingua (keys new .*?) >> keys.toml$", PAGE, re.MULTILINE)
    result = CliRunner().invoke(app, command.split())
    assert 'filter = { "access" = ["staff"] }' in result.stdout


def test_a_part_with_an_access_list_of_its_own_keeps_it() -> None:
    Path("interlingua.toml").write_text(block("toml", 1), encoding="utf-8")
    for folder in ("docs", "docs/hr"):
        Path(folder).mkdir()
        for tag, text in SENTENCES.items():
            Path(f"{folder}/{tag}.txt").write_text(text, encoding="utf-8")
    for _ in range(2):
        for name in ("docs", "hr"):
            result = CliRunner().invoke(app, ["sync", name, "--embedder", "support:NgramEmbedder"])
            assert result.exit_code == 0, result.output
        with interlingua.open(embedder="support:NgramEmbedder") as index:
            lists = [one.chunk.metadata.get("access") for one in index.store.scan()]
        assert (lists.count(["hr"]), lists.count(None)) == (len(SENTENCES), len(SENTENCES))
