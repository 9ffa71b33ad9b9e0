"""Part of a source: enough to measure on, without storing anything."""

from __future__ import annotations

import random
from collections.abc import Iterator

from ..retrieval.chunks import Chunking
from ..retrieval.protocols import Connector, Tokenizer
from ..retrieval.types import Chunk, Document, Pending, Skip
from .stages import Read, plan_batch


class Sampled:
    """At most `most` documents of a connector, each as likely as any other, the same ones every time.

    All of the source is listed; of files only those chosen are read (of a table, all rows).
    """

    complete = False

    def __init__(self, connector: Connector, most: int) -> None:
        self._connector = connector
        self._most = most

    @property
    def source(self) -> str:
        """That of the connector."""
        return self._connector.source

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """Those chosen (reservoir sampling, Vitter's algorithm R), in the order of the source."""
        choice = random.Random(0)
        kept: dict[int, Document | Pending | Skip] = {}
        slots: list[int] = []
        for number, item in enumerate(self._connector.documents()):
            if len(slots) < self._most:
                slots.append(number)
                kept[number] = item
            elif (slot := choice.randrange(number + 1)) < self._most:
                del kept[slots[slot]]
                slots[slot] = number
                kept[number] = item
        yield from kept.values()


def chunks(connector: Connector, *, chunking: Chunking, tokenizer: Tokenizer | None) -> Iterator[Chunk | Skip]:
    """What an ingest would store of a source, or why not, document by document; nothing is embedded or stored."""
    for item in connector.documents():
        document = item.read() if isinstance(item, Pending) else item
        if isinstance(document, Skip):
            yield document
            continue
        batch = Read(documents=((document, None),))
        planned = plan_batch(batch, source=connector.source, chunking=chunking, tokenizer=tokenizer)
        yield from planned.skips
        for cut in planned.documents:
            yield from cut.chunks
