"""What docs/langchain.md says is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import SENTENCES

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")

PAGE = (Path(__file__).parent.parent.parent / "docs" / "langchain.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) == 2


@pytest.mark.parametrize("code", BLOCKS)
def test_the_examples_run(tmp_path: Path, code: str) -> None:
    (tmp_path / "docs").mkdir()
    for tag, text in SENTENCES.items():
        (tmp_path / "docs" / f"{tag}.txt").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert SENTENCES["ja"] in done.stdout or "プリンターの紙詰まりの直し方" in done.stdout


def test_importing_an_adapter_without_its_framework_says_what_to_install() -> None:
    code = """
import sys
sys.modules["langchain_core"] = None
from interlingua.retrieval.errors import MissingExtraError
try:
    import interlingua.retrieval.adapters.langchain
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "langchain-core is not installed. Run: pip install 'interlingua[langchain]'"


def test_importing_interlingua_and_its_index_loads_no_framework() -> None:
    code = "import sys, interlingua.app.index, interlingua.retrieval.adapters; print('langchain_core' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
