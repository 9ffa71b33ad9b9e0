"""Random filters over random metadata mean the same in every engine, and what a plain Python model says."""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interlingua.retrieval.errors import FilterError
from interlingua.retrieval.filters import AnyOf, Condition, Exists, Filter, Ids, Match, Range, where
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.qdrant import QdrantStore
from interlingua.retrieval.types import Chunk
from qdrant_client import QdrantClient
from store_samples import MANIFEST, chunk, fill, number, vectors

KEYS = ["topic", "主題", "मुख्य विषय", "a-b", "author.name"]
WORDS = ["health", "法律", "ok", "", "1", "true", "2024-05-01"]
MOMENTS = [
    "2024-05-01",
    "2024-05-01T00:00:00+00:00",
    "2024-05-01T05:30:00+05:30",
    "2024-04-30T23:59:59.999999",
    "2025-01-01T00:00:00-08:00",
]
matches = st.builds(
    lambda key, items: Match(f"metadata.{key}", tuple(items)),
    st.sampled_from(KEYS),
    st.lists(st.sampled_from(WORDS) | st.integers(-3, 3) | st.booleans(), min_size=1, max_size=4),
)
bounds = st.dictionaries(st.sampled_from(["gte", "gt", "lte", "lt"]), st.integers(-3, 3) | st.floats(-3, 3), min_size=1)
moments = st.dictionaries(st.sampled_from(["gte", "gt", "lte", "lt"]), st.sampled_from(MOMENTS), min_size=1)
ranges = st.builds(lambda key, b: Range(key=f"metadata.{key}", **b), st.sampled_from(KEYS), bounds | moments)
conditions = (
    matches
    | ranges
    | st.builds(lambda key: Exists(f"metadata.{key}"), st.sampled_from(KEYS))
    | st.builds(lambda tags: Match("language", tuple(tags)), st.lists(st.sampled_from(["de", "ja"]), min_size=1))
    | st.builds(lambda ns: Ids(tuple(number(n) for n in ns)), st.sets(st.integers(0, 120), min_size=1))
)


def filters_of(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Filter]:
    return st.builds(Filter, st.lists(inner, max_size=3).map(tuple), st.lists(inner, max_size=2).map(tuple))


nested = st.recursive(
    conditions,
    lambda inner: st.builds(lambda some: AnyOf(tuple(some)), st.lists(filters_of(inner), min_size=1, max_size=3)),
    max_leaves=6,
)
filters = filters_of(nested)


def holds(chunk: Chunk, condition: Condition) -> bool:
    """The meaning of a condition, written down independently of any engine."""
    if isinstance(condition, AnyOf):
        return any(matches_filter(chunk, one) for one in condition.filters)
    if isinstance(condition, Ids):
        return chunk.id in condition.ids
    if condition.key == "language":
        stored: list[Any] = [chunk.language]
    else:
        stored = [look_up(chunk.metadata, path) for path in paths_of(condition.key.removeprefix("metadata."))]
    if isinstance(condition, Exists):
        return any(value is not None and value != [] for value in stored)
    items = [item for value in stored for item in (value if isinstance(value, list) else [value])]
    if isinstance(condition, Match):
        return any(type(item) is type(wanted) and item == wanted for item in items for wanted in condition.values)
    return any(within(item, condition) for item in items)


def matches_filter(chunk: Chunk, where: Filter) -> bool:
    return all(holds(chunk, part) for part in where.must) and not any(holds(chunk, part) for part in where.must_not)


def paths_of(key: str) -> list[list[str]]:
    return [key.split("."), [key]] if "." in key else [[key]]


def look_up(metadata: Any, path: list[str]) -> Any:
    for step in path:
        metadata = metadata.get(step) if isinstance(metadata, dict) else None
    return metadata


def within(item: Any, condition: Range) -> bool:
    limits = {name: getattr(condition, name) for name in ("gte", "gt", "lte", "lt")}
    limits = {name: value for name, value in limits.items() if value is not None}
    if any(isinstance(value, str) for value in limits.values()):
        moment = as_moment(item)
        limits = {name: as_moment(value) for name, value in limits.items()}
    else:
        moment = item if isinstance(item, (int, float)) and not isinstance(item, bool) else None
    if moment is None:
        return False
    compare = {"gte": operator.ge, "gt": operator.gt, "lte": operator.le, "lt": operator.lt}
    return all(compare[name](moment, limit) for name, limit in limits.items())


def as_moment(value: Any) -> dt.datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    rng = np.random.default_rng(7)

    def pick(options: list[Any]) -> Any:
        return options[int(rng.integers(len(options)))]

    def scalar() -> Any:
        return pick(
            [pick(WORDS), int(rng.integers(-3, 4)), bool(rng.integers(2)), pick(MOMENTS), pick([-1.5, 0.25, 2.5])]
        )

    def value() -> Any:
        return pick([scalar(), scalar(), None, [scalar() for _ in range(int(rng.integers(4)))]])

    def metadata() -> dict[str, Any]:
        drawn = {key: value() for key in KEYS if rng.random() < 0.8}
        if rng.random() < 0.5 and "author.name" in drawn:
            drawn["author"] = {"name": drawn.pop("author.name")}
        return drawn

    return [chunk(n, metadata=metadata(), language=pick(["de", "ja", "ar"])) for n in range(120)]


@pytest.fixture(scope="module")
def stores(chunks: list[Chunk], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Store]]:
    client = QdrantClient(":memory:")
    indexed = EdgeStore(tmp_path_factory.mktemp("parity") / "indexed")
    opened: list[Store] = [EdgeStore(tmp_path_factory.mktemp("parity") / "store"), QdrantStore(client), indexed]
    for store in opened:
        store.prepare(MANIFEST)
        fill(store, chunks[:60])  # some are there before the index is made, some come later
        store.index(Filter(tuple(Match(f"metadata.{key}", ("x",)) for key in KEYS)) if store is indexed else Filter())
        fill(store, chunks)
    yield opened
    for store in opened:
        store.close()
    client.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=filters)
def test_every_engine_finds_what_the_model_finds(stores: list[Store], chunks: list[Chunk], condition: Filter) -> None:
    expected = {c.id for c in chunks if matches_filter(c, condition)}
    query = vectors(1, seed=3)[0]
    rankings = []
    for store in stores:
        assert {stored.chunk.id for stored in store.scan(condition)} == expected
        assert store.count(condition) == len(expected)
        rankings.append([(hit.chunk.id, hit.score) for hit in store.search(query, limit=10, where=condition)])
    assert len(rankings[0]) == min(10, len(expected))
    for ranking in rankings[1:]:
        for (first, score), (second, other) in zip(rankings[0], ranking, strict=True):
            assert math.isclose(score, other, abs_tol=2e-6)
            assert first == second or math.isclose(score, other, abs_tol=2e-6)


def test_facets_are_the_same_in_every_engine(stores: list[Store]) -> None:
    for key in ("language", "source", "document_id", "ordinal", *(f"metadata.{key}" for key in KEYS)):
        first, *others = (list(store.facets(key).items()) for store in stores)
        assert others == [first] * len(others)
        assert first


@pytest.mark.parametrize(
    "condition",
    [
        Range(key="metadata.year", gte=math.inf),
        Range(key="metadata.year", lt=-math.inf),
        Range(key="metadata.year", gt=math.nan),
        Match("metadata.a\\b", ("x",)),
        Match('metadata.a"b', ("x",)),
        Exists("metadata.a\\"),
        Ids(("doc",)),
        AnyOf(()),
        Ids((number(1), "")),
    ],
)
def test_a_filter_that_no_engine_can_read_is_refused_as_such(stores: list[Store], condition: Condition) -> None:
    bad = Filter((condition,))
    query = vectors(1)[0]
    for store in stores:
        for ask in (
            lambda store=store: store.count(bad),
            lambda store=store: store.delete(bad),
            lambda store=store: store.search(query, limit=1, where=bad),
            lambda store=store: list(store.scan(bad)),
            lambda store=store: list(store.document_ids(bad)),
            lambda store=store: store.facets("language", bad),
        ):
            with pytest.raises(FilterError) as caught:
                ask()
            assert "folder" not in str(caught.value)


def test_what_the_embedded_engine_refuses_is_not_blamed_on_its_folder(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "store")
    store.prepare(MANIFEST)
    with pytest.raises(FilterError, match="cannot read the filter"):
        store.count(where(document_id="\ud800"))
    store.close()
