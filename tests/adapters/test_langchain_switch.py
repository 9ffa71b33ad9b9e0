"""A vector store over an index that moves to another model meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")

import interlingua
from adapter_samples import Waiting, during_a_switch
from interlingua.retrieval.adapters.langchain import InterlinguaVectorStore
from support import CountingEmbedder, NgramEmbedder, ShortNgrams

Open = Callable[..., interlingua.Index]


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
