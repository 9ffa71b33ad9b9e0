"""What the documentation says is run: code blocks, commands, figures, the command reference."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import SENTENCES

from benchmarks.readme import with_figures

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """An empty working folder with a docs/ of a few languages, as a reader of README would have."""
    (tmp_path / "docs").mkdir()
    for tag, text in SENTENCES.items():
        (tmp_path / "docs" / f"{tag}.txt").write_text(text, encoding="utf-8")
    return tmp_path


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_of_readme_run(docs: Path, code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=docs, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_commands_of_readme_run(docs: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in blocks("sh")[0].splitlines():
        done = subprocess.run(
            command, shell=True, cwd=docs, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout


def test_figures_in_readme_are_those_that_were_measured() -> None:
    assert with_figures(README) == README, "run: python -m benchmarks.readme"


def test_the_command_reference_is_up_to_date(tmp_path: Path) -> None:
    target = tmp_path / "cli.md"
    command = [sys.executable, "-m", "typer", "interlingua.app.cli", "utils", "docs", "--name", "interlingua"]
    subprocess.run([*command, "--output", str(target)], check=True, capture_output=True, timeout=60)
    assert (ROOT / "docs" / "cli.md").read_text() == target.read_text(), " ".join(command) + " --output docs/cli.md"


def test_relative_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_no_path_of_a_machine_stands_in_the_project() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    texts = [
        ROOT / name
        for name in listed
        if name.endswith((".py", ".md", ".toml", ".yml", ".json")) and "demo/docs" not in name
    ]
    pattern = re.compile("/" + r"(root|home/\w+|work)/")
    assert [str(p) for p in texts if p.exists() and pattern.search(p.read_text(encoding="utf-8"))] == []
