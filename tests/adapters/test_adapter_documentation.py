"""What docs/langchain.md and docs/llamaindex.md say is run; an adapter without its framework says what to install."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import SENTENCES

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")
pytest.importorskip("llama_index.core", reason="llama-index-core is not installed: make test installs it")

DOCS = Path(__file__).parent.parent.parent / "docs"
BLOCKS = {
    f"{page} {number}": code
    for page in ("langchain", "llamaindex")
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    )
}


def test_the_pages_have_examples() -> None:
    assert list(BLOCKS) == ["langchain 0", "langchain 1", "llamaindex 0", "llamaindex 1"]


@pytest.mark.parametrize("code", BLOCKS.values(), ids=BLOCKS)
def test_the_examples_run(tmp_path: Path, code: str) -> None:
    (tmp_path / "docs").mkdir()
    for tag, text in SENTENCES.items():
        (tmp_path / "docs" / f"{tag}.txt").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert SENTENCES["ja"] in done.stdout or "プリンターの紙詰まりの直し方" in done.stdout


@pytest.mark.parametrize(
    ("module", "package", "extra", "adapter"),
    [
        ("langchain_core", "langchain-core", "langchain", "langchain"),
        ("llama_index.core", "llama-index-core", "llamaindex", "llamaindex"),
    ],
)
def test_importing_an_adapter_without_its_framework_says_what_to_install(
    module: str, package: str, extra: str, adapter: str
) -> None:
    code = f"""
import sys
sys.modules["{module}"] = None
from interlingua.retrieval.errors import MissingExtraError
try:
    import interlingua.retrieval.adapters.{adapter}
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == f"{package} is not installed. Run: pip install 'interlingua[{extra}]'"


def test_importing_interlingua_and_its_index_loads_no_framework() -> None:
    frameworks = ["langchain_core", "llama_index", "fastapi", "uvicorn", "mcp", "prometheus_client", "streamlit"]
    code = (
        "import sys, interlingua.app.index, interlingua.retrieval.adapters.parts; "
        f"print([name for name in {frameworks} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
