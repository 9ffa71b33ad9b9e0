"""What the sync engine does with listings, changes and cursors, and where it is stopped; on two kinds of stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import pytest
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.sync import state
from interlingua.connectors.sync.plan import Plan
from interlingua.retrieval.errors import SourceError, StoreError, StoreLockedError
from interlingua.retrieval.migration import bring_in_step, roll_back
from interlingua.retrieval.protocols import Store
from interlingua.retrieval.stores.collection_records import CollectionRecords
from interlingua.retrieval.stores.connection import Connection
from interlingua.retrieval.types import Checkpoint, Document, Gone
from qdrant_client import QdrantClient
from support import NgramEmbedder, ShortNgrams
from sync_samples import (
    DAY,
    FOUR,
    Item,
    KilledError,
    Killing,
    Log,
    Syncing,
    documents,
    filled,
    manifest,
    remembered,
    snapshot,
)


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
