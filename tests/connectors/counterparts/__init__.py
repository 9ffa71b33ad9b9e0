"""Real counterparts of sources on this machine, a module per kind of connector; `test_sync_scenarios` runs over all.

A module has one function

    @contextmanager
    def opened(folder: Path) -> Iterator[Counterpart]: ...

that starts whatever the source needs (a server, a database), keeps its files in `folder`, which is empty, and stops it
at the end (the PostgreSQL server once all tests have run). A module is imported when its tests run: it may call
`pytest.importorskip` and `pytest.skip` for what is not installed. Names are such as "a",
"b", "deep/c"; texts are in any script.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, cast

from interlingua.retrieval.protocols import Connector


class Counterpart(Protocol):
    """A source that a test can change. What a kind of source cannot do raises NotImplementedError when it is called."""

    def connector(self) -> Connector:
        """A fresh connector over the source as it is now."""
        ...

    def put(self, name: str, text: str) -> None:
        """Add a document, or give it another text."""
        ...

    def delete(self, name: str) -> None:
        """Remove a document."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a document another name and thereby another id."""
        ...

    def spoil(self, name: str) -> None:
        """Make one document unreadable, so that it is skipped; all others stay readable. `put` mends it."""
        ...

    def document_id(self, name: str) -> str:
        """The id that the document is to have."""
        ...

    def down(self) -> AbstractContextManager[None]:
        """In this block the source cannot be reached."""
        ...

    def half(self) -> AbstractContextManager[None]:
        """In this block a listing breaks off in the middle, or a part of it cannot be listed."""
        ...


class Skewed(Protocol):
    """What a counterpart has besides, where its source puts times of its own on documents."""

    def skew(self, seconds: float) -> None:
        """From now on the source's clock is ahead by so much (behind, when it is negative)."""
        ...


def kinds() -> list[str]:
    """Names of all counterparts, sorted; nothing is imported, and a module without `opened` is not one."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py") if "\ndef opened(" in path.read_text())


def opened(kind: str, folder: Path) -> AbstractContextManager[Counterpart]:
    """The counterpart of that kind, over an empty source."""
    module = importlib.import_module(f".{kind}", __name__)
    return cast("AbstractContextManager[Counterpart]", module.opened(folder))
