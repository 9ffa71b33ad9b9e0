"""What tests of connectors share: reading a stream of changes as an engine does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interlingua.retrieval.errors import SourceError
from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending, Skip


def texts(items: Iterable[Any]) -> dict[str, str]:
    """Id to text of all documents, read where they are pending."""
    return {item.id: item.text for item in map(loaded, items) if isinstance(item, Document)}


def loaded(item: Any) -> Any:
    return item.read() if isinstance(item, Pending) else item


def skips(items: Iterable[Any]) -> dict[str, str]:
    return {item.id: item.reason for item in map(loaded, items) if isinstance(item, Skip)}


def gone(items: Iterable[Any]) -> list[str]:
    return [item.id for item in items if isinstance(item, Gone)]


def cursors(items: Iterable[Any]) -> list[str]:
    return [item.cursor for item in items if isinstance(item, Checkpoint)]


def broken_off(items: Iterable[Any]) -> tuple[list[Any], SourceError]:
    """What was given before the source failed, and how it failed."""
    found = []
    try:
        for item in items:
            found.append(item)
    except SourceError as error:
        return found, error
    raise AssertionError("the source did not fail")


def resumed_everywhere(connector: Any) -> list[list[Any]]:
    """For each checkpoint of a full listing: what came before it, with what a new listing gives that goes on there."""
    whole = list(connector.changes(None))
    assert isinstance(whole[-1], Checkpoint)
    return [
        [*whole[:place], *connector.changes(item.cursor)]
        for place, item in enumerate(whole)
        if isinstance(item, Checkpoint)
    ]
