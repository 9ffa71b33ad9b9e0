"""Chunks survive the way into a payload and back; what no store keeps is refused by name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interlingua.retrieval.errors import InputError, StoreError
from interlingua.retrieval.stores.payload import FIELDS, clean_metadata, to_chunk, to_payloads
from interlingua.retrieval.types import Chunk, Origin
from store_samples import chunk, number

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
origins = st.none() | st.builds(Origin, source=text, revision=text, digest=text, chunks=st.integers(0, 99))
chunks = st.builds(
    Chunk,
    id=st.uuids().map(str),
    document_id=text,
    ordinal=st.integers(0, 10**6),
    text=text,
    start=st.integers(0, 10**9),
    end=st.integers(0, 10**9),
    language=st.sampled_from(["de", "zh-Hans", "und"]),
    language_confidence=st.floats(0, 1),
    title=st.none() | text,
    url=st.none() | text,
    metadata=st.dictionaries(text, plain, max_size=4),
    origin=origins,
    attached=st.none() | text,
)


@given(chunks)
def test_a_chunk_comes_back_as_it_was(original: Chunk) -> None:
    (payload,) = to_payloads([original])
    assert set(payload) <= set(FIELDS)
    assert None not in [value for key, value in payload.items() if key != "metadata"]
    assert to_chunk(original.id, json.loads(json.dumps(payload))) == original


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ({"share": float("nan")}, "metadata.share"),
        ({"share": float("inf")}, "metadata.share"),
        ({"share": np.float32("nan")}, "metadata.share"),
        ({"a": {"b": [1, {"c": b"x"}]}}, r"metadata\.a\.b\[1\]\.c"),
        ({"a": {7: 1}}, "7"),
        ({"half": "\ud800"}, "metadata.half"),
        ({"half\udfff": 1}, "metadata"),
        ({"big": 2**63}, "metadata.big"),
        ({"when": dt.time(12)}, "metadata.when"),
        ({"set": {1, 2}}, "metadata.set"),
        ({"array": np.zeros(2)}, "metadata.array"),
    ],
)
def test_metadata_that_no_store_keeps_is_refused_by_its_key(metadata: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        to_payloads([chunk(1, metadata=metadata)])
    with pytest.raises(InputError, match=named):
        clean_metadata(metadata)


def test_metadata_that_contains_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["more"] = [endless]
    with pytest.raises(InputError, match="deep"):
        clean_metadata(endless)


@pytest.mark.parametrize("field", ["text", "title", "url", "document_id", "attached"])
def test_half_a_character_is_refused_by_its_field(field: str) -> None:
    broken = dataclasses.replace(chunk(1), **{field: "ab\ud83d"})
    with pytest.raises(InputError, match=f"{field}.*position 2"):
        to_payloads([broken])


def test_a_payload_of_someone_else_is_not_taken_for_a_chunk() -> None:
    with pytest.raises(StoreError, match="document_id"):
        to_chunk(number(1), {"page_content": "x"})
