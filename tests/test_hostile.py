"""Thirty malformed files beside five good ones: the five are found, each bad one is named, memory stays bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import json, pathlib, resource, sys
import interlingua
sys.path.insert(0, sys.argv[3])
with interlingua.open(sys.argv[2], embedder="support:NgramEmbedder") as index:
    report = index.ingest(sys.argv[1])
    # Not ru_maxrss: a process inherits that of the one that started it, here of the whole test run.
    own = int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(json.dumps({"report": report.to_dict(), "documents": sorted(index.documents()), "peak_kib": peak}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hostile_folder_costs_nothing_but_its_bad_files(tmp_path: Path) -> None:
    here = Path(__file__).parent
    sys.path.insert(0, str(here / "files"))
    from hostile import make_hostile_folder

    folder = tmp_path / "inbox"
    hostile = make_hostile_folder(folder)
    assert len(hostile.good) == 5
    assert len(hostile.bad) >= 30
    command = [sys.executable, "-c", CHILD, str(folder), str(tmp_path / "index"), str(here)]
    output = subprocess.check_output(command, text=True)
    result = json.loads(output)
    found = {document.removeprefix(f"{folder}/") for document in result["documents"]}
    assert hostile.good.keys() <= found
    skipped = {skip["id"].removeprefix(f"{folder}/"): skip["reason"] for skip in result["report"]["skips"]}
    assert {
        name: skipped.get(name) for name, reason in hostile.bad.items() if reason not in skipped.get(name, "")
    } == {}
    assert result["peak_kib"] < 1024 * 1024
