from __future__ import annotations

from collections.abc import Iterator

import pytest
from sites import Site, site


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as opened:
        yield opened
