"""The model of an OnnxEmbedder in a process of its own, for programs with other things to do meanwhile.

Reading a model takes half a second in which no other Python of the process runs, and so does, in pieces, embedding:
in a process of its own it is read while the program loads its libraries, and pages are drawn while texts are embedded.
"""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import EmbedderError
from ..precedence import SEARCHES
from ..protocols import Embedder
from ..types import Matrix
from .onnx import OnnxEmbedder

_AT_ONCE = 16
"""Requests that are answered side by side; further ones wait."""
_PATIENCE = 5.0
"""Seconds that a process gets to end."""
_ABOUT = ("model", "dim", "dimensions", "fingerprint", "max_tokens")
"""What an OnnxEmbedder says of itself."""


class ModelProcess:
    """A process that reads the model of a folder and answers for it; safe to share between threads.

    It starts with `start` or the first request, anew when it has died, and ends with this process or `close`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def start(self) -> None:
        """Begin to read the model, if that was not begun before; returns at once."""
        self._started()

    def ask(self, verb: str, dimensions: int | None, *arguments: Any) -> Any:
        """What the model, with vectors cut to `dimensions`, answers to `verb`.

        Raises what the model raises, and EmbedderError when the process has died twice of it.
        """
        for last in (False, True):
            running = self._started()
            try:
                return running.ask(verb, dimensions, *arguments)
            except _EndedError as ended:
                with self._lock:
                    if self._running is running:
                        self._running = None
                if last:
                    raise EmbedderError(
                        f"The process that runs the model in {self.folder} {ended}, twice. What it wrote to standard "
                        "error may say why; where it was killed, is there enough memory? It takes some 300 MB."
                    ) from None
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End the process; the next request starts another."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.close()

    def _started(self) -> _Running:
        with self._lock:
            if self._running is None:
                self._running = _Running(self.folder)
            return self._running


class ApartEmbedder:
    """As `OnnxEmbedder`, in the process that it is given; `dimensions` too as there."""

    def __init__(self, process: ModelProcess, dimensions: int | None = None) -> None:
        self._process = process
        self._dimensions = dimensions
        self._known: dict[str, Any] = {}

    def _about(self, name: str) -> Any:
        if not self._known:
            self._known = self._ask("about")
        return self._known[name]

    @property
    def model(self) -> str:
        """Name of the model, from its config.json."""
        return str(self._about("model"))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._about("dim"))

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Lengths that a vector may be cut to."""
        return tuple(self._about("dimensions"))

    @property
    def fingerprint(self) -> str:
        """See `OnnxEmbedder.fingerprint`."""
        return str(self._about("fingerprint"))

    @property
    def max_tokens(self) -> int:
        """Ceiling for chunks."""
        return int(self._about("max_tokens"))

    @property
    def tokenizer(self) -> ApartEmbedder:
        """The model's own tokenizer."""
        return self

    def token_starts(self, text: str) -> NDArray[np.int64]:
        """See `Tokenizer.token_starts`."""
        found: NDArray[np.int64] = self._ask("token_starts", text)
        return found

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per query, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed("embed_queries", texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per passage, shape (len(texts), dim), in order; shape (0, dim) for no texts."""
        return self._embed("embed_passages", texts)

    def _embed(self, verb: str, texts: Sequence[str]) -> Matrix:
        vectors: Matrix = self._ask(verb, texts if isinstance(texts, str) else list(texts))
        return vectors

    def _ask(self, verb: str, *arguments: Any) -> Any:
        return self._process.ask(verb, self._dimensions, *arguments)


def apart(embedder: Embedder, process: ModelProcess) -> Embedder:
    """`embedder`, in `process` if that is for its model; as it is otherwise."""
    if isinstance(embedder, OnnxEmbedder) and embedder.folder == process.folder:
        return ApartEmbedder(process, embedder.cut_to)
    return embedder


class _EndedError(Exception):
    """The process is gone; the message says how it ended."""


class _Running:
    """One process, from its start to its end, and those who wait for its answers."""

    def __init__(self, folder: Path) -> None:
        self._connection, theirs = Pipe()
        # -P: a file named onnxruntime.py in the present folder must not become part of it.
        command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        theirs.close()
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._ended: str | None = None
        self._reader = threading.Thread(target=self._read, name="interlingua-model", daemon=True)
        self._reader.start()

    def ask(self, *request: Any) -> Any:
        """The answer. Raises what it says, and _EndedError without one."""
        answer: Future[Any] = Future()
        with self._lock:
            if self._ended is not None:
                raise _EndedError(self._ended)
            number = next(self._numbers)
            self._waiting[number] = answer
            with suppress(OSError):  # it has died, as the reader will find
                self._connection.send((number, *request))
        return answer.result()

    def close(self) -> None:
        """End the process, which leaves when its input ends."""
        self._process.terminate()
        self._reader.join()

    def _read(self) -> None:
        with suppress(Exception):  # whatever it is, nothing more can be read
            while True:
                number, answer, error = self._connection.recv()
                waiting = self._waiting.pop(number)
                if error is None:
                    waiting.set_result(answer)
                else:
                    waiting.set_exception(error)
        cause = self._cause()
        with self._lock:
            self._ended = cause
            left = list(self._waiting.values())
            self._connection.close()
        for waiting in left:
            waiting.set_exception(_EndedError(cause))

    def _cause(self) -> str:
        """How it ended; waits for that."""
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return "stopped answering"
        return f"ended with exit status {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"


class _Answers:
    """What the process does."""

    def __init__(self, connection: Connection[Any, Any], folder: Path) -> None:
        self._connection = connection
        self._writing = threading.Lock()
        self._whole = OnnxEmbedder(folder)

    def serve(self) -> None:
        """Answer until whoever asks is gone."""
        with suppress(Exception):  # each request will say so
            self._whole.network()
        pool = ThreadPoolExecutor(_AT_ONCE)
        with suppress(EOFError, OSError):
            while True:
                pool.submit(self._answer, *self._connection.recv())
        os._exit(0)  # what is still at work is for nobody

    def _answer(self, number: int, verb: str, dimensions: int | None, *arguments: Any) -> None:
        answer: Any = None
        error: Exception | None = None
        try:
            answer = self._found(self._whole.shortened(dimensions), verb, *arguments)
        except Exception as caught:
            error = _portable(caught)
        with self._writing, suppress(OSError):  # nobody waits for it any more
            self._connection.send((number, answer, error))

    @staticmethod
    def _found(embedder: OnnxEmbedder, verb: str, *arguments: Any) -> Any:
        if verb == "about":
            return {name: getattr(embedder, name) for name in _ABOUT}
        if verb == "token_starts":
            return embedder.tokenizer.token_starts(*arguments)
        if verb == "embed_queries":
            with SEARCHES.first():
                return embedder.embed_queries(*arguments)
        return embedder.embed_passages(*arguments)


def _portable(error: Exception) -> Exception:
    """The error, or one with its text where it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return EmbedderError(str(error))
    return error


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the other end closes after it
    _Answers(Connection(int(sys.argv[1])), Path(sys.argv[2])).serve()
