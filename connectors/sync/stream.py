"""What a connector yields, listed on a thread of its own and cut into segments, each stored and then committed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..prefetch import prefetch

Item = Document | Pending | Skip | Gone | Checkpoint
Readable = Document | Pending | Skip

SEGMENT_ITEMS = 1_000
SEGMENT_SECONDS = 30.0
"""A segment ends at the first checkpoint after so many items, or so long: what a kill may make be listed again."""
MOST_ITEMS = 10_000
"""A segment without a checkpoint ends here, uncommitted: the ids in it are kept in memory."""
_GROUP_ITEMS = 64
_GROUP_CHARACTERS = 200_000
_GROUP_SECONDS = 0.5


class Stream:
    """One pass over a source. What the source raises comes after what it yielded before."""

    def __init__(self, listing: Callable[[], Iterator[Item]]) -> None:
        self._groups = prefetch(_groups(listing), name="list")
        self._waiting: deque[Item] = deque()

    def take(self) -> Item | None:
        """The next item; None at the end."""
        if not self._waiting:
            self._waiting.extend(next(self._groups, ()))
        return self._waiting.popleft() if self._waiting else None

    def give_back(self, item: Item) -> None:
        """Make `item` the next one again."""
        self._waiting.appendleft(item)

    def close(self) -> None:
        """Stop listing."""
        with suppress(ValueError):  # a thread that was given up still waits for the source in it
            self._groups.close()


class Segment:
    """A part of a stream, as a connector for the ingestor; what came along is there once `documents` has ended.

    `gone` in order; `cursor` of the last checkpoint; `ended` when there is nothing more in the stream; `error` that the
    source raised. Of a source that gives changes, no id comes twice in a segment and none after it was gone: the stages
    look ahead, so a second version could overtake the first.
    """

    complete = False

    def __init__(
        self, stream: Stream, *, source: str, changes: bool, convert: Callable[[Readable], Readable],
        stopped: Callable[[], bool], items: int = SEGMENT_ITEMS,
    ) -> None:  # fmt: skip
        self.source = source
        self._stream = stream
        self._changes = changes
        self._convert = convert
        self._stopped = stopped
        self._items = items
        self._ids: set[str] = set()
        self.gone: list[Gone] = []
        self.cursor: str | None = None
        self.ended = False
        self.error: Exception | None = None

    def documents(self) -> Iterator[Readable]:
        """The documents of the segment; can be called once."""
        count, began = 0, time.monotonic()
        while not self._stopped():
            try:
                item = self._stream.take()
            except Exception as error:  # what came before it is stored first
                self.error = error
                return
            if item is None:
                self.ended = True
                return
            if isinstance(item, Checkpoint):
                self.cursor = item.cursor
                if count >= self._items or time.monotonic() - began >= SEGMENT_SECONDS:
                    return
                continue
            count += 1
            if isinstance(item, Gone):
                self.gone.append(item)
                continue
            if self._changes and (count > MOST_ITEMS or str(item.id) in self._ids or self._is_gone(item.id)):
                self._stream.give_back(item)
                return
            if self._changes:
                self._ids.add(str(item.id))
            yield self._convert(item)

    def _is_gone(self, document_id: str) -> bool:
        return any(document_id == one.id or (one.prefix and str(document_id).startswith(one.id)) for one in self.gone)


def _groups(listing: Callable[[], Iterator[Item]]) -> Iterator[list[Item]]:
    """The items a few at a time, since handing over each one costs more than listing it."""
    group: list[Item] = []
    characters, began = 0, time.monotonic()
    items: Iterator[Item] = iter(())
    try:
        items = listing()
        for item in items:
            group.append(item)
            characters += len(item.text) if isinstance(item, Document) and isinstance(item.text, str) else 0
            full = len(group) >= _GROUP_ITEMS or characters >= _GROUP_CHARACTERS
            if full or isinstance(item, Checkpoint) or time.monotonic() - began >= _GROUP_SECONDS:
                yield group
                group, characters, began = [], 0, time.monotonic()
    except Exception:
        if group:
            yield group
        raise
    else:
        if group:
            yield group
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
