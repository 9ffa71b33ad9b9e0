"""What the tests of the sync engine share."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interlingua.connectors.ingestor import Ingestor
from interlingua.connectors.sync import state
from interlingua.connectors.sync.engine import Synchroniser
from interlingua.connectors.sync.plan import Plan, SyncReport
from interlingua.connectors.sync.stream import SEGMENT_ITEMS
from interlingua.retrieval.errors import CursorLostError
from interlingua.retrieval.manifest import Manifest
from interlingua.retrieval.protocols import Connector, Store
from interlingua.retrieval.stores.edge import EdgeStore
from interlingua.retrieval.stores.qdrant import QdrantStore
from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from qdrant_client import QdrantClient
from support import CountingEmbedder, NgramEmbedder

Item = Document | Pending | Skip | Gone | Checkpoint
DAY = 86400.0
FOUR = ["a", "b", "c", "d"]
STAFF, HR = Plan(metadata={"access": ["staff"], "topic": "work"}), Plan(metadata={"access": ["hr"]})


def manifest() -> Manifest:
    return Manifest(model=NgramEmbedder.model, fingerprint=NgramEmbedder.fingerprint, dim=NgramEmbedder.dim)


def opened_store(folder: Path) -> EdgeStore:
    store = EdgeStore(folder)
    store.prepare(manifest())
    return store


@contextmanager
def passing_store(folder: Path) -> Iterator[EdgeStore]:
    """A store that is deleted at the end: a new one takes 30 MB, and there are hundreds."""
    store = opened_store(folder)
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


@contextmanager
def memory_store() -> Iterator[QdrantStore]:
    """A store in memory."""
    client = QdrantClient(":memory:")
    store = QdrantStore(client)
    store.prepare(manifest())
    yield store
    client.close()


def snapshot(store: Store) -> dict[str, tuple[Any, ...]]:
    """Every chunk by id: its document, text, metadata, language, title and URL."""
    return {
        one.chunk.id: (
            one.chunk.document_id, one.chunk.text, one.chunk.metadata, one.chunk.language, one.chunk.title,
            one.chunk.url, one.chunk.start, one.chunk.ordinal,
        )
        for one in store.scan()
    }  # fmt: skip


def documents(store: Store) -> set[str]:
    return set(store.document_ids())


class Clock:
    """A clock that stands still until it is told to go on, and notes what is slept."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Syncing:
    """A store, a counting embedder, and runs of the engine on them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.counting = CountingEmbedder(NgramEmbedder())
        self.clock = Clock()
        self.segment_items = SEGMENT_ITEMS

    def __call__(self, connector: Connector, *, store: Store | None = None, **options: Any) -> SyncReport:
        """One run; `counting.passages` has what it embedded."""
        self.counting.passages.clear()
        target = store or self.store
        engine = Synchroniser(
            Ingestor(self.counting, target),
            target,
            clock=self.clock,
            sleep=self.clock.sleep,
            segment_items=self.segment_items,
        )
        return engine.sync(connector, name=options.pop("name", "it"), **options)


@dataclass
class Log:
    """A source with a log of changes, in memory: what it yields, and what goes wrong, is up to the test.

    A cursor is `list N` (so many documents of a listing) or `log N` (so many entries of the log).
    """

    texts: dict[str, str] = field(default_factory=dict)
    log: list[Item] = field(default_factory=list)
    source: str = "log"
    complete: bool = True
    every: int = 1
    """Items between two checkpoints of a listing."""
    epoch: str = "1"
    before: Callable[[str | None], None] = lambda since: None
    """Called when changes are asked for."""
    around: Callable[[Iterator[Item]], Iterator[Item]] = lambda items: items
    asked: list[str | None] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)

    def documents(self) -> Iterator[Document | Pending | Skip]:
        return (item for item in self.changes(None) if isinstance(item, (Document, Pending, Skip)))

    def changes(self, since: str | None) -> Iterator[Item]:
        self.asked.append(since)
        self.before(since)
        epoch, kind, place = (since or f"{self.epoch} list 0").split()
        if epoch != self.epoch:
            raise CursorLostError("the log was cut")
        items = self._list(int(place)) if kind == "list" else self._entries(int(place))
        return self.around(items)

    def put(self, name: str, text: str) -> None:
        self.texts[name] = text
        self.log.append(self._pending(name))

    def delete(self, name: str) -> None:
        del self.texts[name]
        self.log.append(Gone(id=name))

    def _list(self, place: int) -> Iterator[Item]:
        end = len(self.log)
        for number, name in enumerate(list(self.texts)):
            if number >= place:
                yield self._pending(name)
                if (number + 1) % self.every == 0:
                    yield Checkpoint(cursor=f"{self.epoch} list {number + 1}")
        yield Checkpoint(cursor=f"{self.epoch} log {end}")

    def _entries(self, place: int) -> Iterator[Item]:
        yield from list(self.log)[place:]
        yield Checkpoint(cursor=f"{self.epoch} log {len(self.log)}")

    def _pending(self, name: str) -> Pending:
        def read() -> Document | Skip:
            self.read.append(name)
            if name in self.unreadable:
                return Skip(id=name, reason="locked")
            return Document(id=name, text=self.texts.get(name, "gone"), revision=revision)

        revision = str(abs(hash(self.texts[name])))
        return Pending(id=name, revision=revision, read=read)


def filled(names: Sequence[str], **options: Any) -> Log:
    """A log source with a document per name."""
    return Log(texts={name: f"Notice {name}: the ferry number {name} is late." for name in names}, **options)


class KilledError(BaseException):
    """The process ends here, as far as the test goes."""


def _killed() -> None:
    raise KilledError


class Killing:
    """A store that lets so many writes (of chunks, records, flushes) happen, and then ends the run."""

    def __init__(self, store: Store, after: int, *, end: Callable[[], None] = _killed) -> None:
        self._store = store
        self._end = end
        self._left = after
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._counted(found) if name in ("upsert", "delete", "flush") else found

    def records(self) -> Any:
        return _KillingRecords(self._store.records(), self._counted)

    def _counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if self._left <= 0:
                self._end()
            self._left -= 1
            self.writes += 1
            return write(*arguments, **options)

        return counted


@dataclass
class _KillingRecords:
    inner: Any
    counted: Callable[[Callable[..., Any]], Callable[..., Any]]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        return self.counted(found) if name in ("put", "remove") else found


def without_times(report: SyncReport) -> dict[str, Any]:
    """A report but for how long it took."""
    return {**dataclasses.asdict(report), "report": report.report.to_dict() | {"seconds": 0}}


def remembered(sync: Syncing, name: str = "it") -> state.State:
    found = state.load(sync.store.records(), name)
    assert found is not None
    return found
