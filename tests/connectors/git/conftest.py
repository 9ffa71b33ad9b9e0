from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from counterparts.git import Repository
from counterparts.git import opened as opened_repository


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with opened_repository(tmp_path) as counterpart:
        yield counterpart
