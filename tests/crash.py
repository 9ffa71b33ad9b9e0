"""Kill an ingest at random points, run it again, and compare the store with an uninterrupted one.

    python tests/crash.py --kills 100

Half of the kills hit the first ingest of the demo corpus, half its update after a third of the documents changed,
some vanished and some were renamed. Prints a line per kill and ends with a non-zero exit code on any difference.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import interlingua

DOCS = Path(interlingua.__file__).parent / "examples" / "demo" / "docs"

CHILD = """
import json, sys
import interlingua
sys.path.insert(0, sys.argv[3])
with interlingua.open(sys.argv[1], embedder="support:NgramEmbedder") as index:
    print("ready", flush=True)
    acknowledge = lambda report: print(report.chunks, flush=True)
    report = index.ingest(interlingua.FilesConnector(sys.argv[2], name="demo"), progress=acknowledge)
    print(json.dumps(report.to_dict()), flush=True)
"""


@dataclass(frozen=True)
class Case:
    """One kind of run to interrupt: what is stored before it, what the source holds, what must be stored after it."""

    name: str
    source: Path
    before: Path | None
    expected: dict[str, object]
    seconds: float


def start(store: Path, source: Path) -> subprocess.Popen[str]:
    """Start an ingest in a process of its own."""
    command = [sys.executable, "-c", CHILD, str(store), str(source), str(Path(__file__).parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run(store: Path, source: Path) -> dict[str, object]:
    """Ingest without interruption; the report."""
    process = start(store, source)
    output, _ = process.communicate(timeout=300)
    if process.returncode:
        raise RuntimeError(f"ingest failed with exit code {process.returncode}")
    report: dict[str, object] = json.loads(output.splitlines()[-1])
    return report


def seconds(report: dict[str, object]) -> float:
    """How long the ingest of a report took."""
    return float(str(report["seconds"]))


def snapshot(store: Path) -> dict[str, object]:
    """Every chunk with its payload, by id."""
    with interlingua.open(store, embedder="support:NgramEmbedder") as index:
        return {stored.chunk.id: stored.chunk for stored in index.store.scan()}


def change(source: Path, target: Path, rng: random.Random) -> None:
    """A later state of `source`: every third document edited, some gone, some renamed."""
    shutil.copytree(source, target)
    for number, file in enumerate(sorted(p for p in target.rglob("*") if p.is_file())):
        text = file.read_text(encoding="utf-8")
        if number % 3 == 0:
            paragraphs = text.split("\n\n")
            paragraphs.insert(rng.randrange(len(paragraphs) + 1), f"A new paragraph, number {rng.random()}.")
            file.write_text("\n\n".join(paragraphs), encoding="utf-8")
        elif number % 20 == 1:
            file.unlink()
        elif number % 20 == 2:
            file.rename(file.with_stem(file.stem + "-renamed"))


def cases(work: Path, documents: int | None, rng: random.Random) -> list[Case]:
    """The uninterrupted runs that the interrupted ones are compared with."""
    first = work / "first"
    shutil.copytree(DOCS, first)
    for file in sorted(p for p in first.rglob("*") if p.is_file())[documents:] if documents else ():
        file.unlink()
    second = work / "second"
    change(first, second, rng)
    fresh, updated = work / "fresh", work / "updated"
    first_seconds = seconds(run(fresh, first))
    shutil.copytree(fresh, updated)
    update_seconds = seconds(run(updated, second))
    return [
        Case("first ingest", first, None, snapshot(fresh), first_seconds),
        Case("update", second, fresh, snapshot(updated), update_seconds),
    ]


def kill_once(case: Case, store: Path, delay: float) -> tuple[bool, list[str]]:
    """Kill one run `delay` seconds after it opened the store, finish it, compare: (was it killed, differences)."""
    if case.before is not None:
        shutil.copytree(case.before, store)
    process = start(store, case.source)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate()
    killed = killed and process.returncode == -signal.SIGKILL
    acknowledged = max((int(line) for line in output.splitlines() if line.isdigit()), default=0)
    copy = store.with_name("copy")  # looking closes the store in order, and the next run shall find it as it was left
    shutil.copytree(store, copy)
    kept = set(snapshot(copy))
    shutil.rmtree(copy)
    report = run(store, case.source)
    final = snapshot(store)
    problems = [f"missing chunk {i}" for i in case.expected.keys() - final.keys()]
    problems += [f"unexpected chunk {i}" for i in final.keys() - case.expected.keys()]
    problems += [f"other payload of {i}" for i in final.keys() & case.expected.keys() if final[i] != case.expected[i]]
    needed = len(case.expected.keys() - kept)
    if killed and int(str(report["embedded"])) > needed:
        problems.append(f"{report['embedded']} chunks embedded where {needed} were missing")
    if case.before is None and len(kept) < acknowledged:
        problems.append(f"{acknowledged} chunks acknowledged, {len(kept)} kept")
    return killed, problems


def loop(kills: int, *, seed: int = 0, documents: int | None = None) -> Iterator[tuple[str, float, list[str]]]:
    """Kill `kills` runs while they work; after each: what was interrupted, after how long (s), the differences."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        kinds = cases(work, documents, rng)
        done = 0
        while done < kills:
            case = kinds[done % len(kinds)]
            delay = rng.random() * case.seconds
            store = work / "store"
            killed, problems = kill_once(case, store, delay)
            shutil.rmtree(store)
            if killed or problems:  # a run that ended before its kill shows nothing
                done += 1
                yield case.name, delay, problems


def main() -> int:
    """Run the loop from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    broken = 0
    for number, (name, delay, problems) in enumerate(loop(arguments.kills, seed=arguments.seed), start=1):
        broken += bool(problems)
        print(f"{number:>3}  {name:<13} killed after {delay:5.2f} s  {problems[:3] or 'same store'}", flush=True)
    print(f"{arguments.kills} runs killed, {broken} ended in another store")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
