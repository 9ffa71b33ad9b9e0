"""The counterparts of the web do what their connectors are to notice."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from interlingua.retrieval.errors import SourceError
from interlingua.retrieval.types import Checkpoint, Document, Gone, Skip
from support import SENTENCES


@pytest.fixture(params=["web", "web_crawl", "feed"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    module = importlib.import_module(f"counterparts.{request.param}")
    with module.opened(tmp_path) as counterpart:
        yield counterpart


def changes(source: Any, since: str | None = None) -> tuple[dict[str, str], set[str], set[str], str]:
    """Texts, what is gone and what cannot be read, by id; and the last cursor."""
    found = list(source.connector().changes(since))
    texts = {item.id: item.text for item in found if isinstance(item, Document)}
    gone = {item.id for item in found if isinstance(item, Gone)}
    skips = {item.id for item in found if isinstance(item, Skip)}
    return texts, gone, skips, [item.cursor for item in found if isinstance(item, Checkpoint)][-1]


def test_adding_changing_and_spoiling_are_noticed(source: Any) -> None:
    names = {"a": SENTENCES["fa"], "b": SENTENCES["hi"], "deep/c": SENTENCES["th"]}
    for name, text in names.items():
        source.put(name, text)
    texts, _, _, since = changes(source)
    assert texts == {source.document_id(name): text for name, text in names.items()}
    texts, gone, skips, since = changes(source, since)
    assert (texts, gone, skips) == ({}, set(), set())
    source.put("b", SENTENCES["ar"])
    source.put("new/d", SENTENCES["ja"])
    texts, gone, skips, since = changes(source, since)
    assert texts[source.document_id("b")] == SENTENCES["ar"]
    assert texts[source.document_id("new/d")] == SENTENCES["ja"]
    source.spoil("a")
    texts, gone, skips, _ = changes(source, since)
    assert (gone, skips) == (set(), {source.document_id("a")})


def test_deleting_and_renaming_are_noticed(source: Any) -> None:
    for name in ("a", "b", "deep/c"):
        source.put(name, name)
    _, _, _, since = changes(source)
    try:
        source.delete("a")
        source.rename("deep/c", "deep/e")
    except NotImplementedError as error:
        pytest.skip(str(error))
    texts, gone, _, _ = changes(source, since)
    assert (list(texts.values()), gone) == (["deep/c"], {source.document_id("a"), source.document_id("deep/c")})


def test_a_source_that_is_down_or_breaks_off_says_so(source: Any) -> None:
    for name in ("a", "b", "deep/c"):
        source.put(name, name)
    _, _, _, since = changes(source)
    for cursor in (None, since):
        with source.down(), pytest.raises(SourceError):
            changes(source, cursor)
    try:
        broken = source.half()
    except NotImplementedError:
        return
    with broken, pytest.raises(SourceError):
        changes(source)
    assert len(changes(source)[0]) == 3
