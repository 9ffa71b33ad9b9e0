"""Reranking: the order is the reranker's, every stage's score is kept, a late reranker costs nothing but its budget."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from interlingua import Document, Index
from interlingua.retrieval.errors import ConfigurationError, EmbedderError, InputError
from numpy.typing import NDArray
from support import NgramEmbedder

WORDS = ["apple", "pear", "plum", "cherry", "fig", "grape"]


class ByLength:
    """The longer a passage, the more relevant."""

    model = "by length"

    def __init__(self) -> None:
        self.seen: list[int] = []

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        self.seen.append(len(passages))
        return np.array([len(passage) / 1000 for passage in passages], np.float32)


class Waiting:
    """Answers only once it is told to."""

    model = "waiting"

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        self.go_on.wait(30)
        return np.zeros(len(passages), np.float32)


class Wrong:
    """Returns what it was made with."""

    model = "wrong"

    def __init__(self, scores: list[float]) -> None:
        self.scores = np.array(scores, np.float32)

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        return self.scores


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    reranker = Waiting()
    yield reranker
    reranker.go_on.set()


@pytest.fixture
def filled(open_index: Callable[..., Index]) -> Callable[..., Index]:
    """An index of six notes of growing length, with the reranker given."""

    def fill(reranker: object = None) -> Index:
        index = open_index(embedder=NgramEmbedder(), reranker=reranker)
        texts = [f"The {word} is a fruit" + " that grows on a tree" * n + "." for n, word in enumerate(WORDS)]
        index.ingest([Document(id=word, text=text) for word, text in zip(WORDS, texts, strict=True)])
        return index

    return fill


def test_the_order_is_the_rerankers_and_both_scores_are_kept(filled: Callable[..., Index]) -> None:
    index = filled(ByLength())
    plain = index.search("The apple is a fruit.", limit=3)
    hits = index.search("The apple is a fruit.", limit=3, rerank=True)
    assert plain[0].chunk.document_id == "apple"
    assert [hit.chunk.document_id for hit in hits] == ["grape", "fig", "cherry"]
    dense = {hit.chunk.id: hit.score for hit in index.search("The apple is a fruit.", limit=6)}
    for hit in hits:
        assert hit.score == hit.scores["rerank"] == pytest.approx(len(hit.chunk.text) / 1000)
        assert hit.scores["dense"] == pytest.approx(dense[hit.chunk.id])


def test_it_is_never_on_by_default(filled: Callable[..., Index]) -> None:
    reranker = ByLength()
    assert "rerank" not in filled(reranker).search("a fruit")[0].scores
    assert reranker.seen == []


@pytest.mark.parametrize(("limit", "candidates", "read"), [(2, 4, 4), (5, 3, 5), (1, 50, 6)])
def test_as_many_candidates_are_read_as_asked_for_and_never_fewer_than_the_limit(
    filled: Callable[..., Index], limit: int, candidates: int, read: int
) -> None:
    reranker = ByLength()
    hits = filled(reranker).search("a fruit", limit=limit, rerank=True, candidates=candidates)
    assert reranker.seen == [read]
    assert len(hits) == limit


def test_past_the_budget_the_unranked_list_comes_back_and_a_warning_says_so(
    filled: Callable[..., Index], waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    index = filled(waiting)
    with caplog.at_level(logging.WARNING):
        hits = index.search("The plum is a fruit", limit=4, rerank=True, rerank_budget=0.01)
    assert hits == index.search("The plum is a fruit", limit=4)
    assert "waiting did not rank 6 passages within 0.01 s" in caplog.text


@pytest.mark.parametrize("scores", [[0.5], [0.1] * 5 + [float("nan")]])
def test_unusable_scores_are_an_error(filled: Callable[..., Index], scores: list[float]) -> None:
    with pytest.raises(EmbedderError, match="wrong returned no usable scores"):
        filled(Wrong(scores)).search("a fruit", rerank=True)


def test_an_error_of_the_reranker_is_not_taken_for_lateness(filled: Callable[..., Index]) -> None:
    with pytest.raises(EmbedderError, match="no usable scores"):
        filled(Wrong([])).search("a fruit", rerank=True, rerank_budget=30)


def test_reranking_without_a_reranker_says_how_to_name_one(filled: Callable[..., Index]) -> None:
    with pytest.raises(ConfigurationError, match="No reranker is configured"):
        filled().search("a fruit", rerank=True)


@pytest.mark.parametrize(("candidates", "budget"), [(0, None), (5000, None), (5, 0.0), (5, -1.0)])
def test_limits_out_of_range_are_refused(filled: Callable[..., Index], candidates: int, budget: float | None) -> None:
    with pytest.raises(InputError, match=r"candidates|rerank_budget"):
        filled(ByLength()).search("a fruit", rerank=True, candidates=candidates, rerank_budget=budget)
