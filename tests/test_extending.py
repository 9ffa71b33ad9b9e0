"""docs/extending.md: its connector and its contract test run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.contract import check_connector
from interlingua.retrieval.types import Checkpoint, Document, Pending, Skip

PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")


def test_the_connector_of_the_documentation_keeps_its_contract(tmp_path: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        name = re.match(r"# (\w+\.py)\n", block)
        assert name is not None, "a block that is no file"
        (tmp_path / name[1]).write_text(block, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "test_notebook.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


@dataclass
class Listed:
    """A connector that gives what it is told to, another list on each call."""

    lists: list[list[Any]]
    source: str = "it"
    complete: bool = True
    calls: int = field(default=0)

    def documents(self) -> Iterator[Any]:
        self.calls += 1
        return iter(self.lists[min(self.calls, len(self.lists)) - 1])


@dataclass
class Resumed(Listed):
    """One whose changes are by place."""

    def changes(self, since: str | None) -> Iterator[Any]:
        for place, item in enumerate(self.lists[0]):
            if since is None or place >= int(since):
                yield item
                yield Checkpoint(cursor=self.cursor(place))
        yield Checkpoint(cursor=str(len(self.lists[0])))

    def cursor(self, place: int) -> str:
        return str(place + 1)


class Forgetful(Resumed):
    def cursor(self, place: int) -> str:
        return str(place + 2)  # ahead of what was given


A, B = Document(id="a", text="eins"), Document(id="b", text="zwei")


def pending(document: Document | Skip, *, revision: str = "1") -> Pending:
    return Pending(id="a", revision=revision, read=lambda: document)


@pytest.mark.parametrize(
    ("connector", "promise"),
    [
        (Listed([[A, B]], source=""), "source is a name"),
        (Listed([[A, A]]), "no id comes twice"),
        (Listed([[A, B], [B, A]]), "the same ids in the same order"),
        (Listed([[A, "text"]]), "documents\\(\\) gives Document"),
        (Listed([[Document(id="", text="x")]]), "an id is a text"),
        (Listed([[Skip(id="a", reason="")]]), "a Skip has a reason"),
        (Listed([[pending(B)]]), "the id that it was listed with"),
        (Listed([[pending(Document(id="a", text="x", revision="2"))]]), "and its revision"),
        (Forgetful([[A, B]]), "as if it had never stopped"),
    ],
)
def test_a_connector_that_breaks_its_promise_is_told_which(connector: Listed, promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_connector(lambda: connector)


def test_a_connector_that_keeps_its_promises_passes() -> None:
    check_connector(lambda: Resumed([[A, B, Skip(id="c", reason="damaged")]]))
    check_connector(lambda: Listed([[pending(Document(id="a", text="x", revision="1"))]]))
