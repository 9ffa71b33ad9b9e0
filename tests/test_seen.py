from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from interlingua.connectors.seen import SeenIds


@given(st.lists(st.lists(st.text(max_size=4), max_size=20), max_size=20))
def test_it_behaves_like_a_set(batches: list[list[str]]) -> None:
    seen, model = SeenIds(), set[str]()
    for batch in batches:
        expected = []
        for item in batch:
            expected.append(item not in model)
            model.add(item)
        assert seen.add(batch) == expected
    assert all(item in seen for item in model)
    assert "something that is never generated" not in seen
