from __future__ import annotations

import pytest
from crash import loop


@pytest.mark.slow
def test_killed_at_random_points_and_run_again_the_store_is_the_same() -> None:
    outcomes = list(loop(6, seed=7, documents=60))
    assert [problems for _, _, problems in outcomes] == [[]] * 6
