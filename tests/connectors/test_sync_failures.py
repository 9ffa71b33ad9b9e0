"""What a sync does where a source is down or asks to be left alone, and where a document cannot be read."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from interlingua.connectors.sync.plan import Plan
from interlingua.connectors.sync.status import status
from interlingua.retrieval.errors import SourceError, TooEarlyError
from interlingua.retrieval.types import Document, Pending, Skip
from sync_samples import DAY, FOUR, Item, Syncing, documents, filled, remembered


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
