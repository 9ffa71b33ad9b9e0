"""What the tests of repositories share."""

from __future__ import annotations

from typing import Any

from interlingua.retrieval.types import Checkpoint, Document, Gone, Pending


def read(items: Any) -> dict[str, str]:
    """Texts by path, the reasons of skips, and GONE."""
    found: dict[str, str] = {}
    for item in items:
        if isinstance(item, Checkpoint):
            continue
        path = item.id.removeprefix("git:handbook/")
        assert path not in found, "given twice"
        whole = item.read() if isinstance(item, Pending) else item
        found[path] = "GONE" if isinstance(whole, Gone) else whole.text if isinstance(whole, Document) else whole.reason
    return found


def changes(connector: Any, since: str | None) -> tuple[dict[str, str], str]:
    items = list(connector.changes(since))
    last = items[-1]
    assert isinstance(last, Checkpoint)
    return read(items), last.cursor
