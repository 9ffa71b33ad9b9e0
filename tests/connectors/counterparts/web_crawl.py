"""A web site that is crawled from its start page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sites import site

from counterparts.web import Counterpart


@contextmanager
def opened(folder: Path) -> Iterator[Counterpart]:
    with site() as served:
        yield Counterpart(served, crawled=True)
