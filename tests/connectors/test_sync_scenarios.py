"""One table for all connectors: whatever happens to a source, the store ends equal to a fresh ingest of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

import pytest
from counterparts import Counterpart, kinds, opened
from interlingua.connectors.ingestor import Ingestor
from interlingua.connectors.sync import state
from interlingua.retrieval.errors import InterlinguaError
from interlingua.retrieval.protocols import Store
from rewritten_file import RewrittenFile
from support import SENTENCES, NgramEmbedder
from sync_samples import DAY, KilledError, Killing, Syncing, documents, memory_store, passing_store, snapshot

NAMES = ["a", "b", "deep/c", "deep/d"]
TEXTS = dict(zip(NAMES, (SENTENCES[tag] for tag in ("fa", "ja", "hi", "de")), strict=True))
KILLS = 20


class Scene:
    """A counterpart with a few documents, already in the store once."""

    def __init__(self, kind: str, folder: Path, stack: ExitStack) -> None:
        (folder / "source").mkdir()
        self.kind = kind
        self.source: Counterpart = stack.enter_context(opened(kind, folder / "source"))
        self.store: Store = stack.enter_context(passing_store(folder / "store"))
        self.sync = Syncing(self.store)

    def fill(self) -> None:
        for name, text in TEXTS.items():
            self.source.put(name, text)

    def ids(self, *names: str) -> set[str]:
        return {self.source.document_id(name) for name in names}

    def fresh(self) -> dict[str, tuple[object, ...]]:
        """What an ingest into an empty store gives."""
        with memory_store() as store:
            Ingestor(NgramEmbedder(), store).ingest(self.source.connector())
            return snapshot(store)

    def check(self, *names: str) -> None:
        """The store holds these documents, as a fresh ingest would."""
        assert documents(self.store) == self.ids(*names)
        assert snapshot(self.store) == self.fresh()

    def failures(self) -> list[state.Failure]:
        return list(state.load_failures(self.store.records(), "it").values())

    def embedded(self) -> set[str]:
        return set(self.sync.counting.passages)


@pytest.fixture(params=kinds())
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(request.param, tmp_path, stack)


@pytest.fixture
def scene(empty: Scene) -> Scene:
    empty.fill()
    empty.sync(empty.source.connector())
    return empty


def possible(action: Callable[[], object]) -> None:
    """Do it, or skip where this kind of source cannot."""
    try:
        action()
    except NotImplementedError as error:
        pytest.skip(f"such a source cannot do this: {error}")


def entered(make: Callable[[], AbstractContextManager[None]]) -> AbstractContextManager[None]:
    """A block of a counterpart, entered; skip where this kind of source has none."""
    found: list[AbstractContextManager[None]] = []

    def enter() -> None:
        found.append(make())
        found[0].__enter__()

    possible(enter)
    return found[0]


def test_the_first_run_stores_everything_and_the_second_does_nothing(scene: Scene) -> None:
    assert scene.embedded() == set(TEXTS.values())
    scene.check(*NAMES)
    report = scene.sync(scene.source.connector())
    assert (scene.embedded(), report.ok, report.report.added, report.report.deleted) == (set(), True, 0, 0)
    scene.check(*NAMES)


def test_a_full_listing_of_what_is_stored_embeds_nothing(scene: Scene) -> None:
    report = scene.sync(scene.source.connector(), full=True)
    assert (scene.embedded(), report.listing, report.report.unchanged) == (set(), True, len(NAMES))
    scene.check(*NAMES)


@pytest.mark.parametrize("full", [False, True])
def test_an_added_document(scene: Scene, full: bool) -> None:
    scene.source.put("deep/new", SENTENCES["th"])
    report = scene.sync(scene.source.connector(), full=full)
    assert (scene.embedded(), report.report.added) == ({SENTENCES["th"]}, 1)
    scene.check(*NAMES, "deep/new")


@pytest.mark.parametrize("full", [False, True])
def test_a_changed_document(scene: Scene, full: bool) -> None:
    scene.source.put("b", SENTENCES["ar"])
    report = scene.sync(scene.source.connector(), full=full)
    assert (scene.embedded(), report.report.updated) == ({SENTENCES["ar"]}, 1)
    scene.check(*NAMES)


@pytest.mark.parametrize("full", [False, True])
def test_a_deleted_document(scene: Scene, full: bool) -> None:
    possible(lambda: scene.source.delete("b"))
    scene.sync(scene.source.connector(), full=full)
    if not full:  # not every source says what is gone: the periodic listing finds it
        scene.sync.clock.now += 8 * DAY
        scene.sync(scene.source.connector())
    assert scene.embedded() == set()
    scene.check("a", "deep/c", "deep/d")


def test_a_deleted_document_that_comes_back(scene: Scene) -> None:
    possible(lambda: scene.source.delete("b"))
    scene.sync(scene.source.connector(), full=True)
    scene.source.put("b", TEXTS["b"])
    scene.sync(scene.source.connector())
    scene.check(*NAMES)


@pytest.mark.parametrize("full", [False, True])
def test_a_renamed_document(scene: Scene, full: bool) -> None:
    possible(lambda: scene.source.rename("deep/c", "deep/moved"))
    scene.sync(scene.source.connector(), full=full)
    if not full:
        scene.sync.clock.now += 8 * DAY
        scene.sync(scene.source.connector())
    scene.check("a", "b", "deep/d", "deep/moved")


def test_an_unreadable_document_keeps_what_is_stored_and_is_read_again(scene: Scene) -> None:
    """Of a row of a table it may be that neither its id is known nor which others are missing: then all are kept."""
    before = snapshot(scene.store)
    possible(lambda: scene.source.spoil("b"))
    report = scene.sync(scene.source.connector(), full=True)
    assert (scene.embedded(), report.outcome) == (set(), "done")
    assert report.failures == report.report.skipped >= 1
    assert snapshot(scene.store) == before
    assert all(failure.reason for failure in scene.failures())
    assert {failure.attempts for failure in scene.failures()} == {1}
    scene.sync.clock.now += DAY
    report = scene.sync(scene.source.connector())  # a failure is due: everything is listed again
    assert (report.listing, {failure.attempts for failure in scene.failures()}) == (True, {2})
    scene.source.put("b", SENTENCES["he"])
    scene.sync(scene.source.connector())
    assert scene.embedded() == {SENTENCES["he"]}
    scene.sync(scene.source.connector(), full=True)
    assert scene.failures() == []
    scene.check(*NAMES)


def test_a_source_that_is_down_deletes_nothing(scene: Scene) -> None:
    before = snapshot(scene.store)
    context = entered(scene.source.down)
    try:
        for full in (False, True):
            with pytest.raises(InterlinguaError):
                scene.sync(scene.source.connector(), full=full)
            assert (scene.embedded(), snapshot(scene.store)) == (set(), before)
    finally:
        context.__exit__(None, None, None)
    remembered = state.load(scene.store.records(), "it")
    assert remembered is not None
    assert [run.outcome for run in remembered.runs] == ["done", "failed", "failed"]
    scene.source.put("a", SENTENCES["el"])
    scene.sync(scene.source.connector())
    assert scene.embedded() == {SENTENCES["el"]}
    scene.check(*NAMES)


def test_a_listing_that_breaks_off_deletes_nothing(scene: Scene) -> None:
    before = snapshot(scene.store)
    context = entered(scene.source.half)
    try:
        for _ in range(2):
            with suppress(InterlinguaError):
                scene.sync(scene.source.connector(), full=True)
            assert (scene.embedded(), snapshot(scene.store)) == (set(), before)
    finally:
        context.__exit__(None, None, None)
    scene.source.put("deep/c", SENTENCES["ka"])
    scene.sync(scene.source.connector(), full=True)
    assert scene.embedded() == {SENTENCES["ka"]}
    scene.check(*NAMES)


@pytest.mark.parametrize("full", [False, True])
def test_a_file_that_is_still_being_written_loses_nothing(scene: Scene, full: bool) -> None:
    if not isinstance(scene.source, RewrittenFile):
        pytest.skip("such a source is no file that others write")
    report = scene.sync(scene.source.being_written(), full=full)
    assert report.failures or scene.sync.clock.slept  # it was noticed: skipped, or tried again
    assert documents(scene.store) == scene.ids(*NAMES)
    scene.source.put("b", SENTENCES["ar"])
    scene.sync(scene.source.connector())
    assert scene.embedded() == {SENTENCES["ar"]}
    scene.check(*NAMES)


def test_a_lost_cursor_lists_everything_again(scene: Scene) -> None:
    connector = scene.source.connector()
    if not hasattr(connector, "changes"):
        pytest.skip("such a source gives no changes")
    remembered = state.load(scene.store.records(), "it")
    assert remembered is not None
    assert remembered.cursor is not None
    possible(lambda: scene.source.delete("a"))
    for cursor in ("", "no such cursor", '{"v": 999}', "[]", "\ud83d"):
        damaged = state.load(scene.store.records(), "it")
        assert damaged is not None
        state.save(scene.store.records(), "it", state.State(**{**_fields(damaged), "cursor": cursor}))
        scene.sync(connector)
        assert scene.embedded() == set()
    scene.check("b", "deep/c", "deep/d")


def _fields(value: state.State) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_a_clock_that_is_wrong_loses_nothing(empty: Scene, hours: int) -> None:
    """The clock of this machine jumps between the runs; that of the source, where it has one, the other way."""
    scene = empty
    scene.fill()
    scene.sync(scene.source.connector())
    scene.sync.clock.now += hours * 3600
    skew = getattr(scene.source, "skew", None)
    if skew is not None:
        skew(-hours * 3600)
    scene.source.put("a", SENTENCES["ru"])
    scene.source.put("late", SENTENCES["ko"])
    scene.sync(scene.source.connector())
    assert scene.embedded() == {SENTENCES["ru"], SENTENCES["ko"]}
    if skew is not None:
        skew(0)
    scene.source.put("b", SENTENCES["bn"])
    scene.sync.clock.now -= hours * 3600
    scene.sync(scene.source.connector())
    assert scene.embedded() == {SENTENCES["bn"]}
    scene.check(*NAMES, "late")


def test_stopped_at_any_write_and_run_again_the_store_is_the_same(empty: Scene) -> None:
    """Twenty stops at least, over the writes of a first run and of updates; nothing stored is embedded twice."""
    scene = empty
    scene.fill()
    attempts = 0
    while True:  # the first run gets one write further each time
        killing = Killing(scene.store, attempts)
        had = {text for _, text, *_ in snapshot(scene.store).values()}
        try:
            scene.sync(scene.source.connector(), store=killing)
        except KilledError:
            assert not scene.embedded() & had
            attempts += 1
            assert attempts < 100
            continue
        break
    scene.check(*NAMES)
    for after in range(max(8, KILLS - attempts)):
        text = f"{SENTENCES['en']} {after}"
        scene.source.put("a", text)
        scene.source.put(f"deep/{after}", f"{SENTENCES['th']} {after}")
        with suppress(NotImplementedError):
            scene.source.delete("b" if after == 0 else f"deep/{after - 1}")
        with pytest.raises(KilledError):
            scene.sync(scene.source.connector(), store=Killing(scene.store, after % 8), full=after % 3 == 0)
        had = {text for _, text, *_ in snapshot(scene.store).values()}
        scene.sync(scene.source.connector(), full=after % 2 == 0)
        assert not scene.embedded() & had
    scene.sync(scene.source.connector(), full=True, force=True)
    assert scene.embedded() == set()
    assert snapshot(scene.store) == scene.fresh()
