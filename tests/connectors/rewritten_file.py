"""A counterpart whose source is one file that is written anew, as a whole, whenever a document changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from interlingua.retrieval.protocols import Incremental


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

    def _write(self) -> None:
        # Beside the file and moved: a reader sees the old one or the new one.
        beside = self.path.with_name(self.path.name + ".new")
        self.write(beside, self.texts, frozenset(self.spoilt))
        beside.replace(self.path)


def cut_off(path: Path) -> None:
    """Leave the first two thirds of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
