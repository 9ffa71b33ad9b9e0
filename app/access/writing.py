"""Documents on their way into an index, made to stay within what a key may write."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...retrieval.filters import Match, Value
from ...retrieval.protocols import Connector
from ...retrieval.types import TRANSLATION_GROUP, Document, Pending, Skip
from ...retrieval.versions import GROUP
from .keys import Key
from .sizes import too_large


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyConnector:
    """What `inner` yields, under the ids and with the metadata of `key`; what contradicts its filter is skipped."""

    inner: Connector
    key: Key

    @property
    def source(self) -> str:
        """That of `inner`, told apart from the sources of other keys."""
        return f"key:{self.key.name}/{self.inner.source}"

    @property
    def complete(self) -> bool:
        """Never: one request does not list all documents of a key."""
        return False

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """See `Connector.documents`."""
        for item in self.inner.documents():
            yield self._confined(item)

    def _confined(self, item: Document | Pending | Skip) -> Document | Pending | Skip:
        if isinstance(item, Skip):
            return replace(item, id=self.key.own(item.id))
        if isinstance(item, Pending):
            return replace(item, id=self.key.own(item.id), read=self._read(item))
        return self._document(item)

    def _read(self, item: Pending) -> Callable[[], Document | Skip]:
        def read() -> Document | Skip:
            found = item.read()
            return replace(found, id=self.key.own(found.id)) if isinstance(found, Skip) else self._document(found)

        return read

    def _document(self, document: Document) -> Document | Skip:
        if not (isinstance(document.id, str) and document.id and isinstance(document.metadata, Mapping)):
            return document  # the ingest refuses it by name
        if (reason := too_large(document)) is not None:
            return Skip(id=self.key.own(document.id), reason=reason)
        metadata: dict[str, Any] = dict(document.metadata)
        conditions = () if self.key.filter is None else self.key.filter.must
        group = metadata.get(TRANSLATION_GROUP)
        if isinstance(group, str | int) and all(getattr(one, "key", "") != GROUP for one in conditions):
            # Else it could pass for a version of what others wrote, and be shown in its place.
            metadata[TRANSLATION_GROUP] = self.key.own(str(group)) if self.key.prefix else group
        for condition in conditions:
            assert isinstance(condition, Match)  # all that a key which writes may ask for
            name = condition.key.removeprefix("metadata.")
            if name not in metadata and len(condition.values) == 1:
                metadata[name] = condition.values[0]
            elif not _within(metadata.get(name), condition.values):
                allowed = " or ".join(map(repr, condition.values))
                return Skip(
                    id=self.key.own(document.id),
                    reason=f"its {name} has to be {allowed}, and is {reprlib.repr(metadata.get(name))}",
                )
        return replace(document, id=self.key.own(document.id), metadata=metadata)


def _within(value: object, allowed: tuple[Value, ...]) -> bool:
    """Whether `value`, or every item of a list, is one of those allowed; 1 and true are not the same."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return bool(items) and all(any(type(item) is type(one) and item == one for one in allowed) for item in items)
