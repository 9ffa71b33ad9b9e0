"""The bundled model in a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import interlingua
import numpy as np
import pytest
from interlingua.retrieval.embedders.apart import ApartEmbedder, ModelProcess, apart
from interlingua.retrieval.embedders.onnx import BUNDLED, OnnxEmbedder, bundled
from interlingua.retrieval.errors import ConfigurationError, EmbedderError
from interlingua.retrieval.protocols import Embedder
from processes import gone, model_processes

TEXTS = ["Wasser kocht bei hundert Grad.", "水は百度で沸騰する。", "", "Вода кипит. " * 200]


@pytest.fixture(scope="module")
def process() -> Iterator[ModelProcess]:
    process = ModelProcess(BUNDLED)
    yield process
    process.close()


@pytest.mark.parametrize("dimensions", [None, 128])
def test_it_answers_as_the_model_in_this_process_does(process: ModelProcess, dimensions: int | None) -> None:
    here, there = bundled(dimensions), apart(bundled(dimensions), process)
    assert isinstance(there, ApartEmbedder)
    assert isinstance(there, Embedder)
    for name in ("model", "dim", "dimensions", "fingerprint", "max_tokens"):
        assert getattr(there, name) == getattr(here, name)
    assert np.array_equal(there.embed_queries(TEXTS), here.embed_queries(TEXTS))
    assert np.array_equal(there.embed_passages(TEXTS), here.embed_passages(TEXTS))
    assert there.embed_passages([]).shape == (0, here.dim)
    for text in TEXTS:
        assert there.tokenizer.token_starts(text).tolist() == here.tokenizer.token_starts(text).tolist()


def test_another_model_stays_where_it_is(process: ModelProcess, tmp_path: Path) -> None:
    other = OnnxEmbedder(tmp_path)
    assert apart(other, process) is other


def test_its_errors_are_raised_here(process: ModelProcess, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="not one string"):
        ApartEmbedder(process).embed_queries("water")
    with pytest.raises(ConfigurationError, match="no vectors of 77 dimensions"):
        ApartEmbedder(process, 77).dim  # noqa: B018
    empty = ModelProcess(tmp_path)
    with pytest.raises(ConfigurationError, match=r"config\.json cannot be read"):
        ApartEmbedder(empty).model  # noqa: B018
    empty.close()


def test_many_threads_may_ask_at_once(process: ModelProcess) -> None:
    embedder = ApartEmbedder(process)
    wanted = bundled().embed_queries([f"number {n}" for n in range(8)])
    wrong: list[int] = []

    def ask(number: int) -> None:
        for _ in range(5):
            if not np.array_equal(embedder.embed_queries([f"number {number}"])[0], wanted[number]):
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_query_does_not_wait_for_a_long_list_of_passages(process: ModelProcess) -> None:
    embedder = ApartEmbedder(process)
    done = threading.Event()

    def passages() -> None:
        embedder.embed_passages(["The ferry does not run on Sundays. " * 20] * 500)
        done.set()

    thread = threading.Thread(target=passages)
    thread.start()
    for _ in range(3):
        embedder.embed_queries(["When does the ferry run?"])
    assert not done.is_set()
    thread.join()


def test_a_process_that_was_killed_is_started_anew() -> None:
    others = model_processes(os.getpid())
    process = ModelProcess(BUNDLED)
    embedder = ApartEmbedder(process)
    before = embedder.embed_queries(["water"])
    (first,) = model_processes(os.getpid()) - others
    os.kill(first, signal.SIGKILL)
    assert np.array_equal(embedder.embed_queries(["water"]), before)
    (second,) = model_processes(os.getpid()) - others
    assert second != first
    process.close()
    assert gone(second)
    assert np.array_equal(embedder.embed_queries(["water"]), before)
    process.close()


def test_one_that_dies_of_what_it_is_asked_is_an_error_that_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the interpreter runs at its start ends the process, as a kernel without memory for it would."""
    (tmp_path / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EmbedderError, match=r"was ended by SIGKILL, twice\..* is there enough memory"):
        ApartEmbedder(ModelProcess(BUNDLED)).embed_queries(["water"])


PROGRAM = """
import signal, threading, time
from interlingua.retrieval.embedders.apart import ApartEmbedder, ModelProcess
from interlingua.retrieval.embedders.onnx import BUNDLED

signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background, it is ignored
embedder = ApartEmbedder(ModelProcess(BUNDLED))
embedder.dim
"""


@contextmanager
def program(end: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A program that has its model apart and then does `end`; with the process of that model."""
    command = [sys.executable, "-c", f"{PROGRAM}print('ready', flush=True)\n{end}"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            assert parent.stdout.readline()
            (model,) = model_processes(parent.pid)
            yield parent, model
        finally:
            parent.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_the_process_that_started_it(how: signal.Signals, tmp_path: Path) -> None:
    with program("time.sleep(600)", tmp_path) as (parent, model):
        os.kill(model, signal.SIGINT)  # as Ctrl-C reaches all: it waits for the program that started it
        time.sleep(0.2)
        assert model_processes(parent.pid) == {model}
        parent.send_signal(how)
        assert gone(model)


def test_what_is_still_at_work_ends_with_the_process_that_asked_for_it(tmp_path: Path) -> None:
    work = "threading.Thread(target=embedder.embed_passages, args=[['water ' * 200] * 20_000]).start()"
    with program(work, tmp_path) as (parent, model):
        time.sleep(0.5)
        parent.kill()
        assert gone(model)


def test_an_index_is_searched_and_filled_through_it(process: ModelProcess, tmp_path: Path) -> None:
    from interlingua.app.index import from_settings
    from interlingua.app.settings import load

    settings = load(store=str(tmp_path / "index"))
    (tmp_path / "ferry.txt").write_text("Die Fähre nach Föhr verkehrt sonntags nicht.", encoding="utf-8")
    with from_settings(settings, process=process) as index:
        assert isinstance(index.embedder, ApartEmbedder)
        assert index.ingest(tmp_path / "ferry.txt").added == 1
        found = index.search("When does the ferry run?")
    with interlingua.open(tmp_path / "index", create=False) as index:
        assert [hit.score for hit in index.search("When does the ferry run?")] == [hit.score for hit in found]
    shutil.rmtree(tmp_path / "index")
