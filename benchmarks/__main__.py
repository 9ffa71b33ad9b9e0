"""Run benchmarks and write their results to benchmarks/results/NAME.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

from . import abstention, frameworks, ingest, latency, local, overhead, rows, serve, ui

BENCHMARKS = {
    "ingest": ingest.run,
    "overhead": overhead.run,
    "rows": rows.run,
    "latency": latency.run,
    "local": local.run,
    "frameworks": frameworks.run,
    "abstention": abstention.run,
    "serve": serve.run,
    "ui": ui.run,
}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}; all by default")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    RESULTS.mkdir(exist_ok=True)
    for name in names:
        print(f"{name} …", flush=True)
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        result = {"machine": machine} | BENCHMARKS[name]()
        text = json.dumps(result, indent=2)
        (RESULTS / f"{name}.json").write_text(text + "\n")
        print(text, flush=True)


if __name__ == "__main__":
    main()
