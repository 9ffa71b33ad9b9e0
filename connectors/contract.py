"""What every connector promises, as a check that its tests call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, cast

from ..retrieval.protocols import Connector, Incremental
from ..retrieval.types import Checkpoint, Document, Gone, Pending, Skip

_MOST = 10_000


def check_connector(make: Callable[[], Connector]) -> None:
    """Check the connector that `make` gives, again and again, over a source that does not change meanwhile.

    The source should have a few documents (10,000 at most are looked at). Raises AssertionError with what was promised
    and what came.
    """
    connector = make()
    _require(bool(connector.source), "source is a name", connector.source)
    _require(make().source == connector.source, "source is the same each time", (make().source, connector.source))
    items = list(islice(connector.documents(), _MOST))
    _check_items(items)
    for other in (connector, make()):
        ids = [item.id for item in islice(other.documents(), _MOST)]
        _require(ids == [item.id for item in items], "the same ids in the same order each time", ids)
    if hasattr(connector, "changes"):
        _check_changes(cast("Incremental", make()), items)


def _check_items(items: list[Any]) -> None:
    seen: set[str] = set()
    for item in items:
        _require(isinstance(item, Document | Pending | Skip), "documents() gives Document, Pending or Skip", item)
        _require(isinstance(item.id, str) and bool(item.id), "an id is a text", item)
        if isinstance(item, Skip):
            _require(bool(item.reason), "a Skip has a reason", item)
            _require(not item.prefix or item.id.endswith(("/", "#")), "a prefix ends with / or #", item)
            continue
        _require(item.id not in seen, "no id comes twice", item.id)
        seen.add(item.id)
        if isinstance(item, Pending):
            _check_read(item)


def _check_read(item: Pending) -> None:
    first, second = item.read(), item.read()
    _require(isinstance(first, Document | Skip), "read() gives a Document or a Skip", first)
    _require(first == second, "read() gives the same each time", (first, second))
    _require(first.id == item.id, "a document has the id that it was listed with", (item.id, first.id))
    if isinstance(first, Document):
        expected = (item.revision, *item.also)
        _require(first.revision in expected, "and its revision", (expected, first.revision))


def _check_changes(connector: Incremental, items: list[Any]) -> None:
    whole = list(islice(connector.changes(None), _MOST))
    _require(bool(whole) and isinstance(whole[-1], Checkpoint), "changes(None) ends with a Checkpoint", whole[-1:])
    listed = [item.id for item in whole if not isinstance(item, Checkpoint | Gone)]
    _require(listed == [item.id for item in items], "changes(None) lists what documents() does", listed)
    for place, item in enumerate(whole):
        if isinstance(item, Checkpoint):
            rest, wanted = _ids(connector.changes(item.cursor)), _ids(whole[place:])
            _require(rest == wanted, "from a checkpoint it goes on as if it had never stopped", (rest, wanted))
            last = item.cursor
    gone = [item for item in connector.changes(last) if isinstance(item, Gone)]
    _require(not gone, "nothing is gone from a source that has not changed", gone)


def _ids(items: Iterable[Any]) -> list[str]:
    """Of what can be read: what cannot may be told again at any time."""
    return [item.id for item in items if isinstance(item, Document | Pending)]


def _require(kept: bool, promise: str, came: object) -> None:
    if not kept:
        raise AssertionError(f"promised: {promise}; came: {came!r}")
