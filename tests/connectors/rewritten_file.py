"""A counterpart whose source is one file that is written anew, as a whole, whenever a document changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from interlingua.retrieval.protocols import Incremental
from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending, Skip

Item = TypeVar("Item")


@dataclass(kw_only=True)
class RewrittenFile:
    """`write` puts the texts by name into the file, those in `spoilt` so that they cannot be read."""

    path: Path
    make: Callable[[Path], Incremental]
    write: Callable[[Path, Mapping[str, str], frozenset[str]], None]
    identify: Callable[[str], str] = lambda name: name
    break_off: Callable[[Path], None] | None = None
    can_spoil: bool = True
    texts: dict[str, str] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._write()

    def connector(self) -> Incremental:
        return self.make(self.path)

    def put(self, name: str, text: str) -> None:
        self.texts[name] = text
        self.spoilt.discard(name)
        self._write()

    def delete(self, name: str) -> None:
        del self.texts[name]
        self.spoilt.discard(name)
        self._write()

    def rename(self, old: str, new: str) -> None:
        # In place: where a document stands must not matter.
        self.texts = {new if name == old else name: text for name, text in self.texts.items()}
        self._write()

    def spoil(self, name: str) -> None:
        if not self.can_spoil:
            raise NotImplementedError
        self.spoilt.add(name)
        self._write()

    def document_id(self, name: str) -> str:
        return self.identify(name)

    @contextmanager
    def down(self) -> Iterator[None]:
        """The disk that the file lies on is not mounted."""
        away = self.path.with_name(self.path.name + ".away")
        shutil.move(self.path, away)
        try:
            yield
        finally:
            shutil.move(away, self.path)

    @contextmanager
    def half(self) -> Iterator[None]:
        if self.break_off is None:
            raise NotImplementedError
        whole = self.path.read_bytes()
        self.break_off(self.path)
        try:
            yield
        finally:
            self.path.write_bytes(whole)

    def being_written(self) -> Incremental:
        """A connector over the file while a program writes it: its second half comes when reading has begun."""
        half = dict(list(self.texts.items())[: len(self.texts) // 2])
        self.write(self.path, half, frozenset(self.spoilt))
        return _Finished(self.make(self.path), partial(self.write, self.path, self.texts, frozenset(self.spoilt)))

    def _write(self) -> None:
        # Beside the file and moved: a reader sees the old one or the new one.
        beside = self.path.with_name(self.path.name + ".new")
        self.write(beside, self.texts, frozenset(self.spoilt))
        beside.replace(self.path)


@dataclass
class _Finished:
    inner: Incremental
    finish: Callable[[], None]

    @property
    def source(self) -> str:
        return self.inner.source

    @property
    def complete(self) -> bool:
        return self.inner.complete

    def documents(self) -> Iterator[Document | Pending | Skip]:
        return self._finishing(self.inner.documents())

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        return self._finishing(self.inner.changes(since))

    def _finishing(self, items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            yield item
            self.finish()
            self.finish = lambda: None


def cut_off(path: Path) -> None:
    """Leave the first two thirds of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
