"""Whom a sync gives access to what, at once and whatever was there before."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.ingestor import Ingestor
from interlingua.connectors.sync import state
from interlingua.connectors.sync.plan import Plan
from interlingua.retrieval.errors import SourceError
from interlingua.retrieval.types import Document
from sync_samples import FOUR, HR, STAFF, Syncing, filled


def metadata(sync: Syncing) -> list[dict[str, Any]]:
    return [dict(one.chunk.metadata) for one in sync.store.scan()]


@pytest.mark.parametrize("before", ["synced", "under another name", "forgotten", "ingested"])
@pytest.mark.parametrize("plan", [HR, Plan()])
def test_another_access_holds_at_once_though_the_source_is_down(sync: Syncing, before: str, plan: Plan) -> None:
    """What the plan before set and this one does not is taken off; what was ingested without a plan is not touched."""
    source = filled(FOUR)
    if before == "ingested":
        Ingestor(sync.counting, sync.store).ingest(source)
    else:
        sync(source, plan=STAFF)
        assert metadata(sync) == [dict(STAFF.metadata)] * 4
    if before == "forgotten":
        state.forget(sync.store.records(), "it")

    def down(since: str | None) -> None:
        raise SourceError("401", permanent=True)

    source.before = down
    with pytest.raises(SourceError, match="401"):
        sync(source, plan=plan, name="new" if before == "under another name" else "it")
    assert metadata(sync) == [dict(plan.metadata)] * 4


@pytest.mark.parametrize("name", ["log", "log/part"])
def test_access_is_put_on_again_what_an_ingest_without_it_stored(sync: Syncing, name: str) -> None:
    source = filled(FOUR, source="log")
    sync(source, plan=STAFF)
    other = DocumentsConnector(items=[Document(id="a", text="Other.")], source=name)
    Ingestor(sync.counting, sync.store).ingest(other)
    assert metadata(sync).count({}) == 1
    sync(source, plan=STAFF)
    assert metadata(sync) == [dict(STAFF.metadata)] * 4


def test_access_that_is_known_to_be_in_place_is_not_looked_for_again(sync: Syncing) -> None:
    source = filled(FOUR)
    sync(source, plan=STAFF)
    (one, *_) = [one.chunk for one in sync.store.scan()]
    sync.store.upsert([dataclasses.replace(one, metadata={"access": ["hr"]})], np.ones((1, 256), dtype=np.float32))
    sync(source, plan=STAFF)
    assert {"access": ["hr"]} in metadata(sync)
    sync(source, plan=HR)
    sync(source, plan=STAFF)
    assert metadata(sync) == [dict(STAFF.metadata)] * 4


def test_passages_of_a_source_that_is_now_part_of_a_larger_one_get_its_access(sync: Syncing) -> None:
    """They were a table of their own, which is gone; the larger source, which is down, had its access already."""
    outer, inner = filled(["a"], source="log"), filled(["b"], source="log/pub")
    sync(outer, name="outer", plan=HR)
    sync(inner, name="inner", plan=STAFF)

    def down(since: str | None) -> None:
        raise SourceError("401", permanent=True)

    outer.before = down
    with pytest.raises(SourceError, match="401"):
        sync(outer, name="outer", plan=HR)
    assert [found["access"] for found in metadata(sync)] == [["hr"]] * 2
