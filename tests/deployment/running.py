"""A service of docker-compose.yml as a process of this machine: its own command line and environment, other places."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stack import command_line, environment, health_check

PATIENCE = 60.0
PROGRAMS = {
    "interlingua": [sys.executable, "-m", "interlingua.app.cli"],
    "python": [sys.executable],
}
"""What the image has in its PATH, as this environment runs it."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Running:
    """One service, started at once in `folder`, which is its /data.

    `hosts` says where on this machine the other services are: `{"embedder:8080": "127.0.0.1:40123"}`. The Qdrant server
    is replaced by a store in `folder`.
    """

    def __init__(self, service: Mapping[str, Any], folder: Path, hosts: Mapping[str, str] | None = None) -> None:
        port = service["ports"][0].rpartition(":")[2]
        self.port = free_port()
        self._places = {
            "http://qdrant:6333": str(folder / "store"),
            "/data": str(folder),
            "0.0.0.0": "127.0.0.1",
            port: str(self.port),
            **(hosts or {}),
        }
        self.environment = {name: self._here(value) for name, value in environment(service).items()}
        self._check = self._program(health_check(service))
        self.popen = subprocess.Popen(
            self._program(command_line(service)), cwd=folder, env=self.environment, stdout=subprocess.DEVNULL
        )

    def _here(self, word: str) -> str:
        for there, here in self._places.items():
            word = word.replace(there, here)
        return word

    def _program(self, command: Sequence[str]) -> list[str]:
        program, *rest = command
        return [*PROGRAMS[program], *map(self._here, rest)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def healthy(self) -> bool:
        """What its health check says."""
        done = subprocess.run(self._check, env=self.environment, capture_output=True, timeout=PATIENCE, check=False)
        return done.returncode == 0

    def until_healthy(self) -> None:
        """Wait for its health check."""
        until = time.monotonic() + PATIENCE
        while not self.healthy():
            assert self.popen.poll() is None, "it has ended"
            assert time.monotonic() < until, "it is not healthy in time"
            time.sleep(0.2)

    def stop(self) -> int:
        """End it as an engine does; the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(PATIENCE)

    def kill(self) -> None:
        """End it without asking."""
        with contextlib.suppress(OSError):
            self.popen.kill()
        self.popen.wait(PATIENCE)
