"""A window that moves along the bytes of a file and knows where in the file it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from ..files.compression import Block, Place


class Tape:
    """Blocks, one after the other, as a buffer that grows at its end and is cut at its beginning."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self.buffer = bytearray()
        self._blocks = blocks
        self._start = 0  # bytes before the buffer
        self._marks: deque[tuple[int, Place]] = deque()
        self.ended = False

    def more(self) -> bool:
        """Append a block; False at the end of the file."""
        block = next(self._blocks, None)
        if block is None:
            self.ended = True
            return False
        self._marks.append((self._start + len(self.buffer), block.place))
        self.buffer += block.data
        return True

    def find(self, mark: bytes, start: int = 0, limit: int | None = None) -> int:
        """Where `mark` next is in the buffer, which grows up to it, or to `limit` bytes; -1 when it does not come."""
        while (found := self.buffer.find(mark, start)) < 0:
            start = max(start, len(self.buffer) - len(mark) + 1)
            if (limit is not None and len(self.buffer) > limit) or not self.more():
                return -1
        return found

    def cut(self, count: int) -> bytes:
        """Take the first `count` bytes away."""
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        self._start += count
        while len(self._marks) > 1 and self._marks[1][0] <= self._start:
            self._marks.popleft()
        return taken

    def place(self, offset: int = 0) -> Place:
        """Where in the file the byte at `offset` of the buffer is."""
        wanted = self._start + offset
        start, place = next((mark for mark in reversed(self._marks) if mark[0] <= wanted), (wanted, Place()))
        return Place(place.member, place.skip + wanted - start)
