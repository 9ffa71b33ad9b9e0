"""A repository that others push to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.git import GitConnector
from interlingua.retrieval.protocols import Connector

_ENVIRONMENT = {
    **os.environ,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


class Repository:
    """See `Counterpart`. Besides: `run` is git in the working tree of whoever pushes."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.cache = folder / "cache"
        self.tree.mkdir()
        self.run("init", "--quiet", "--initial-branch=main")
        self.run("commit", "--quiet", "--allow-empty", "-m", "begin")

    def run(self, *arguments: str, **options: Any) -> str:
        command = ["git", "-C", str(self.tree), *arguments]
        done = subprocess.run(command, check=True, capture_output=True, env=_ENVIRONMENT, timeout=60, **options)
        return done.stdout.decode().strip()

    def commit(self) -> str:
        """Commit all that is in the working tree; its id."""
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "-m", "change")
        return self.run("rev-parse", "HEAD")

    def connector(self, **options: Any) -> Connector:
        return GitConnector(str(self.tree), **{"name": "handbook", "cache": str(self.cache), **options})

    def write(self, path: str, data: bytes) -> None:
        (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
        (self.tree / path).write_bytes(data)

    def put(self, name: str, text: str) -> None:
        self.write(f"{name}.txt", text.encode())
        self.commit()

    def delete(self, name: str) -> None:
        (self.tree / f"{name}.txt").unlink()
        self.commit()

    def rename(self, old: str, new: str) -> None:
        (self.tree / f"{new}.txt").parent.mkdir(parents=True, exist_ok=True)
        (self.tree / f"{old}.txt").rename(self.tree / f"{new}.txt")
        self.commit()

    def spoil(self, name: str) -> None:
        self.write(f"{name}.txt", b"PK\x03\x04 an archive that ends here\x00\xff")
        self.commit()

    def document_id(self, name: str) -> str:
        return f"git:handbook/{name}.txt"

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self.tree.with_name("away")
        self.tree.rename(away)
        yield
        away.rename(self.tree)

    @contextmanager
    def half(self) -> Iterator[None]:
        # The folder's own object is missing, so that what is in it can be neither fetched nor listed.
        name = self.run("rev-parse", "HEAD:deep")
        path = self.tree / ".git" / "objects" / name[:2] / name[2:]
        away = path.with_suffix(".away")
        shutil.rmtree(self.cache, ignore_errors=True)
        path.rename(away)
        yield
        away.rename(path)


@contextmanager
def opened(folder: Path) -> Iterator[Repository]:
    if shutil.which("git") is None:
        pytest.skip("no git: apt-get install git")
    yield Repository(folder)
