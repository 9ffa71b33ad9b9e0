"""Malformed and malicious files: every one reported with its reason, none of them stops the run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import Hostile, make_hostile_folder
from interlingua.retrieval.types import Document, Skip
from reading_helpers import read_all

NAME = "set/"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Hostile]:
    path = tmp_path_factory.mktemp("hostile") / "folder"
    return path, make_hostile_folder(path)


@pytest.fixture(scope="module")
def outcome(hostile: tuple[Path, Hostile]) -> tuple[dict[str, Document], dict[str, Skip]]:
    return read_all(hostile[0], name=NAME.rstrip("/"))


def test_the_good_files_among_bad_ones_are_read(
    hostile: tuple[Path, Hostile], outcome: tuple[dict[str, Document], dict[str, Skip]]
) -> None:
    expected = {**hostile[1].good, **hostile[1].odd}
    assert {NAME + name for name in expected} == set(outcome[0])
    for name, part in expected.items():
        assert part in outcome[0][NAME + name].text
    assert len(hostile[1].good) == 5


def test_every_bad_file_is_reported_with_its_reason(
    hostile: tuple[Path, Hostile], outcome: tuple[dict[str, Document], dict[str, Skip]]
) -> None:
    bad = hostile[1].bad
    assert len(bad) >= 35
    assert {NAME + name for name in bad} == set(outcome[1])
    for name, part in bad.items():
        assert part.lower() in outcome[1][NAME + name].reason.lower()
        assert outcome[1][NAME + name].reason
        assert outcome[1][NAME + name].prefix == name.endswith("#")


def test_nothing_that_is_yielded_holds_text_that_is_not_unicode(
    outcome: tuple[dict[str, Document], dict[str, Skip]],
) -> None:
    for document in outcome[0].values():
        shown = json.dumps([document.id, document.text, document.title, document.url, dict(document.metadata)])
        assert "\\ud800" not in shown
        assert "\\udc" not in shown
    for skip in outcome[1].values():
        (skip.id + skip.reason).encode("utf-8")


MEASURE = """
import json, pathlib, resource, sys
from interlingua.connectors.files import FilesConnector
from interlingua.retrieval.types import Pending
for item in FilesConnector(sys.argv[1]).documents():
    if isinstance(item, Pending):
        item.read()
del item
# Not ru_maxrss: a process inherits that of the one that started it, here of the whole test run.
own = int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(json.dumps([own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_reading_them_takes_less_than_a_gigabyte(hostile: tuple[Path, Hostile]) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", MEASURE, str(hostile[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stderr
    parent, worker = (kibibytes * 1024 for kibibytes in json.loads(done.stdout))
    assert parent < 1_000_000_000
    assert worker < 1_100_000_000  # Limits.max_memory_bytes and a little
