"""Tiny models that the tests share; made only where torch is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from interlingua.retrieval.embedders.local import LocalEmbedder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For reading only."""
    from layouts import MODELS

    return {name: make(tmp_path_factory.mktemp(name)) for name, (make, *_) in MODELS.items()}


@pytest.fixture(scope="session")
def embedders(folders: dict[str, Path]) -> dict[str, LocalEmbedder]:
    from layouts import MODELS, local

    return {name: local(folders[name], name) for name in MODELS}


@pytest.fixture
def copy(folders: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copies of models, for damaging."""
    return lambda name: Path(shutil.copytree(folders[name], tmp_path / name))
