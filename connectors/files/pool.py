"""Worker processes: started on demand, reused, killed when they overstep, gone when nobody needs them."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import IO, Any

from .content import Content, Page, UnreadableError
from .frames import HEADER, decode_body, encode_frame
from .limits import Limits
from .ocr.tesseract import Missing, Tesseract, find

_DOCUMENTS_PER_WORKER = 500  # parsers written in C leak a little; a new process costs about 0.1 s


class WorkerPool:
    """Extracts documents in worker processes, one per thread that asks at the same time.

    The processes end when the pool is garbage, or at exit: nothing has to be closed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._end = weakref.finalize(self, _close_all, self._idle)

    @functools.cached_property
    def tesseract(self) -> Tesseract | Missing:
        """What there is to read pictures of text with, looked for when it is first asked for."""
        return find(self._limits.ocr)

    def extract(
        self, path: str, format_name: str, *, seconds: float | None = None, options: Mapping[str, Any] | None = None
    ) -> Content:
        """The content of the file. Raises UnreadableError with the reason, also when the worker dies of it.

        `seconds` stands for `Limits.max_seconds`, and `options` are further arguments of the format's reader.
        """
        limits = self._limits if seconds is None else replace(self._limits, max_seconds=seconds)
        request = {"path": path, "format": format_name, "limits": asdict(limits), "options": dict(options or {})}
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is not None:
            # A worker that has served others may have died while idle, or of what those left behind: try a new one.
            with contextlib.suppress(_WorkerDiedError):
                return self._extract(worker, request, limits)
        return self._extract(_Worker(), request, limits)

    def _extract(self, worker: _Worker, request: dict[str, Any], limits: Limits) -> Content:
        try:
            answer = worker.ask(request, limits)
        except BaseException:
            worker.kill()
            raise
        if answer.pop("leave", False) or worker.asked >= _DOCUMENTS_PER_WORKER:
            worker.kill()
        else:
            with self._lock:
                self._idle.append(worker)
        if "skip" in answer:
            raise UnreadableError(answer["skip"])
        return Content(**answer | {"pages": tuple(Page(*page) for page in answer["pages"])})

    def close(self) -> None:
        """End the idle workers now; a later `extract` starts new ones."""
        with self._lock:
            _close_all(self._idle)


class _WorkerDiedError(UnreadableError):
    pass


class _Worker:
    def __init__(self) -> None:
        # A folder of its own: what a killed one leaves there (pictures of pages) goes with it.
        self._folder = tempfile.mkdtemp(prefix="interlingua-")
        # -P: a file named lxml.py in the present folder must not become part of the worker.
        command = [sys.executable, "-P", "-m", f"{__package__}.worker", self._folder]
        # A process group of its own, so that what it has started (tesseract) ends with it.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0,
        )
        self.asked = 0

    def ask(self, message: dict[str, Any], limits: Limits) -> dict[str, Any]:
        self.asked += 1
        deadline = time.monotonic() + limits.max_seconds
        request = encode_frame(message)
        try:
            self._pipe(self._process.stdin).write(request)
            size = HEADER.unpack(self._read(HEADER.size, deadline, limits))[0]
            # 6 bytes per character: JSON writes a control character as \u0001. And twice, with pages of their own.
            if size > 12 * limits.max_characters + 10_000_000:
                raise UnreadableError("the extraction process gave an answer beyond all limits")
            return decode_body(self._read(size, deadline, limits))
        except (BrokenPipeError, EOFError, ValueError):
            raise _WorkerDiedError(self._cause_of_death(limits)) from None

    def _read(self, size: int, deadline: float, limits: Limits) -> bytes:
        descriptor = self._pipe(self._process.stdout).fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        parts: list[bytes] = []
        while size:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise UnreadableError(f"took longer than {limits.max_seconds:g} s (Limits.max_seconds)")
            part = os.read(descriptor, min(size, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _cause_of_death(self, limits: Limits) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "the extraction process stopped answering"
        if code >= 0:
            return f"the extraction process ended with exit status {code}"
        name = signal.Signals(-code).name
        return f"the extraction process crashed ({name}; it may use {limits.max_memory_bytes / 1e6:,.0f} MB of memory)"

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it has ended, and all that it started
            os.killpg(self._process.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """End the process, and remove its files: an idle worker leaves when its input ends."""
        self._pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pipe(self._process.stdout).close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
        if stream is None:
            raise RuntimeError("the worker was started without pipes")
        return stream


def _close_all(workers: list[_Worker]) -> None:
    while workers:
        workers.pop().close()
