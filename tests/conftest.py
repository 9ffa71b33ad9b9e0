"""Fixtures that many tests share: the bundled model, an embedder that counts, a fresh index, a document per script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import interlingua
import pytest
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.rerankers import Reranker
from interlingua.retrieval.types import Document
from support import SENTENCES, CountingEmbedder, NgramEmbedder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that no process waits at the end for another that has just begun one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def bundled() -> Embedder:
    return interlingua.embedder("bundled")


@pytest.fixture
def counting() -> CountingEmbedder:
    """Quick to make and to run; a test of what is found takes `bundled`."""
    return CountingEmbedder(NgramEmbedder())


@pytest.fixture
def open_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., interlingua.Index]]:
    """Open indexes that are closed at the end, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    opened = []

    def open_(
        store: str | Path = "index",
        *,
        embedder: Embedder | None = None,
        reranker: Reranker | None = None,
        **options: object,
    ) -> interlingua.Index:
        from interlingua.app.index import from_settings
        from interlingua.app.settings import load

        index = from_settings(load(store=str(store), **options), embedder=embedder, reranker=reranker)
        opened.append(index)
        return index

    yield open_
    for index in opened:
        index.close()


@pytest.fixture
def index(open_index: Callable[..., interlingua.Index], counting: CountingEmbedder) -> interlingua.Index:
    return open_index(embedder=counting)


@pytest.fixture
def sentences() -> list[Document]:
    """One document per language of SENTENCES."""
    return [Document(id=f"udhr/{tag}", text=text) for tag, text in SENTENCES.items()]
