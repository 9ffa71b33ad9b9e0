"""The examples run as they stand: offline, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "examples"


def run(folder: Path, name: str, *arguments: str) -> str:
    """What an example prints; every proxy leads nowhere, so a download would fail."""
    nowhere = "http://127.0.0.1:9"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("INTERLINGUA_")}
    environment |= {"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "HF_HUB_OFFLINE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(folder)])
    command = [sys.executable, str(FOLDER / name), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plain(tmp_path: Path) -> None:
    printed = run(tmp_path, "plain.py")
    assert "7 documents in" in printed
    assert "with a filter: ['warranty/es']" in printed
    assert "pull the paper out slowly [1]." in printed
    assert "[1] manual/" in printed


def test_langchain_agent(tmp_path: Path) -> None:
    pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")
    printed = run(tmp_path, "langchain_agent.py", "紙詰まりの直し方は？")
    assert "紙詰まりの直し方は？" in printed
    assert "Tool Calls:\n  search (1)" in printed
    assert "The first thing that the search found: [manual/ja]" in printed


def test_langchain_agent_with_a_model_of_ones_own(tmp_path: Path) -> None:
    pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")
    code = (
        "from langchain_core.language_models import GenericFakeChatModel\n"
        "class Fixed(GenericFakeChatModel):\n"
        "    def bind_tools(self, tools, **kwargs): return self\n"
        "def make(): return Fixed(messages=iter(['I know that already.']))\n"
    )
    (tmp_path / "my_models.py").write_text(code, encoding="utf-8")
    printed = run(tmp_path, "langchain_agent.py", "حق التعليم", "--model", "my_models:make")
    assert "I know that already." in printed
    assert "Tool Calls" not in printed


def test_llamaindex_query_engine(tmp_path: Path) -> None:
    pytest.importorskip("llama_index.core", reason="llama-index-core is not installed: make test installs it")
    printed = run(tmp_path, "llamaindex_query_engine.py", "शिक्षा का अधिकार")
    prompt, _, sources = printed.partition("Sources:")
    assert "Query: शिक्षा का अधिकार" in prompt
    assert "rights/hi" in sources
    assert "शिक्षा का अधिकार है" in prompt


def test_http_client(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="fastapi is not installed: make test installs it")
    printed = run(tmp_path, "http_client.py")
    assert "7 documents added" in printed
    assert "upload: done (1 of 1)" in printed
    assert "uploads/заметки.txt" in printed


def test_every_example_is_run_here_and_named_in_readme() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    names = {path.name for path in FOLDER.glob("*.py")} - {"sentences.py"}
    assert names == {name for name in names if f'"{name}"' in here and f"examples/{name})" in readme}
