"""What a sync deletes, and when: what is gone from a source, and what is of two sources."""

from __future__ import annotations

import pytest
from interlingua.connectors.ingestor import Ingestor
from interlingua.connectors.sync.engine import forget
from interlingua.connectors.sync.plan import Plan
from interlingua.connectors.sync.status import status
from interlingua.retrieval.errors import StoreLockedError
from interlingua.retrieval.filters import where
from interlingua.retrieval.types import Gone
from sync_samples import DAY, FOUR, HR, STAFF, Syncing, documents, filled, remembered


@pytest.mark.parametrize("listed", [False, True])
def test_what_is_gone_stays_until_its_grace_is_over_unless_it_returns(sync: Syncing, listed: bool) -> None:
    source, plan = filled(FOUR), Plan(grace=DAY)
    sync(source, plan=plan)
    kept = source.texts["b"]
    for name in ("a", "b"):
        source.delete(name)
    if listed:
        source.log.clear()
    report = sync(source, plan=plan, full=listed)
    assert (report.pending, report.report.deleted, documents(sync.store)) == (2, 0, set(FOUR))
    sync.clock.now += 0.9 * DAY
    source.put("b", kept)
    report = sync(source, plan=plan, full=listed)
    assert (report.pending, sync.counting.passages) == (1, [])
    sync.clock.now += 0.2 * DAY
    report = sync(source, plan=plan)
    assert (report.pending, report.report.deleted) == (0, 1)
    assert documents(sync.store) == {"b", "c", "d"}


def test_many_gone_at_once_are_kept_until_forced_or_back(sync: Syncing) -> None:
    names = [f"n{n:02}" for n in range(40)]
    source = filled(names)
    sync(source)
    texts = dict(source.texts)
    for name in names[:20]:
        source.delete(name)
    report = sync(source)
    assert (report.outcome, report.report.refused_deletions, report.report.deleted, report.ok) == (
        "refused", 20, 0, False,
    )  # fmt: skip
    assert documents(sync.store) == set(names)
    before = remembered(sync).synced
    report = sync(source)  # it stays refused, and the source is looked at as a whole
    assert (report.listing, report.outcome, remembered(sync).synced) == (True, "refused", before)
    source.texts |= {name: texts[name] for name in names[10:20]}
    report = sync(source, force=True)
    assert (report.report.deleted, report.outcome) == (10, "done")
    assert documents(sync.store) == set(names[10:])


def test_all_gone_at_once_is_refused_even_of_a_few(sync: Syncing) -> None:
    source = filled(["a", "b"])
    sync(source)
    for name in ("a", "b"):
        source.delete(name)
    assert sync(source).outcome == "refused"
    assert sync(source, force=True).report.deleted == 2


def test_a_prefix_that_is_gone_takes_its_documents_along(sync: Syncing) -> None:
    source = filled(["t#1", "t#2", "table", *FOUR])
    sync(source)
    source.log.append(Gone(id="t#", prefix=True))
    assert sync(source).report.deleted == 2
    assert documents(sync.store) == {"table", *FOUR}


def test_no_source_deletes_what_is_anothers(sync: Syncing) -> None:
    sync(filled(["a", "b"], source="one"), name="one")
    other = filled(["c", "d"], source="two")
    sync(other, name="two")
    other.log += [Gone(id="a"), Gone(id="", prefix=True)]
    sync(other, name="two", force=True)
    assert documents(sync.store) == {"a", "b"}


def test_what_two_sources_list_stays_with_the_first_and_both_settle(sync: Syncing) -> None:
    """Their ids are URLs, say. Of the second it is a skip that names the first, and is not read."""
    one, two = filled(["a", "b", "both"], source="one"), filled(["both", "c", "d"], source="two")
    for _ in range(4):
        sync(one, name="one", plan=HR)
        report = sync(two, name="two", plan=STAFF)
    assert (len(one.asked), len(two.asked), "both" in two.read) == (4, 4, False)
    assert one.asked[1:] == ["1 log 0"] * 3
    assert two.asked[1:] == ["1 log 0"] * 3
    assert (report.failures, sync.counting.passages) == (1, [])
    (failure,) = status(sync.store.records(), "two", now=0).failures
    assert "part of one by the source one" in failure.reason
    lists = {found.chunk.document_id: found.chunk.metadata["access"] for found in sync.store.scan()}
    assert lists == {"a": ["hr"], "b": ["hr"], "both": ["hr"], "c": ["staff"], "d": ["staff"]}
    one.delete("both")
    sync(one, name="one", plan=HR)
    sync.clock.now += 1200  # what failed is tried again
    assert sync(two, name="two", plan=STAFF).report.added == 1
    assert documents(sync.store) == {"a", "b", "both", "c", "d"}
    report = Ingestor(sync.counting, sync.store).ingest(filled(["a", "x"], source="a third"))
    assert (report.added, [skip.id for skip in report.skips]) == (1, ["a"])


@pytest.mark.parametrize("former", ["the same table", "forgotten", "ingested"])
def test_what_no_other_source_keeps_is_taken_over(sync: Syncing, former: str) -> None:
    """A source with another name of its own takes over what it had; so does any, of what an ingest brought in."""
    old, new = filled(FOUR, source="old"), filled(FOUR, source="new")
    if former == "ingested":
        Ingestor(sync.counting, sync.store).ingest(old)
    else:
        sync(old, name="it" if former == "the same table" else "old")
    if former == "forgotten":
        forget(sync.store.records(), "old")
    report = sync(new, plan=HR)
    assert (report.report.skipped, report.report.updated + report.report.unchanged, report.report.embedded) == (0, 4, 0)
    assert {found.source for found in sync.store.known(FOUR).values()} == {"new"}
    new.delete("a")
    assert sync(new, plan=HR).report.deleted == 1


def test_a_source_is_not_forgotten_while_it_is_run(sync: Syncing) -> None:
    source = filled(FOUR)

    def before(since: str | None) -> None:
        with pytest.raises(StoreLockedError, match="sync of it is held"):
            forget(sync.store.records(), "it")

    source.before = before
    assert sync(source).ok


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_was_wrong_for_one_run_does_not_void_the_grace(sync: Syncing, days: int) -> None:
    source, plan = filled(FOUR), Plan(grace=DAY)
    sync(source, plan=plan)
    source.delete("a")
    sync(source, plan=plan)
    sync.clock.now += days * DAY
    source.delete("b")
    deleted = sync(source, plan=plan).report.deleted
    assert deleted == (1 if days > 0 else 0)  # a clock that jumps ahead looks like a machine that was off for as long
    sync.clock.now -= days * DAY
    for hours, pending in ((1, 2 - deleted), (23, 2 - deleted), (2, 0)):
        sync.clock.now += hours * 3600
        assert sync(source, plan=plan).pending == pending
    assert documents(sync.store) == {"c", "d"}


def test_what_others_deleted_or_lost_comes_back(sync: Syncing) -> None:
    source = filled(FOUR)
    sync(source)
    sync.store.delete(where(document_id="b"))
    assert sync(source).listing
    assert documents(sync.store) == set(FOUR)
