"""What docs/server.md says is run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_process import Process
from support import SENTENCES

PAGE = (Path(__file__).parent.parent.parent / "docs" / "server.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server with the bundled model, in a folder with docs/."""
    (tmp_path / "docs").mkdir()
    for tag, text in SENTENCES.items():
        (tmp_path / "docs" / f"{tag}.txt").write_text(text, encoding="utf-8")
    server = Process(tmp_path, {"embedder": "bundled"})
    assert server.client.get("/ready").status_code == 200
    yield server.url
    server.kill()


@pytest.mark.parametrize(("code", "prints"), list(zip(PYTHON, ["event: done", "[256, 256]"], strict=True)))
def test_the_examples_in_python_run(tmp_path: Path, url: str, code: str, prints: str) -> None:
    written = code.replace("http://127.0.0.1:8000", url)
    done = subprocess.run([sys.executable, "-c", written], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert prints in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_with_curl_run(tmp_path: Path, url: str) -> None:
    (commands,) = (block for block in SHELL if "curl" in block)
    answers = []
    for command in commands.replace("\\\n", " ").replace("http://127.0.0.1:8000", url).splitlines():
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        answers.append(json.loads(done.stdout))
        assert "error" not in answers[-1] or answers[-1]["error"] is None, command
        time.sleep(1)  # for the job of the upload
    assert answers[0]["report"]["added"] == 1
    assert answers[1]["items"] == 2
    assert {hit["document_id"] for hit in answers[2]["hits"]} == {"udhr/ja", "uploads/ar.txt", "uploads/de.txt"}
    assert answers[3]["metadata"] == {"year": 1948}


def test_the_key_of_the_example_opens_a_server(tmp_path: Path) -> None:
    (commands,) = (block for block in SHELL if "keys new" in block)
    command = commands.splitlines()[0].replace("interlingua", f"{sys.executable} -m interlingua.app.cli", 1)
    made = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    assert "[acme]" in (tmp_path / "keys.toml").read_text(encoding="utf-8")


def test_every_route_is_on_the_page() -> None:
    from interlingua.app.server.application import create_app

    paths = create_app().openapi()["paths"]
    assert [path for path in paths if f"{path}`" not in PAGE] == []


def test_every_setting_of_the_page_is_one() -> None:
    from interlingua.app.settings import Settings

    table = PAGE.partition("## Settings")[2].partition("##")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`([a-z_]+)`", "".join(rows)))
    assert named <= set(Settings.model_fields)
    assert len(named) > 10
