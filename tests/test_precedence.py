"""Searches come first: what takes long waits between its steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import interlingua
import pytest
from interlingua.retrieval.precedence import SEARCHES, Precedence
from interlingua.retrieval.types import Matrix

LONG = 60.0
"""Longer than any test takes: what returns has not waited so long."""


def _started(work: Callable[[], object]) -> threading.Event:
    """Set once `work` is done, in a thread of its own."""
    done = threading.Event()

    def run() -> None:
        work()
        done.set()

    threading.Thread(target=run, daemon=True).start()
    return done


def test_a_step_waits_until_all_searches_are_over() -> None:
    searches = Precedence(LONG)
    with searches.first():
        with searches.first():
            done = _started(searches.give_way)
            assert not done.wait(0.1)
        assert not done.wait(0.1)
    assert done.wait(LONG / 2)


def test_without_a_search_nothing_waits() -> None:
    searches = Precedence(LONG)
    searches.give_way()
    with searches.first():
        pass
    assert _started(searches.give_way).wait(LONG / 2)


def test_a_step_waits_no_longer_than_its_patience() -> None:
    searches = Precedence(0.01)
    with searches.first():
        assert _started(searches.give_way).wait(LONG)


def test_what_comes_first_does_not_wait_for_itself() -> None:
    searches = Precedence(LONG)

    def own() -> None:
        with searches.first():
            searches.give_way()

    assert _started(own).wait(LONG / 2)


def test_a_failed_search_holds_nobody_up() -> None:
    searches = Precedence(LONG)
    with pytest.raises(RuntimeError), searches.first():
        raise RuntimeError
    assert not searches.busy


@pytest.mark.parametrize("work", ["embed", "write"])
def test_an_ingest_gives_way_between_its_steps(work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [interlingua.Document(id=str(n), text=f"text {n}") for n in range(3)]
    with interlingua.open(tmp_path / "index") as index, ThreadPoolExecutor(1) as pool:
        index.ingest(documents)
        steps: dict[str, Callable[[], object]] = {
            "embed": lambda: index.embedder.embed_passages(["one", "two"]),
            "write": index.store.flush,
        }
        monkeypatch.setattr(SEARCHES, "patience", LONG)
        with SEARCHES.first():
            future = pool.submit(steps[work])
            with pytest.raises(TimeoutError):
                future.result(0.1)
        future.result(LONG / 2)


def test_a_search_comes_first_while_it_embeds_and_looks(tmp_path: Path) -> None:
    model = interlingua.embedder("bundled")
    seen: list[bool] = []

    class Watching:
        """The bundled model, noting whether a search is known to be at work."""

        def __getattr__(self, name: str) -> object:
            return getattr(model, name)

        def embed_queries(self, texts: Sequence[str]) -> Matrix:
            seen.append(SEARCHES.busy)
            return model.embed_queries(texts)

    with interlingua.open(tmp_path / "index", embedder="bundled") as index:
        index.ingest([interlingua.Document(id="1", text="text")])
        retriever = interlingua.retrieval.retriever.Retriever(Watching(), index.store)
        retriever.search("text")
    assert seen == [True]
    assert not SEARCHES.busy
