"""What the sync engine does with changes, cursors, failures and what is gone; over an embedded store and a server's."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.ingestor import Ingestor
from interlingua.connectors.sync import state
from interlingua.connectors.sync.engine import forget
from interlingua.connectors.sync.plan import Plan
from interlingua.connectors.sync.status import status
from interlingua.retrieval.errors import SourceError, StoreError, StoreLockedError, TooEarlyError
from interlingua.retrieval.filters import where
from interlingua.retrieval.migration import bring_in_step, roll_back
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.collection_records import CollectionRecords
from interlingua.retrieval.stores.connection import Connection
from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from qdrant_client import QdrantClient
from support import NgramEmbedder, ShortNgrams
from sync_samples import (
    DAY,
    Item,
    KilledError,
    Killing,
    Log,
    Syncing,
    documents,
    filled,
    manifest,
    memory_store,
    passing_store,
    snapshot,
)  # fmt: skip

FOUR = ["a", "b", "c", "d"]
STAFF, HR = Plan(metadata={"access": ["staff"], "topic": "work"}), Plan(metadata={"access": ["hr"]})


@pytest.fixture(params=["edge", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "edge":
        with passing_store(tmp_path / "index") as edge:
            yield edge
    else:
        with memory_store() as memory:
            yield memory


@pytest.fixture
def sync(store: Store) -> Syncing:
    return Syncing(store)


@pytest.fixture
def small(sync: Syncing) -> None:
    """Segments of two items."""
    sync.segment_items = 2


def remembered(sync: Syncing, name: str = "it") -> state.State:
    found = state.load(sync.store.records(), name)
    assert found is not None
    return found


def test_after_a_listing_only_changes_are_asked_for(sync: Syncing) -> None:
    source = filled(FOUR)
    assert sync(source).listing
    source.put("e", "A new notice about the bridge.")
    source.delete("a")
    source.read.clear()
    report = sync(source)
    assert (source.asked, source.read, report.listing) == ([None, "1 log 0"], ["e"], False)
    assert (report.report.added, report.report.deleted, report.outcome) == (1, 1, "done")
    assert documents(sync.store) == {"b", "c", "d", "e"}
    assert remembered(sync).cursor == "1 log 2"


def test_a_cursor_is_committed_after_the_data_that_it_covers(sync: Syncing, small: None) -> None:
    """At every commit, all that was listed before its checkpoint is in the store."""
    source = filled([f"n{n}" for n in range(9)], every=3)
    for after in range(60):
        try:
            sync(source, store=Killing(sync.store, after))
        except KilledError:
            found = state.load(sync.store.records(), "it")
            kind, place = ("list", "0") if found is None or not found.cursor else found.cursor.split()[1:]
            assert documents(sync.store) >= {f"n{n}" for n in range(int(place) if kind == "list" else 9)}
            continue
        break
    else:
        pytest.fail("never came to its end")
    assert len(set(source.asked)) > 3  # it went on from several places
    assert documents(sync.store) == set(source.texts)


def test_a_listing_that_breaks_off_goes_on_from_its_last_checkpoint(sync: Syncing, small: None) -> None:
    source = filled([f"n{n}" for n in range(8)])
    sync(source)
    del source.texts["n1"]  # without a word in the log
    source.read.clear()
    places: list[str] = []

    def breaking(items: Iterator[Item]) -> Iterator[Item]:
        for number, item in enumerate(items):
            if number == 5:
                raise SourceError("the connection was lost", permanent=True)
            yield item

    source.around = breaking
    for _ in range(3):
        with pytest.raises(SourceError, match="lost"):
            sync(source, full=True)
        assert documents(sync.store) == {f"n{n}" for n in range(8)}  # half a listing deletes nothing
        places.append(str(remembered(sync).cursor))
        if len(places) == 2:
            break
    assert len(set(places)) == 2
    source.around = lambda items: items
    asked = len(source.asked)
    report = sync(source)
    assert source.asked[asked:] == [places[-1]]
    assert (report.listing, report.report.deleted, report.report.added) == (True, 1, 0)
    assert documents(sync.store) == {f"n{n}" for n in range(8) if n != 1}
    assert source.read == []  # all revisions were known
    assert [n for n in sync.store.records().names() if "seen" in n] == []


def test_a_source_that_comes_back_is_waited_for(sync: Syncing) -> None:
    source = filled(FOUR)
    failures = iter([SourceError("503"), SourceError("429", retry_after=40), SourceError("503"), None])

    def before(since: str | None) -> None:
        if (error := next(failures)) is not None:
            raise error

    source.before = before
    assert sync(source).ok
    first, second, third = sync.clock.slept
    assert 0.4 < first < 2
    assert second == 40
    assert 0.4 < third < 61


def test_a_source_that_stays_away_is_given_up_and_remembered(sync: Syncing) -> None:
    source = filled(FOUR)

    def before(since: str | None) -> None:
        raise SourceError("503 of the source", retry_after=70)

    source.before = before
    with pytest.raises(SourceError, match="503"):
        sync(source)
    assert sync.clock.slept == [70.0] * 4
    (run,) = remembered(sync).runs
    assert (run.outcome, run.error) == ("failed", "503 of the source")
    found = status(sync.store.records(), "it", now=sync.clock())
    assert (found.lag, found.documents, found.not_before) == (None, 0, run.began + 4 * 70 + 70)


@pytest.mark.parametrize("patient", [False, True])
def test_a_source_that_asked_to_be_left_alone_is_until_then(sync: Syncing, patient: bool) -> None:
    """The time runs from its last answer, which came when the run had waited for long."""
    source, answers = filled(FOUR), iter([290.0, 290.0, 290.0, 1200.0, None])

    def before(since: str | None) -> None:
        if (asked := next(answers)) is not None:
            raise SourceError("429", retry_after=asked)

    source.before = before
    with pytest.raises(SourceError, match="429"):
        sync(source)
    until = sync.clock.now + 1200
    assert status(sync.store.records(), "it", now=0).not_before == until
    for left in (1200, 10):
        sync.clock.now = until - left
        with pytest.raises(TooEarlyError, match=r"left alone until 2001-09-.*interlingua sync it --forget") as caught:
            sync(source, patient=patient)
        assert (caught.value.retry_after, len(source.asked), len(remembered(sync).runs)) == (left, 4, 1)
    sync.clock.now = until
    assert sync(source, patient=patient).ok
    assert remembered(sync).not_before is None


def test_other_options_or_a_clock_set_back_ask_a_source_that_is_to_be_left_alone(sync: Syncing) -> None:
    source = filled(FOUR)

    def before(since: str | None) -> None:
        raise SourceError("429", retry_after=40 * DAY)

    source.before = before
    for moved, plan in (
        (0, Plan()),
        (0, Plan(options="other")),
        (-40 * DAY, Plan(options="other")),
        (DAY, Plan(options="other")),
    ):
        sync.clock.now += moved
        with pytest.raises(SourceError, match="429"):
            sync(source, plan=plan)
    with pytest.raises(TooEarlyError):
        sync(source, plan=Plan(options="other"))


@pytest.mark.parametrize(
    "error",
    [
        SourceError("401", permanent=True),
        SourceError("in an hour", retry_after=3600),
        ValueError("a mistake of the connector"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(sync: Syncing, error: Exception) -> None:
    source = filled(FOUR)

    def before(since: str | None) -> None:
        raise error

    source.before = before
    with pytest.raises(SourceError, match=str(error)):
        sync(source)
    assert sync.clock.slept == []
    assert len(source.asked) == 1


def test_a_lost_connection_of_a_careless_connector_shows_no_password(sync: Syncing) -> None:
    source = filled(FOUR)

    def before(since: str | None) -> None:
        raise ConnectionError("cannot connect to https://user:hunter2@example.org/feed")

    source.before = before
    with pytest.raises(SourceError, match=r"https://\*\*\*@example.org") as caught:
        sync(source)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(remembered(sync))


def test_a_cursor_that_is_lost_makes_everything_be_listed_again(sync: Syncing) -> None:
    source = filled(FOUR)
    sync(source)
    source.epoch = "2"
    del source.texts["b"]
    report = sync(source)
    assert source.asked[-2:] == ["1 log 0", None]
    assert (report.listing, report.report.deleted, sync.counting.passages) == (True, 1, [])


def test_a_periodic_listing_finds_what_changes_missed(sync: Syncing) -> None:
    source = filled(FOUR)
    sync(source)
    del source.texts["b"]
    source.texts["c"] = "Another text, without a word in the log."
    sync.clock.now += 6 * DAY
    assert not sync(source).listing
    sync.clock.now += DAY
    report = sync(source)
    assert (report.listing, report.report.deleted, report.report.updated) == (True, 1, 1)
    sync.clock.now += DAY
    assert not sync(source).listing
    sync.clock.now += DAY
    assert sync(source, plan=Plan(full_every=1.5 * DAY)).listing


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


def test_the_last_word_of_a_source_counts(sync: Syncing) -> None:
    """The same id again and again within one stream of changes."""
    source = filled(["a", "b", "c"])
    sync(source)

    def version(text: str) -> Document:
        return Document(id="a", text=text)

    source.log += [version("One."), version("Two."), Gone(id="a"), version("Three."), Gone(id="b"), Gone(id="c")]
    source.log += [Document(id="c", text="Back again."), version("Almost."), version("The last word.")]
    sync(source, force=True)
    texts = {one.chunk.document_id: one.chunk.text for one in sync.store.scan()}
    assert texts == {"a": "The last word.", "c": "Back again."}


def test_failures_are_tried_again_longer_and_longer_after_one_another(sync: Syncing) -> None:
    source = filled(FOUR, unreadable={"b"})
    sync(source)
    hours: list[int] = []
    for hour in range(24 * 14):
        sync.clock.now += 3600
        if sync(source).listing and "b" in source.read:
            hours.append(hour)
        source.read.clear()
    assert hours[:5] == [0, 1, 2, 4, 7]  # after 10 minutes, 20, 40, 80, …
    assert len(hours) < 12
    (failure,) = status(sync.store.records(), "it", now=0).failures
    assert (failure.id, failure.reason, failure.attempts) == ("b", "locked", len(hours) + 1)
    source.unreadable.clear()
    sync(source, full=True)
    assert documents(sync.store) == set(FOUR)
    assert status(sync.store.records(), "it", now=0).failures == ()


def test_a_failure_vanishes_or_expires(sync: Syncing) -> None:
    """Once it has expired, only a listing that is made anyway reads it again; it is not noted as a new one by that."""
    source = filled(FOUR, unreadable={"b", "c"})
    assert sync(source).failures == 2
    source.delete("b")
    assert sync(source).failures == 1
    sync.clock.now += 31 * DAY
    assert not sync(source, plan=Plan(full_every=99 * DAY)).listing
    source.read.clear()
    weeks: list[int] = []
    for hour in range(24 * 21):
        sync.clock.now += 3600
        if sync(source).listing:
            weeks.append(hour)
    assert (len(weeks), source.read) == (3, ["c"] * 3)
    (failure,) = status(sync.store.records(), "it", now=0).failures
    assert (failure.first, failure.attempts) == (1_000_000_000.0, 4)
    source.unreadable.clear()
    assert sync(source, full=True).failures == 0
    assert documents(sync.store) == {"a", "c", "d"}


def test_a_failure_that_a_source_of_changes_alone_no_longer_lists_is_forgotten(sync: Syncing) -> None:
    source = filled(FOUR, unreadable={"b"}, complete=False)
    assert sync(source).failures == 1
    del source.texts["b"]
    report = sync(source, full=True)
    assert (report.failures, report.report.deleted) == (0, 0)


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


def test_a_patient_run_does_not_read_at_once_what_failed_just_now(sync: Syncing) -> None:
    source = filled(FOUR, unreadable={"b"})
    sync(source)
    source.read.clear()
    report = sync(source, full=True, patient=True)
    assert (source.read, report.report.skipped) == ([], 1)
    assert "locked" in report.report.skips[0].reason
    (failure,) = status(sync.store.records(), "it", now=0).failures
    assert failure.attempts == 1
    source.texts["b"] = "Another version, which can be read."
    source.unreadable.clear()
    assert sync(source, full=True, patient=True).failures == 0


def test_a_source_that_goes_away_while_documents_are_read_is_no_failure_of_theirs(sync: Syncing) -> None:
    source = filled(FOUR)
    away = threading.Event()
    away.set()

    def around(items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            yield Pending(id=item.id, revision=item.revision, read=lambda item=item: read(item)) if isinstance(
                item, Pending
            ) else item  # fmt: skip

    def read(item: Pending) -> Document | Skip:
        if away.is_set():
            away.clear()
            raise SourceError("429", retry_after=3)
        return item.read()

    source.around = around
    report = sync(source)
    assert (report.ok, report.failures, sync.clock.slept) == (True, 0, [3.0])
    assert documents(sync.store) == set(FOUR)


def test_told_to_stop_it_keeps_what_was_done_and_goes_on_later(sync: Syncing, small: None) -> None:
    source, stop = filled([f"n{n}" for n in range(30)]), threading.Event()

    def progress(report: object) -> None:
        if len(documents(sync.store)) >= 10:
            stop.set()

    report = sync(source, stop=stop, progress=progress)
    assert (report.outcome, report.ok) == ("stopped", False)
    kept = documents(sync.store)
    assert 10 <= len(kept) < 30
    assert remembered(sync).runs[-1].outcome == "stopped"
    report = sync(source)
    assert (len(sync.counting.passages), report.outcome) == (30 - len(kept), "done")
    assert source.asked[-1] is not None
    assert documents(sync.store) == set(source.texts)


def test_told_to_stop_it_does_not_write_what_was_read_ahead(sync: Syncing) -> None:
    items = [Document(id=str(n), text=f"Notice {n}.") for n in range(2000)]
    stop = threading.Event()
    source = DocumentsConnector(items=items, complete=True)
    report = sync(source, stop=stop, progress=lambda report: stop.set() if report.chunks else None)
    assert report.outcome == "stopped"
    assert 200 <= len(documents(sync.store)) <= 600
    assert sync(source).report.unchanged >= 200
    assert len(documents(sync.store)) == 2000


def test_what_a_cursor_covers_is_flushed_before_it_is_written(sync: Syncing, small: None) -> None:
    calls: list[str] = []

    class Listening(Killing):
        def _counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*arguments: Any, **options: Any) -> Any:
                first = arguments[0] if arguments and isinstance(arguments[0], str) else ""
                calls.append(first or getattr(write, "__name__", ""))
                return write(*arguments, **options)

            return counted

    sync(filled([f"n{n}" for n in range(9)], every=3), store=cast("Store", Listening(sync.store, 0)))
    commits = [number for number, call in enumerate(calls) if call == "sync/it"]
    assert len(commits) >= 4
    for number in commits:
        before = calls[:number]
        assert "upsert" not in before[len(before) - before[::-1].index("flush") :]


def test_two_runs_of_one_source_at_once(sync: Syncing) -> None:
    source = filled(FOUR)

    def before(since: str | None) -> None:
        with pytest.raises(StoreLockedError, match=r"sync of it is held by process \d+ \(`"):
            sync(filled(["x"]))
        sync(filled(["y"], source="another"), name="another")

    source.before = before
    sync(source)
    assert documents(sync.store) == {*FOUR, "y"}


def test_what_others_deleted_or_lost_comes_back(sync: Syncing) -> None:
    source = filled(FOUR)
    sync(source)
    sync.store.delete(where(document_id="b"))
    assert sync(source).listing
    assert documents(sync.store) == set(FOUR)


def test_after_a_rollback_everything_is_listed_again(sync: Syncing) -> None:
    """What came in since the switch is not in the vectors before, whatever the cursor says."""
    source = filled(FOUR)
    sync(source)
    other = manifest().__class__(model="short", fingerprint=ShortNgrams.fingerprint, dim=ShortNgrams.dim)
    new = sync.store.generations().begin(other)
    bring_in_step(sync.store, new, ShortNgrams())
    sync.store.generations().switch(new)
    after = Syncing(new)
    after.counting.inner, after.counting.dim = ShortNgrams(), ShortNgrams.dim
    source.put("a", "A text that came after the switch.")
    report = after(source)
    assert (report.listing, report.report.updated) == (False, 1)  # the state moved along
    sync.store.close()
    back = Syncing(roll_back(new, force=True))
    report = back(source)
    assert (report.listing, report.report.updated) == (True, 1)
    assert "A text that came after the switch." in {one.chunk.text for one in back.store.scan()}
    back.store.close()
    new.close()


def test_other_options_or_metadata_list_everything_and_embed_nothing(sync: Syncing) -> None:
    source = filled(FOUR)
    sync(source, plan=Plan(metadata={"access": ["staff"]}))
    source.read.clear()
    report = sync(source, plan=Plan(metadata={"access": ["legal"]}))
    assert (report.listing, report.report.updated, sync.counting.passages) == (True, 4, [])
    assert {str(one.chunk.metadata) for one in sync.store.scan()} == {"{'access': ['legal']}"}
    assert not sync(source, plan=Plan(metadata={"access": ["legal"]})).listing
    assert sync(source, plan=Plan(metadata={"access": ["legal"]}, options="other")).listing
    report = sync(source)
    assert (report.report.updated, {str(one.chunk.metadata) for one in sync.store.scan()}) == (4, {"{}"})


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


def test_a_damaged_record_says_how_to_go_on(sync: Syncing) -> None:
    sync(filled(FOUR))
    for part in ("", "/gone", "/failures"):
        sync.store.records().put(f"sync/it{part}", "[1, 2")
        with pytest.raises(StoreError, match=r"source it is damaged.*interlingua sync it --forget"):
            sync(filled(FOUR))
        state.forget(sync.store.records(), "it")
        assert state.known_sources(sync.store.records()) == []
        assert sync(filled(FOUR)).report.unchanged == 4


def test_the_history_is_short_and_names_are_any(sync: Syncing) -> None:
    name = "хэш/gone/seen/資料 100%"
    source = filled(FOUR)
    for _ in range(25):
        sync(source, name=name)
    assert len(remembered(sync, name).runs) == 20
    assert state.known_sources(sync.store.records()) == [name]


def test_a_cursor_without_documents_is_committed_too(sync: Syncing) -> None:
    source = Log()
    sync(source)
    source.log += [Checkpoint(cursor="1 log 1"), Gone(id="never there")]
    report = sync(source)
    assert (report.outcome, report.pending, remembered(sync).cursor) == ("done", 0, "1 log 2")
    assert snapshot(sync.store) == {}
    assert NgramEmbedder.dim == 256


def test_an_id_that_no_store_can_hold_is_a_skip_on_every_run(sync: Syncing) -> None:
    source = filled(["a", "\ud83dhalf", "c"])
    for run in range(3):
        report = sync(source, full=True)
        (skip,) = report.report.skips
        assert ("half a character" in skip.reason, report.outcome) == (True, "done")
        assert (report.report.added, report.report.unchanged) == ((2, 0) if run == 0 else (0, 2))
    assert documents(sync.store) == {"a", "c"}


def test_a_part_of_a_new_listing_is_not_taken_for_one_of_the_listing_before(sync: Syncing, small: None) -> None:
    """Killed between the first part of a new listing and its state, which is still that of a listing broken off."""
    names = [f"n{n}" for n in range(8)]
    source = filled(names)

    def breaking(items: Iterator[Item]) -> Iterator[Item]:
        for number, item in enumerate(items):
            if number == 5:
                raise SourceError("the connection was lost", permanent=True)
            yield item

    source.around = breaking
    with pytest.raises(SourceError, match="lost"):
        sync(source)
    listing = remembered(sync).listing
    assert listing is not None
    assert listing.parts == 1
    state.save_part(sync.store.records(), "it", 0, listing.began + 1, np.empty(0, np.uint64), np.empty(0, np.uint64))
    source.around = lambda items: items
    assert sync(source, force=True).report.deleted == 0
    assert source.asked[-1] is None
    assert documents(sync.store) == set(names)


def test_a_run_that_lost_its_hold_writes_no_state(sync: Syncing) -> None:
    """Its source kept it waiting, and failed in the end; meanwhile another run began and ended."""
    source, now = filled(FOUR), [1_000_000_000.0]
    client = QdrantClient(":memory:")
    connection = Connection(client, ":memory:", retries=0, secret=None)
    records = CollectionRecords(connection, "c", clock=lambda: now[0])

    class Shared(Killing):
        def records(self) -> Any:
            return records

    store = cast("Store", Shared(sync.store, 10_000))

    def before(since: str | None) -> None:
        source.before = lambda since: None
        now[0] += 700
        assert sync(source, store=store).ok
        raise SourceError("gave up", permanent=True)

    source.before = before
    with pytest.raises(StoreLockedError), records.hold("unrelated"):
        sync(source, store=store)
    found = state.load(records, "it")
    assert found is not None
    assert [run.outcome for run in found.runs] == ["done"]
    client.close()
