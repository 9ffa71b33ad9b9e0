"""Step 1: read the translation pairs of the kept sources, and hold some back for evaluation.

The data folder holds `LANG.tsv.gz` (sentences) and `dict_LANG.tsv.gz` (words and short phrases), each line
`English <tab> translation <tab> source key`. Each distinct English text is one row, since the teacher sees it once.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .sources import BY_KEY, SOURCES

HELD_OUT = {"tatoeba": 50, "tico19": 6}
"""Held back for evaluation: of each set of sources, one English sentence in so many, with all its translations."""
_KEYS = [source.key for source in SOURCES]


@dataclass(frozen=True, slots=True)
class Pairs:
    """English texts, and pairs in file order: `row` is the English text of each, `source` indexes `sources.SOURCES`."""

    english: list[str]
    texts: list[str]
    languages: list[str]
    language: NDArray[np.int16]
    source: NDArray[np.int16]
    dictionary: NDArray[np.bool_]
    row: NDArray[np.int32]


def held_out(english: str, key: str) -> str | None:
    """The set of HELD_OUT that a sentence is in: decided by the English side, so that no translation leaks."""
    name = key.partition("_")[0]
    return name if name in HELD_OUT and zlib.crc32(english.casefold().encode()) % HELD_OUT[name] == 0 else None


def prepare(data: Path, work: Path) -> None:
    """Write the pairs (`english.txt`, `texts.txt`, `pairs.npz`), `held_out.tsv` and `counts.json` to `work`.

    Raises:
        ValueError: a source key is not in `sources.SOURCES`, or the folder has no pairs.
    """
    files = sorted(data.glob("*.tsv.gz"))
    if not files:
        raise ValueError(f"{data} has no *.tsv.gz files. Pass the folder of translation pairs with --data.")
    rows: dict[str, int] = {}
    languages: dict[str, int] = {}
    columns: dict[str, list[int]] = {"language": [], "source": [], "dictionary": [], "row": []}
    counts: dict[str, Counter[str]] = {"sentences": Counter(), "dictionary": Counter(), "languages": Counter()}
    with (work / "texts.txt").open("w", encoding="utf-8") as texts, \
         (work / "held_out.tsv").open("w", encoding="utf-8") as held:  # fmt: skip
        for path in files:
            name = path.name.removesuffix(".tsv.gz")
            dictionary, language = name.startswith("dict_"), name.removeprefix("dict_")
            seen: set[tuple[str, str]] = set()
            with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
                for line in lines:
                    english, text, key = line.rstrip("\n").split("\t")[:3]
                    if key not in BY_KEY:
                        raise ValueError(f"{path.name} names the source {key!r}. Add it to training/sources.py.")
                    source = BY_KEY[key]
                    if (english, text) in seen or (english == text and not dictionary):  # the latter is untranslated
                        continue
                    seen.add((english, text))
                    held_in = None if dictionary else held_out(english, key)
                    if held_in:
                        held.write(f"{held_in}\t{language}\t{english}\t{text}\n")
                    if held_in or not source.kept or language in source.drop_languages:
                        continue
                    texts.write(text + "\n")
                    columns["language"].append(languages.setdefault(language, len(languages)))
                    columns["source"].append(_KEYS.index(key))
                    columns["dictionary"].append(dictionary)
                    columns["row"].append(rows.setdefault(english, len(rows)))
                    counts["dictionary" if dictionary else "sentences"][key] += 1
                    counts["languages"][language] += 1
    (work / "english.txt").write_text("".join(text + "\n" for text in rows), encoding="utf-8")
    np.savez(work / "pairs.npz", languages=np.array(list(languages)), language=np.array(columns["language"], np.int16),
             source=np.array(columns["source"], np.int16), dictionary=np.array(columns["dictionary"], np.bool_),
             row=np.array(columns["row"], np.int32))  # fmt: skip
    (work / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True), encoding="utf-8")
    print(f"{len(columns['row']):,} pairs in {len(languages)} languages besides English; {len(rows):,} English texts")


def lines(path: Path) -> list[str]:
    """The lines of a text file, cut at line feeds alone."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def load(work: Path) -> Pairs:
    """The pairs that `prepare` wrote."""
    data = np.load(work / "pairs.npz")
    return Pairs(
        english=lines(work / "english.txt"), texts=lines(work / "texts.txt"), languages=data["languages"].tolist(),
        language=data["language"], source=data["source"], dictionary=data["dictionary"], row=data["row"],
    )  # fmt: skip
