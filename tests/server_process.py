"""A server in a process of its own, as `interlingua serve` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 60.0
TESTS = Path(__file__).parent


class Process:
    """Started at once, on a free port; `client` waits until it is ready."""

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        values = {"port": 0, "store": "index", "embedder": "support:NgramEmbedder"} | options
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")}
        environment |= {f"INTERLINGUA_{name.upper()}": str(value) for name, value in values.items()}
        here = [str(TESTS), str(TESTS / "server")]
        environment["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), *here])
        command = [sys.executable, "-m", "interlingua.app.cli", "serve"]
        self.popen = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._client: httpx.Client | None = None

    def _read(self) -> None:
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            self.lines.append(line)

    @property
    def url(self) -> str:
        """Its address, once it listens."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.popen.poll() is None:
            for line in list(self.lines):
                if found := re.search(r"listening on (http://[^\"]+)", line):
                    return found[1]
            time.sleep(0.02)
        raise AssertionError(f"the server does not listen: {''.join(self.lines)}")

    @property
    def client(self) -> httpx.Client:
        """A client, once it is ready."""
        if self._client is None:
            self._client = httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False)
            until = time.monotonic() + PATIENCE
            while self._client.get("/ready").status_code != 200:
                assert time.monotonic() < until, self.lines
                time.sleep(0.05)
        return self._client

    def logs(self) -> list[dict[str, Any]]:
        """Its log so far."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        code = self.popen.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; the exit code."""
        self.popen.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """End it without asking."""
        if self._client is not None:
            self._client.close()
        if self.popen.poll() is None:
            self.popen.kill()
        self.wait()
        for stream in (self.popen.stdout, self.popen.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def until_over(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """A job, once it is over."""
    until = time.monotonic() + PATIENCE
    while (job := client.get(f"/jobs/{job_id}").json())["state"] not in ("done", "failed", "cancelled"):
        assert time.monotonic() < until, job
        time.sleep(0.05)
    found: dict[str, Any] = job
    return found
