"""The walls of the house: what may import what, what is packaged, what an import loads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ["retrieval", "connectors", "app", "ui"]  # each may import itself and what stands before it
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def relative_imports(path: Path) -> list[tuple[str, ...]]:
    """The modules of ours that `path` imports, as parts below the root."""
    package = path.relative_to(ROOT).parent.parts
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            module = tuple((node.module or "").split(".")) if node.module else ()
            found += [(*base, *module)] if module else [(*base, alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_only_point_down(layer: str) -> None:
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    wrong = [
        f"{path.relative_to(ROOT)} imports {'.'.join(target)}"
        for path in modules(layer)
        for target in relative_imports(path)
        if target and target[0] in LAYERS and target[0] not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", ["retrieval", "connectors"])
def test_only_the_application_reads_the_environment(layer: str) -> None:
    wrong = [str(p.relative_to(ROOT)) for p in modules(layer) if re.search(r"os\.environ|getenv", p.read_text())]
    assert wrong == []


def test_every_package_of_the_tree_is_listed_for_packaging() -> None:
    tree = {
        ".".join(("interlingua", *path.parent.relative_to(ROOT).parts))
        for layer in LAYERS
        for path in (ROOT / layer).rglob("__init__.py")
    }
    assert {"interlingua", *tree} == set(PYPROJECT["tool"]["setuptools"]["packages"])


def test_an_import_loads_nothing_heavy() -> None:
    heavy = ["torch", "transformers", "sentence_transformers", "streamlit", "langchain_core", "llama_index"]
    heavy += ["fastapi", "uvicorn", "mcp", "prometheus_client"]
    heavy += ["qdrant_client", "qdrant_edge", "numpy", "pydantic", "httpx"]
    code = f"import sys, interlingua; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_public_name_resolves() -> None:
    import interlingua

    missing = [name for name in interlingua.__all__ if not hasattr(interlingua, name)]
    assert missing == []
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = interlingua.nonsense


def test_every_extra_that_a_message_names_exists() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"]
    sources = [p.read_text() for layer in LAYERS for p in modules(layer)]
    named = {name for text in sources for name in re.findall(r"interlingua\[([a-z]+)\]", text)}
    named |= {name for text in sources for name in re.findall(r'MissingExtraError\("[^"]+", "([a-z]+)"\)', text)}
    assert named
    assert named <= set(extras)


def test_the_version_is_stated_once() -> None:
    import interlingua

    assert interlingua.__version__ == PYPROJECT["project"]["version"]
