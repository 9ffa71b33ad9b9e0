"""An infinity server (PyPI: infinity-emb) on loopback, in an environment of its own, to be killed and restarted."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import interlingua

COMMAND = Path(interlingua.__file__).parent / ".venv" / "infinity" / "bin" / "infinity_emb"
START = 180.0  # seconds; it takes 20 when the machine has nothing else to do


class Infinity:
    """A server of the given models, name -> folder."""

    def __init__(self, models: Mapping[str, Path], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._models, self._log = models, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it, on the same port each time; returns when it answers."""
        command = [str(COMMAND), "v2", "--host", "127.0.0.1", "--port", str(self.port), "--url-prefix", "/v1"]
        command += ["--device", "cpu", "--engine", "torch", "--no-bettertransformer", "--no-model-warmup"]
        for name, folder in self._models.items():
            command += ["--model-id", str(folder), "--served-model-name", name]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "TRANSFORMERS_VERBOSITY": "error"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + START
        while wait and not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"infinity did not start:\n{self._log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.2)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False
