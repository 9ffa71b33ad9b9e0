"""Jobs on disk: a folder each, with `job.json` and what is to be ingested."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ....retrieval.errors import ConfigurationError
from .job import Job

logger = logging.getLogger(__name__)


class Journal:
    """The jobs of one server. What is written is there after a kill or a power loss, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: IO[bytes] | None = None

    def open(self) -> None:
        """Make the folder and hold it. Raises ConfigurationError when it cannot be, or another server holds it."""
        import fcntl

        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = (self._folder / "lock").open("ab")
        except OSError as error:
            raise ConfigurationError(
                f"The folder of the server's jobs, {self._folder}, cannot be written: {error.strerror}. Name another "
                "with the setting `state`."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ConfigurationError(
                f"Another server keeps its jobs in {self._folder}. Stop it, or name another folder with the setting "
                "`state`."
            ) from None
        self._lock = lock

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def payload(self, job: Job) -> Path:
        """The folder of what a job is to ingest; made when it is not there, gone with `drop`."""
        folder = self._folder / job.id / "payload"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def save(self, job: Job) -> None:
        """Write a job over what is stored of it."""
        folder = self._folder / job.id
        folder.mkdir(exist_ok=True, mode=0o700)
        partial = folder / "job.json.partial"
        with partial.open("w", encoding="utf-8") as file:
            json.dump(job.stored(), file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / "job.json")

    def drop(self, job: Job) -> None:
        """Delete what a job was to ingest."""
        shutil.rmtree(self._folder / job.id / "payload", ignore_errors=True)

    def forget(self, job: Job) -> None:
        """Delete all that is stored of a job."""
        shutil.rmtree(self._folder / job.id, ignore_errors=True)

    def load(self) -> Iterator[Job]:
        """The stored jobs in order of creation. Uploads that never became a job are deleted."""
        for folder in sorted(path for path in self._folder.iterdir() if path.is_dir()):
            try:
                yield Job.from_stored(json.loads((folder / "job.json").read_text(encoding="utf-8")))
            except FileNotFoundError:
                shutil.rmtree(folder, ignore_errors=True)  # the server ended while it came in
            except (OSError, ValueError, TypeError):
                logger.warning("a stored job cannot be read and is left alone: see job.json in the folder of the state")
