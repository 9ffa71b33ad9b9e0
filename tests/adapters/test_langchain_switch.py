"""A vector store over an index that moves to another model meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")

import interlingua
from interlingua.retrieval.adapters.langchain import InterlinguaVectorStore
from interlingua.retrieval.types import Matrix
from support import CountingEmbedder, NgramEmbedder, ShortNgrams

Open = Callable[..., interlingua.Index]


class Waiting(NgramEmbedder):
    """Holds every call up until it is told to go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def _embed(self, texts: Sequence[str]) -> Matrix:
        self.begun.set()
        assert self.go_on.wait(30)
        return super()._embed(texts)


def during_a_switch(index: interlingua.Index, embedder: Waiting, work: Callable[[], object]) -> list[object]:
    """What `work` returns, or raises, when the index moves to another model while it embeds."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    embedder.begun.clear()
    embedder.go_on.clear()
    thread = threading.Thread(target=run)
    thread.start()
    assert embedder.begun.wait(30)
    assert index.migrate(ShortNgrams(), sampled=0).switched
    embedder.go_on.set()
    thread.join(30)
    return found


def test_a_search_that_began_before_the_switch_ends_on_what_it_began_with(open_index: Open) -> None:
    embedder = Waiting()
    index = open_index(embedder=embedder)
    store = InterlinguaVectorStore(index)
    store.add_texts(["eins zwei", "drei vier"], ids=["a", "b"])
    expected = store.similarity_search_with_score("drei", k=2)
    assert during_a_switch(index, embedder, lambda: store.similarity_search_with_score("drei", k=2)) == [expected]
    assert len(store.similarity_search("drei", k=2)) == 2


def test_what_is_added_during_the_switch_is_in_the_new_vectors(open_index: Open) -> None:
    embedder = Waiting()
    index = open_index(embedder=embedder)
    store = InterlinguaVectorStore(index)
    store.add_texts(["eins zwei"], ids=["a"])
    assert during_a_switch(index, embedder, lambda: store.add_texts(["drei vier"], ids=["b"])) == [["b"]]
    (found, score), *_ = store.similarity_search_with_score("drei vier", k=2)
    assert (found.id, round(score, 3)) == ("b", 1.0)


def test_a_text_is_migrated_in_the_form_in_which_it_was_embedded(open_index: Open) -> None:
    index = open_index(embedder=NgramEmbedder())
    store = InterlinguaVectorStore(index)
    decomposed = "o\u0323\u0300ro\u0323\u0300  àwọn\u00ad ènìyàn"
    store.add_texts([decomposed], ids=["yo"])
    other = CountingEmbedder(ShortNgrams())
    index.migrate(other, sampled=0)
    assert other.passages == ["ọ̀rọ̀ àwọn ènìyàn"]
    assert store.get_by_ids(["yo"])[0].page_content == decomposed
