"""A migration that is killed at any step: what is there is whole, and the next run goes on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interlingua.app.index import from_settings
from interlingua.app.settings import load
from migration_samples import QUERIES, TESTS, documents, snapshot
from support import CountingEmbedder, NgramEmbedder, ShortNgrams

MIGRATE = """
import os, signal, sys, time
sys.path.insert(0, {here!r})
import interlingua
from support import NgramEmbedder, ShortNgrams
class Slow(ShortNgrams):
    def embed_passages(self, texts):
        time.sleep(0.02)
        return super().embed_passages(texts)
{before}
with interlingua.open({folder!r}, embedder="support:NgramEmbedder") as index:
    report = index.migrate(Slow(), sampled=0, progress=progress)
print("done", flush=True)
"""
# Killed before the nth file operation of Python's in the folder: the renames and deletions that a switch is made of.
BEFORE_OPERATION = """
progress = None
left = {n}
def watch(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "shutil.rmtree") and "index" in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
"""
AFTER_CHUNKS = """
def progress(now):
    if now.step.chunks >= {n}:
        os.kill(os.getpid(), signal.SIGKILL)
"""


class TestKilled:
    COUNT = 600

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        with from_settings(load(store=str(tmp_path / "index")), embedder=NgramEmbedder()) as index:
            index.ingest(documents(self.COUNT))
        return tmp_path / "index"

    def run(self, folder: Path, before: str) -> bool:
        """A migration in a process of its own; whether it was killed."""
        code = MIGRATE.format(here=str(TESTS), folder=str(folder), before=before)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode != 0

    def expected(self, tmp_path: Path) -> dict[str, object]:
        with from_settings(load(store=str(tmp_path / "whole")), embedder=NgramEmbedder()) as index:
            index.ingest(documents(self.COUNT))
            index.migrate(ShortNgrams(), sampled=0)
            return snapshot(index)

    @pytest.mark.parametrize("chunks", [1, 257, 600])
    def test_half_way_and_run_again_the_store_is_the_same(self, folder: Path, tmp_path: Path, chunks: int) -> None:
        assert self.run(folder, AFTER_CHUNKS.format(n=chunks))
        with from_settings(load(store=str(folder)), embedder=NgramEmbedder()) as index:
            assert index.status().chunks == self.COUNT
            target = CountingEmbedder(ShortNgrams())
            report = index.migrate(target, sampled=0)
            assert len(target.passages) == report.embedded == self.COUNT - report.present
            assert report.present >= min(chunks, 512) // 256 * 256
            assert snapshot(index) == self.expected(tmp_path)

    @pytest.mark.slow
    def test_before_any_step_of_the_switch_one_of_the_two_is_whole(self, folder: Path, tmp_path: Path) -> None:
        expected, kinds = self.expected(tmp_path), []
        for n in range(1, 100):
            copy = tmp_path / "copy" / "index"
            shutil.copytree(folder, copy)
            killed = self.run(copy, BEFORE_OPERATION.format(n=n))
            kinds.append(json.loads((copy / "manifest.json").read_text(encoding="utf-8"))["model"])
            embedder = {"ngrams": NgramEmbedder(), "short-ngrams": ShortNgrams()}[kinds[-1]]
            with from_settings(load(store=str(copy)), embedder=embedder) as index:
                assert len(index.search(QUERIES[0])) == 10
                if kinds[-1] == "ngrams":
                    index.migrate(ShortNgrams(), sampled=0)
                assert snapshot(index) == expected
                assert index.rollback(NgramEmbedder()).model == "ngrams"
                assert index.status().chunks == self.COUNT
                index.discard()
            assert sorted(path.name for path in copy.iterdir()) == ["holder.json", "manifest.json", "shard"]
            shutil.rmtree(copy)
            if not killed:
                break
        assert kinds == sorted(kinds)  # first the old ones, from one step on the new ones
        assert kinds.count("ngrams") >= 3
        assert kinds.count("short-ngrams") >= 3
