"""Make the bundled model: `python -m training --data DATA --dev DEV --work training/work --out FOLDER`.

Eight steps, each reading what the one before wrote to the work folder, so `--start` can go on from any of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

from . import align, card, evaluate, lexical, pairs, publish, tokens, train, vocabulary


def main() -> None:
    """Run the steps from `--start` on, and keep the seconds each one took in `timings.json`."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of LANG.tsv.gz and dict_LANG.tsv.gz")
    parser.add_argument("--dev", type=Path, help="folder of evaluation sets; without it the card has no figures")
    parser.add_argument("--work", type=Path, default=Path("training/work"), help="folder for files in between")
    parser.add_argument("--out", type=Path, default=Path("retrieval/embedders/bundled"), help="folder to publish in")
    parser.add_argument("--chunks", type=int, default=train.CHUNKS, help="length of training, in 100,000 texts")
    parser.add_argument("--device", default="cpu", help="what training runs on: cpu or cuda")
    parser.add_argument("--start", default="pairs", help="first step: pairs, vocabulary, tokens, align, train, ...")
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)

    def finish() -> None:
        if options.dev:
            evaluate.evaluate(options.out, options.dev, work)
        (options.out / "README.md").write_text(card.write(work, options.out), encoding="utf-8")

    steps: dict[str, Callable[[], None]] = {
        "pairs": lambda: pairs.prepare(options.data, work),
        "vocabulary": lambda: vocabulary.learn(work),
        "tokens": lambda: tokens.encode(work),
        "align": lambda: align.align(work),
        "train": lambda: train.train(work, chunks=options.chunks, device=options.device),
        "lexical": lambda: lexical.prepare(work),
        "publish": lambda: publish.publish(work, options.out),
        "card": finish,
    }
    if options.start not in steps:
        parser.error(f"--start {options.start}: the steps are {', '.join(steps)}")
    names = list(steps)
    for name in names[names.index(options.start) :]:
        begin = time.perf_counter()
        steps[name]()
        _note(work / "timings.json", name, time.perf_counter() - begin)


def _note(path: Path, step: str, seconds: float) -> None:
    timings = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    timings[step] = round(seconds)
    path.write_text(json.dumps(timings), encoding="utf-8")
    print(f"{step}: {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
