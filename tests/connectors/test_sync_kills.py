"""Killed with SIGKILL at a write of chunks, of a flush or of the state, and run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from counterparts import opened
from interlingua.connectors.ingestor import Ingestor
from support import SENTENCES, NgramEmbedder
from sync_samples import Syncing, opened_store, snapshot

HERE = Path(__file__).parent


@pytest.mark.parametrize(("kind", "after"), [("files", 1), ("journal", 2), ("journal", 4)])
def test_a_killed_process_loses_nothing(kind: str, after: int, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with opened(kind, tmp_path / "source") as source:
        for number, text in enumerate(SENTENCES.values()):
            source.put(f"deep/{number}", text)
        folder = tmp_path / "source" / ("docs" if kind == "files" else "")
        command = [sys.executable, str(HERE / "sync_child.py"), kind, str(folder), str(tmp_path / "index"), str(after)]
        environment = os.environ | {"PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
        store = opened_store(tmp_path / "index")
        had = {text for _, text, *_ in snapshot(store).values()}
        sync = Syncing(store)
        assert sync(source.connector()).ok
        assert not set(sync.counting.passages) & had
        fresh = opened_store(tmp_path / "fresh")
        Ingestor(NgramEmbedder(), fresh).ingest(source.connector())
        assert snapshot(store) == snapshot(fresh)
        fresh.close()
        store.close()
