"""The demonstration works offline, finds answers across languages, and embeds nothing the second time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from interlingua.app.demo import FOLDER, queries


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The JSON of two runs of the command; every proxy leads nowhere, so a download would fail."""
    folder = tmp_path_factory.mktemp("demo")
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "interlingua.app.cli", "demo", "--json"]
    return [
        json.loads(subprocess.check_output(command, cwd=folder, env=environment, text=True, timeout=300))
        for _ in range(2)
    ]


def test_the_corpus_goes_in_whole(runs: list[dict[str, Any]]) -> None:
    report = runs[0]["ingest"]
    assert (report["added"], report["skipped"]) == (331, 0)
    assert len(report["languages"]) >= 40


def test_the_second_run_embeds_nothing(runs: list[dict[str, Any]]) -> None:
    report = runs[1]["ingest"]
    assert (report["unchanged"], report["embedded"], report["chunks"]) == (331, 0, 0)
    assert runs[0]["queries"] == runs[1]["queries"]


def test_queries_find_answers_in_their_own_and_in_other_languages(runs: list[dict[str, Any]]) -> None:
    counts = runs[0]["counts"]
    assert (counts["queries"], counts["answerable"]) == (38, 35)
    assert counts["anywhere_found"] >= 24
    assert counts["own_found"] >= 9
    assert counts["other_found"] >= 20


def test_every_file_of_the_corpus_has_a_source_and_a_licence_that_may_be_shipped() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    files = {str(p.relative_to(FOLDER)) for p in Path(FOLDER, "docs").rglob("*") if p.is_file()}
    assert {entry["path"] for entry in manifest} == files
    assert all(entry["source"] and entry["licence"] for entry in manifest)
    assert not [entry["path"] for entry in manifest if "GPL" in entry["licence"] or "NC" in entry["licence"]]


def test_queries_name_documents_that_exist() -> None:
    files = {f"demo/{p.relative_to(FOLDER / 'docs')}" for p in (FOLDER / "docs").rglob("*") if p.is_file()}
    assert all(query.relevant.keys() <= files for query in queries())
