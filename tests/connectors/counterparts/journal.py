"""A file that is only ever appended to, read by a connector that gives changes: what an event log or a database is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlingua.retrieval.errors import CursorLostError, SourceError
from interlingua.retrieval.protocols import Connector
from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending, Skip

Item = Document | Pending | Skip | Gone | Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalConnector:
    """Lines such as `{"id": "a", "text": "…"}`; a text of null says that the document is gone, false that it is locked.

    A cursor is the offset in the file up to which it was read; of a listing under way also the last id that it gave.
    """

    path: str
    complete: bool = True

    @property
    def source(self) -> str:
        return f"journal:{self.path}"

    def documents(self) -> Iterator[Document | Pending | Skip]:
        return (item for item in self.changes(None) if isinstance(item, (Document, Pending, Skip)))

    def changes(self, since: str | None) -> Iterator[Item]:
        start, after = self._place(since)
        try:
            content = Path(self.path).read_bytes()
        except OSError as error:
            raise SourceError(f"{self.source} cannot be read: {error.strerror}") from error
        if start > len(content):
            raise CursorLostError("the journal is shorter than it was")
        if since is None or after is not None:
            yield from self._listing(content[: start or len(content)], after or "")
            start = start or len(content)
        for line in content[start:].splitlines():
            yield _item(json.loads(line))
        yield Checkpoint(cursor=json.dumps([len(content), None]))

    def _listing(self, content: bytes, after: str) -> Iterator[Item]:
        now: dict[str, Any] = {}
        for line in content.splitlines():
            entry = json.loads(line)
            now[entry["id"]] = entry
        there = [entry for name, entry in sorted(now.items()) if entry["text"] is not None and name > after]
        for number, entry in enumerate(there):
            if Path(self.path).with_suffix(".half").exists() and number >= len(there) // 2:
                raise SourceError("the connection was lost")
            yield _item(entry)
            yield Checkpoint(cursor=json.dumps([len(content), entry["id"]]))

    def _place(self, since: str | None) -> tuple[int, str | None]:
        if since is None:
            return 0, None
        with suppress(ValueError, TypeError):
            start, after = json.loads(since)
            if isinstance(start, int):
                return start, after
        raise CursorLostError("this is no cursor of the journal")


def _item(entry: dict[str, Any]) -> Item:
    text = entry["text"]
    if text is None:
        return Gone(id=entry["id"])
    revision = hashlib.sha256(json.dumps(entry).encode()).hexdigest()

    def read() -> Document | Skip:
        if text is False:
            return Skip(id=entry["id"], reason="locked")
        return Document(id=entry["id"], text=text, revision=revision)

    return Pending(id=entry["id"], revision=revision, read=read)


class Journal:
    """See `Counterpart`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def connector(self) -> Connector:
        return JournalConnector(path=str(self._path))

    def put(self, name: str, text: str) -> None:
        self._write(name, text)

    def delete(self, name: str) -> None:
        self._write(name, None)

    def rename(self, old: str, new: str) -> None:
        lines = (json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines())
        (*_, text) = (entry["text"] for entry in lines if entry["id"] == self.document_id(old))
        self._write(old, None)
        self._write(new, text)

    def spoil(self, name: str) -> None:
        self._write(name, False)

    def document_id(self, name: str) -> str:
        return f"journal/{name}"

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self._path.with_suffix(".away")
        self._path.rename(away)
        yield
        away.rename(self._path)

    @contextmanager
    def half(self) -> Iterator[None]:
        mark = self._path.with_suffix(".half")
        mark.touch()
        yield
        mark.unlink()

    def _write(self, name: str, text: str | bool | None) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"id": self.document_id(name), "text": text}) + "\n")
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def opened(folder: Path) -> Iterator[Journal]:
    path = folder / "journal.jsonl"
    path.touch()
    yield Journal(path)
