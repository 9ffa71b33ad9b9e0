"""Documents that the caller already has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..retrieval.errors import InputError
from ..retrieval.types import Document, Pending, Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsConnector:
    """An iterable of `Document`, as a connector.

    `complete` says that these are all documents of `source`, so that stored ones which are missing here are deleted;
    by default documents are only added and updated.
    """

    items: Iterable[Document]
    source: str = "documents"
    complete: bool = False

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """The documents, in the order given; InputError for anything that is not a Document."""
        for item in self.items:
            if not isinstance(item, (Document, Pending, Skip)):
                raise InputError(
                    f"A {type(item).__name__} is not a Document. Write interlingua.Document(id=…, text=…)."
                )
            yield item
