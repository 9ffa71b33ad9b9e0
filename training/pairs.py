"""Step 1: read the translation pairs of the kept sources.

The data folder holds `LANG.tsv.gz` (sentences) and `dict_LANG.tsv.gz` (words and short phrases), each line
`English <tab> translation <tab> source key`.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .sources import BY_KEY, DICTIONARY_WEIGHT

LANGUAGE_EXPONENT = 0.7  # a language of n weighted pairs is drawn in proportion to n**0.7, so small ones are heard


class Pair(NamedTuple):
    """An English text and its translation; `weight` is relative to a human-translated sentence."""

    language: str
    source: str
    dictionary: bool
    english: str
    text: str
    weight: float


def read(data: Path) -> Iterator[Pair]:
    """Yield every pair of the kept sources once, in file order.

    Raises:
        ValueError: a source key is not in `sources.SOURCES`, or the folder has no pairs.
    """
    files = sorted(data.glob("*.tsv.gz"))
    if not files:
        raise ValueError(f"{data} has no *.tsv.gz files. Pass the folder of translation pairs with --data.")
    for path in files:
        name = path.name.removesuffix(".tsv.gz")
        dictionary = name.startswith("dict_")
        language = name.removeprefix("dict_")
        seen: set[tuple[str, str]] = set()
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                english, text, key = line.rstrip("\n").split("\t")[:3]
                if key not in BY_KEY:
                    raise ValueError(f"{path.name} names the source {key!r}. Add it to training/sources.py.")
                source = BY_KEY[key]
                if not source.kept or language in source.drop_languages or (english, text) in seen:
                    continue
                if english == text and not dictionary:  # an untranslated line
                    continue
                seen.add((english, text))
                weight = source.weight * (DICTIONARY_WEIGHT if dictionary else 1.0)
                yield Pair(language, key, dictionary, english, text, weight)


def prepare(data: Path, work: Path) -> None:
    """Write `pairs.jsonl` (one pair a line, weights balanced by language) and `counts.json` to `work`."""
    pairs = list(read(data))
    mass: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {"sentences": Counter(), "dictionary": Counter(), "languages": Counter()}
    for pair in pairs:
        mass[pair.language] += pair.weight  # type: ignore[assignment]  # a Counter holds floats as well
        counts["dictionary" if pair.dictionary else "sentences"][pair.source] += 1
        counts["languages"][pair.language] += 1
    with (work / "pairs.jsonl").open("w", encoding="utf-8") as out:
        for pair in pairs:
            weight = pair.weight * mass[pair.language] ** (LANGUAGE_EXPONENT - 1)
            out.write(json.dumps(pair._replace(weight=weight), ensure_ascii=False) + "\n")
    (work / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True), encoding="utf-8")
    print(f"{len(pairs):,} pairs in {len(mass)} languages besides English")


def load(work: Path) -> list[Pair]:
    """The pairs that `prepare` wrote."""
    with (work / "pairs.jsonl").open(encoding="utf-8") as lines:
        return [Pair(*json.loads(line)) for line in lines]
