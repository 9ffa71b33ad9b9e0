"""The demonstration works offline, finds answers across languages, and embeds nothing the second time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from interlingua.app.demo import FOLDER, Tally, queries

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The JSON of two runs of the command; every proxy leads nowhere, so a download would fail."""
    folder = tmp_path_factory.mktemp("demo")
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "interlingua.app.cli", "demo", "--json"]
    return [
        json.loads(subprocess.check_output(command, cwd=folder, env=environment, text=True, timeout=900))
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
    assert (counts["queries"], counts["answerable"]) == (119, 116)
    assert counts["anywhere_found"] >= 90
    assert counts["own_found"] >= 60
    assert counts["other_found"] >= 80


def test_most_languages_find_the_right_document_in_their_own_and_in_others(runs: list[dict[str, Any]]) -> None:
    languages = runs[0]["languages"]
    assert len(languages) == 49
    missed = {name: counts for name, counts in languages.items() if not counts["found"]}
    assert runs[0]["counts"]["languages_found"] == len(languages) - len(missed)
    assert len(missed) <= 9, missed  # 40 or more of 49


def test_every_language_of_the_corpus_asks_for_a_document_in_itself_and_in_others() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    languages = {entry["lang"] for entry in manifest}
    asked = [(query.language, set(query.relevant.values())) for query in queries()]
    assert {language for language, relevant in asked if language in relevant} == languages
    assert {language for language, relevant in asked if relevant - {language}} == languages


@pytest.mark.parametrize(
    ("own", "own_of", "other", "other_of", "finds"),
    [(1, 2, 2, 4, True), (1, 1, 1, 3, False), (1, 3, 1, 1, False), (0, 0, 1, 1, False), (1, 1, 0, 0, False)],
)
def test_a_language_finds_with_half_of_its_queries_on_both_sides(
    own: int, own_of: int, other: int, other_of: int, finds: bool
) -> None:
    tally = Tally(language="de", script="Latn", own=own, own_of=own_of, other=other, other_of=other_of)
    assert tally.finds is finds


def test_every_file_of_the_corpus_has_a_source_and_a_licence_that_may_be_shipped() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    files = {str(p.relative_to(FOLDER)) for p in Path(FOLDER, "docs").rglob("*") if p.is_file()}
    assert {entry["path"] for entry in manifest} == files
    assert all(entry["source"] and entry["licence"] for entry in manifest)
    assert not [entry["path"] for entry in manifest if "GPL" in entry["licence"] or "NC" in entry["licence"]]


def test_queries_name_documents_that_exist() -> None:
    files = {f"demo/{p.relative_to(FOLDER / 'docs')}" for p in (FOLDER / "docs").rglob("*") if p.is_file()}
    assert all(query.relevant.keys() <= files for query in queries())
