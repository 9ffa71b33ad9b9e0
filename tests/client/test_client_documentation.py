"""What docs/client.md says is run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import interlingua
import pytest
from chat_server import ChatServer, says
from client_samples import Start

PAGE = (Path(__file__).parent.parent.parent / "docs" / "client.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PRINTS = [
    ["3 added; ()", "udhr/ja 0 19", "{'1948': 2, '2025': 1} 3", "1 deleted"],
    ["Everyone has the right to education [1].\n[1] udhr/", "لكل شخص الحق في التعليم [1]."],
    ["queued", "done 2", "1 added; (Skip(id='uploads/empty.txt'"],
    ["FilterError http://", "nothing in fr", "(request "],
]


@pytest.fixture
def url(start: Start) -> Iterator[str]:
    """A server with the bundled model, and a chat model that has two sentences."""
    chat = ChatServer([says("Everyone has the right to education [1]."), says("لكل شخص الحق في التعليم [1].")])
    chat.start()
    server = start(embedder="bundled", chat_url=chat.url, chat_model="tiny")
    assert server.client.get("/ready").status_code == 200
    yield server.url
    chat.stop()


def test_the_examples_run(tmp_path: Path, url: str) -> None:
    for code, prints in zip(BLOCKS, PRINTS, strict=True):
        written = code.replace("http://127.0.0.1:8000", url)
        done = subprocess.run(
            [sys.executable, "-c", written], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert [wanted for wanted in prints if wanted not in done.stdout] == [], done.stdout


def test_every_method_is_on_the_page() -> None:
    methods = {name for name in vars(interlingua.Client) if not name.startswith("_")} - {"close"}
    assert {name for name in methods if f"`{name}(" not in PAGE} == set()
