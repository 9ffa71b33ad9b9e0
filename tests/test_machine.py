"""What the machine gives a process, as containers limit it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from interlingua.retrieval.machine import cores

BOUND = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.mark.parametrize(
    ("content", "most"),
    [("max 100000\n", BOUND), ("50000 100000\n", 1), ("150000 100000\n", 2), ("9900000 100000\n", 99), ("", BOUND)],
)
def test_a_container_uses_no_more_cores_than_its_quota(tmp_path: Path, content: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert cores(tmp_path / "cpu.max") == min(most, BOUND)


def test_without_a_quota_it_is_the_cores_that_the_process_is_bound_to(tmp_path: Path) -> None:
    assert cores(tmp_path / "none") == BOUND
