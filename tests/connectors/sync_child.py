"""A process that syncs a counterpart and kills itself at a write: `python sync_child.py KIND FOLDER STORE AFTER`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any, cast

from counterparts import journal
from interlingua import FilesConnector
from interlingua.retrieval.protocols import Connector, Store
from sync_samples import Killing, Syncing, opened_store


def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(kind: str, folder: str, store: str, after: str) -> None:
    connectors: dict[str, Any] = {
        "files": lambda: FilesConnector(Path(folder)),
        "journal": lambda: journal.JournalConnector(path=f"{folder}/journal.jsonl"),
    }
    sync = Syncing(opened_store(Path(store)))
    killing = Killing(sync.store, int(after), end=end)
    sync(cast("Connector", connectors[kind]()), store=cast("Store", killing))
    print(f"{killing.writes} writes, {len(sync.counting.passages)} embedded")


if __name__ == "__main__":
    main(*sys.argv[1:])
