"""Step 3: token ids of every text, and the made ones: passages of several sentences, queries as people type them."""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray
from tokenizers import Tokenizer

from . import teacher
from .pairs import Pairs, load
from .sources import SOURCES
from .vocabulary import LARGE

MAX_TOKENS = 62  # of one sentence, the two special tokens aside
PASSAGES = 48_000
PASSAGE_TOKENS = (40, 220)  # English tokens of a passage, drawn evenly
PLAIN = 0.05  # share of texts that come again without accents, or in Latin letters, as hurried people type them
SEED = 3

_DOCUMENTS = {
    "gnome_docs", "python_docs", "opensource_guide", "bitcoin_org", "mozilla_www", "iot_beginners", "ms_beginners",
    "joshua_indian", "nllb_seed", "bible", "mozilla_engagement",
}  # fmt: skip

Ids = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of different length in one array: row i is `ids[starts[i] : starts[i + 1]]`."""

    ids: NDArray[np.int32]
    starts: Ids

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        return self.ids[self.starts[row] : self.starts[row + 1]]

    @property
    def lengths(self) -> Ids:
        """Tokens per row."""
        return np.diff(self.starts)

    @staticmethod
    def of(rows: Iterable[Sequence[int]]) -> Ragged:
        """From the rows one after the other."""
        parts = [np.zeros(0, np.int32)]
        lengths: list[int] = [0]
        for block in _batched(rows, 20_000):
            lengths += map(len, block)
            parts.append(np.fromiter(itertools.chain.from_iterable(block), np.int32))
        return Ragged(np.concatenate(parts), np.cumsum(lengths))

    @staticmethod
    def read(path: Path) -> Ragged:
        """What `write` wrote."""
        data = np.load(path)
        return Ragged(data["ids"], data["starts"])

    def write(self, path: Path) -> None:
        """To an npz file."""
        np.savez(path, ids=self.ids, starts=self.starts)


def encode(work: Path) -> None:
    """Write the ids in the student's pieces (`texts`, `english`), in the teacher's (`teacher`), and the passages.

    `plain.npz` holds the pairs that come again in plain letters: `pair` and their ids. `passages.npz` holds the pairs
    of each passage, in reading order; the teacher's ids of its English text follow those of the English texts.
    """
    pairs = load(work)
    ours = Tokenizer.from_file(str(work / "tokenizer.json"))
    texts = Ragged.of(_ids(ours, pairs.texts))
    texts.write(work / "texts.npz")
    Ragged.of(_ids(ours, pairs.english)).write(work / "english.npz")
    rng = np.random.default_rng(SEED)
    which, plain = _plain(pairs, rng)
    ids = Ragged.of(_ids(ours, plain))
    np.savez(work / "plain.npz", pair=which, ids=ids.ids, starts=ids.starts)
    theirs = teacher.tokenizer()
    english = Ragged.of(_ids(theirs, pairs.english))
    passages = _passages(pairs, english.lengths, rng)
    passages.write(work / "passages.npz")
    whole = (" ".join(pairs.english[row] for row in pairs.row[passages[i]]) for i in range(len(passages)))
    long = Ragged.of(_ids(theirs, whole, limit=254))
    starts = np.concatenate([english.starts, english.starts[-1] + long.starts[1:]])
    Ragged(np.concatenate([english.ids, long.ids]), starts).write(work / "teacher.npz")
    counts = json.loads((work / "counts.json").read_text(encoding="utf-8"))
    counts |= {"passages": len(passages), "plain": len(plain)}
    (work / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True), encoding="utf-8")
    print(f"{len(texts.ids):,} tokens in {len(texts):,} texts, {len(passages):,} passages, {len(plain):,} plain texts")


def _ids(tokenizer: Tokenizer, texts: Iterable[str], limit: int = MAX_TOKENS) -> Iterator[list[int]]:
    for batch in _batched(texts, 20_000):
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            yield encoding.ids[:limit]


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _plain(pairs: Pairs, rng: np.random.Generator) -> tuple[Ids, list[str]]:
    """Some texts of the large languages without their accents (Latin letters) or written in Latin letters (others)."""
    large = np.array([name in LARGE - {"zh", "zh-TW", "ja", "th"} for name in pairs.languages])
    chosen = np.flatnonzero(large[pairs.language] & ~pairs.dictionary & (rng.random(len(pairs.row)) < PLAIN))
    kept, plain = [], []
    for index in chosen.tolist():
        text = pairs.texts[index]
        bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
        if not bare.isascii():
            bare = anyascii(text)
        if bare != text:
            kept.append(index)
            plain.append(bare)
    return np.array(kept, np.int64), plain


def _passages(pairs: Pairs, tokens: Ids, rng: np.random.Generator) -> Ragged:
    """Runs of consecutive sentences of one source and language, or of unrelated ones where a source is a list.

    No sentence comes twice in a passage, and passages start at random places.
    """
    document = np.array([source.key in _DOCUMENTS for source in SOURCES])
    large = np.array([name in LARGE for name in pairs.languages])
    sentence = np.flatnonzero(~pairs.dictionary & (tokens[pairs.row] >= 4))
    weight = np.where(document[pairs.source[sentence]], 3.0, 1.0) * np.where(large[pairs.language[sentence]], 2.0, 1.0)
    mass = np.bincount(pairs.language[sentence], weight, len(pairs.languages))
    weight *= mass[pairs.language[sentence]] ** -0.5
    starts = rng.choice(len(sentence), PASSAGES, p=weight / weight.sum())
    rows = []
    for start in starts.tolist():
        first = sentence[start]
        goal, total, chosen, seen = rng.integers(*PASSAGE_TOKENS), 0, [], set()
        step = 1 if document[pairs.source[first]] else int(rng.integers(2, 50))
        for index in sentence[start : start + 400 * step : step].tolist():
            if pairs.source[index] != pairs.source[first] or pairs.language[index] != pairs.language[first]:
                break
            if pairs.row[index] in seen:
                continue
            seen.add(pairs.row[index])
            chosen.append(index)
            total += int(tokens[pairs.row[index]])
            if total >= goal:
                break
        if len(chosen) > 1:
            rows.append(chosen)
    return Ragged.of(rows)
