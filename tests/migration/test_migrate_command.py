"""`interlingua migrate` and `rollback` as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interlingua.app.settings import load
from interlingua.app.wiring import target_for
from interlingua.retrieval.manifest import Manifest
from migration_samples import TESTS
from support import SENTENCES


def test_a_key_goes_only_to_the_server_that_it_is_for() -> None:
    made_with = Manifest(model="m", fingerprint="f", dim=8)
    settings = {
        "both": load(embedder_url="http://old:1", embedder_key="old-key", target_key="new-key"),
        "old only": load(embedder_url="http://old:1", embedder_key="old-key"),
        "no server": load(embedder_key="old-key"),
    }
    keys = {
        name: vars(target_for(one, made_with, "bundled", url="http://new:1", dialect="openai"))
        for name, one in settings.items()
    }
    assert "new-key" in repr_of(keys["both"])
    assert "old-key" not in repr_of(keys["both"]) + repr_of(keys["old only"])
    assert "old-key" in repr_of(keys["no server"])


def repr_of(values: object, depth: int = 4) -> str:
    """All that hangs on a value, as text."""
    if depth == 0 or isinstance(values, (str, int, float, type(None))):
        return repr(values)
    inner = values if isinstance(values, dict) else getattr(values, "__dict__", {})
    return " ".join(repr_of(value, depth - 1) for value in inner.values())


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
        (tmp_path / "docs").mkdir()
        for tag, text in SENTENCES.items():
            (tmp_path / "docs" / f"{tag}.txt").write_text(text, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERLINGUA_")}
        environment["PYTHONPATH"] = str(TESTS)

        def run_(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "interlingua.app.cli", *arguments],
                cwd=tmp_path, env=environment | variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=120,
            )  # fmt: skip

        return run_

    def test_there_and_back_again(self, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
        ngrams = {"INTERLINGUA_EMBEDDER": "support:NgramEmbedder"}

        def data(*arguments: str, **variables: str) -> Any:
            done = run(*arguments, "--json", **variables)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        assert run("ingest", "docs", **ngrams).returncode == 0
        (tmp_path / "queries.txt").write_text("dignity and rights\n尊厳と権利\n", encoding="utf-8")
        looked = run("migrate", "--to", "support:ShortNgrams", "--no-switch", "--queries", "queries.txt", **ngrams)
        assert looked.returncode == 0, looked.stderr
        assert "your queries" in looked.stdout
        assert "Still in force: ngrams (256 dimensions, int8)" in looked.stdout
        report = data("migrate", "--to", "support:ShortNgrams", "--sample", "5", **ngrams)
        assert (report["embedded"], report["present"], report["switched"]) == (0, len(SENTENCES), True)
        refused = run("search", "dignity", **ngrams)
        assert refused.returncode == 1
        assert "short-ngrams (64 dimensions" in refused.stderr
        assert data("search", SENTENCES["ja"], "-e", "support:ShortNgrams")[0]["language"] == "ja"
        assert data("status", "-e", "support:ShortNgrams")["model"] == "short-ngrams"
        back = run("migrate", "--rollback", **ngrams)
        assert back.returncode == 0, back.stderr
        assert "In force again: ngrams" in back.stdout
        assert "your settings name a model too (embedder)" in back.stderr
        assert data("status", **ngrams)["model"] == "ngrams"
        assert [made["model"] for made in data("migrate", "--discard")["discarded"]] == ["short-ngrams"]
        nothing = run("migrate", "--rollback")
        assert nothing.returncode == 1
        assert "nothing to roll back" in nothing.stderr

    def test_an_index_whose_model_is_gone_can_still_be_moved(
        self, run: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        assert run("ingest", "docs", INTERLINGUA_EMBEDDER="support:NgramEmbedder").returncode == 0
        moved = run("migrate", "--to", "bundled", "--dimensions", "64")
        assert moved.returncode == 0, moved.stderr
        assert "ngrams is not at hand" in moved.stderr
        shown = run("status", "--json")
        assert json.loads(shown.stdout)["dim"] == 64
        assert run("search", "dignity").returncode == 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "Name the model: interlingua migrate --to MODEL"),
            (("--to", "bundled", "--rollback"), "exclude one another"),
            (("--to", "bundled", "--force"), "--force belongs to --rollback"),
            (("--to", "bundled"), "There is no index at .interlingua"),
            (("--rollback",), "There is no index at .interlingua"),
        ],
    )
    def test_wrong_usage_is_told_how_it_is_done(
        self, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, arguments: tuple[str, ...],
        message: str,
    ) -> None:  # fmt: skip
        done = run("migrate", *arguments)
        assert done.returncode == 1
        assert message in " ".join(done.stderr.split())
        assert not (tmp_path / ".interlingua").exists()

    def test_queries_that_cannot_be_read_are_named(self, run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
        assert run("ingest", "docs", INTERLINGUA_EMBEDDER="support:NgramEmbedder").returncode == 0
        done = run("migrate", "--to", "bundled", "--queries", "nowhere.txt")
        assert done.returncode == 1
        assert "nowhere.txt cannot be read" in done.stderr
