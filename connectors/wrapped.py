"""A connector of which every item goes through a function on its way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

from ..retrieval.protocols import Connector, Incremental
from ..retrieval.types import Checkpoint, Document, Gone, Pending, Skip

Item = Document | Pending | Skip | Gone | Checkpoint
Change = Callable[[Iterator[Item]], Iterator[Item]]


def wrapped(connector: Connector, change: Change, *, name: Callable[[str], str] = str) -> Connector:
    """`connector` with what `change` makes of its items, and `name` of its source's name.

    It gives changes where `connector` does.
    """
    return (Changing if hasattr(connector, "changes") else Listing)(connector, change, name)


@dataclass(frozen=True, slots=True)
class Listing:
    """See `wrapped`."""

    inner: Connector
    change: Change = field(repr=False)
    name: Callable[[str], str] = field(repr=False)

    @property
    def source(self) -> str:
        """That of `inner`, with its name changed."""
        return self.name(self.inner.source)

    @property
    def complete(self) -> bool:
        """That of `inner`."""
        return self.inner.complete

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """See `Connector.documents`."""
        yield from cast("Iterator[Document | Pending | Skip]", self.change(self.inner.documents()))


@dataclass(frozen=True, slots=True)
class Changing(Listing):
    """See `wrapped`; of a source that gives changes."""

    def changes(self, since: str | None) -> Iterator[Item]:
        """See `Incremental.changes`."""
        yield from self.change(cast("Incremental", self.inner).changes(since))
