"""Which texts training sees: a stream of batches of texts of one length, so that nothing is padded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .pairs import load
from .sources import DICTIONARY_WEIGHT, SOURCES
from .targets import batches
from .tokens import Ids, Ragged
from .vocabulary import CLS, LARGE, SEP

CHUNK = 100_000  # texts drawn at once, then cut into batches
TOKENS = 2048  # in a batch
LARGE_WEIGHT = 2.5
LANGUAGE_EXPONENT = 0.5  # a language of n weighted pairs is drawn in proportion to n**0.5, so small ones are heard
SHARES = {"sentence": 0.58, "dictionary": 0.13, "english": 0.2, "plain": 0.03, "passage": 0.06}
SWITCHED = 0.2  # share of passages in which each sentence is in another language, English among them
ORIGINAL = 0.25  # share of passages that are English
ENGLISH = -1  # the language number of English


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids`, shape (texts, tokens), special tokens included; the target row and the language number of each text."""

    ids: NDArray[np.int32]
    target: Ids
    language: Ids


class Draw:
    """Draws texts by weight, with replacement; `chunk(n)` is the same for the same n and seed."""

    def __init__(self, work: Path, seed: int, tokens: int = TOKENS) -> None:
        pairs = load(work)
        self.texts, self.english = Ragged.read(work / "texts.npz"), Ragged.read(work / "english.npz")
        self.passages = Ragged.read(work / "passages.npz")
        plain = np.load(work / "plain.npz")
        self.plain, self.plain_pair = Ragged(plain["ids"], plain["starts"]), plain["pair"]
        self.language, self.row = pairs.language.astype(np.int64), pairs.row.astype(np.int64)
        self.rows, self.seed, self.tokens = len(pairs.english), seed, tokens
        self.languages = pairs.languages
        source_weight = np.array([source.weight for source in SOURCES])
        large = np.array([LARGE_WEIGHT if name in LARGE else 1.0 for name in pairs.languages])
        weight = source_weight[pairs.source] * np.where(self.texts.lengths > 0, 1.0, 0.0)
        weight *= self.english.lengths[self.row] > 0
        mass = np.bincount(self.language, weight * np.where(pairs.dictionary, DICTIONARY_WEIGHT, 1.0), len(large))
        weight *= (large * mass**LANGUAGE_EXPONENT / mass)[self.language]
        self.chances = {
            "sentence": np.cumsum(weight * ~pairs.dictionary),
            "dictionary": np.cumsum(weight * pairs.dictionary),
            "plain": np.cumsum(weight[self.plain_pair]),
            "english": np.cumsum((self.english.lengths >= 3).astype(np.float64)),
            "passage": np.cumsum(np.ones(len(self.passages))),
        }
        # Sentence pairs with one English text lie together in `by_row`, from `first[row]` on.
        sentences = np.flatnonzero(~pairs.dictionary & (self.texts.lengths > 0))
        self.by_row = sentences[np.argsort(self.row[sentences], kind="stable")]
        self.count = np.bincount(self.row[sentences], minlength=self.rows)
        self.first = np.cumsum(self.count) - self.count

    def chunk(self, number: int) -> Iterator[Batch]:
        """Batches of one chunk, in random order."""
        rng = np.random.default_rng((self.seed, number))
        ids: list[NDArray[np.int32]] = []
        targets: list[Ids] = []
        languages: list[Ids] = []
        for kind, share in SHARES.items():
            chances = self.chances[kind]
            if not (len(chances) and chances[-1]):
                continue
            picks = np.searchsorted(chances, rng.random(int(CHUNK * share)) * chances[-1], side="right")
            if kind == "passage":
                original = rng.random(len(picks)) < ORIGINAL
                pairs = zip(picks.tolist(), original.tolist(), strict=True)
                ids += [self._english(pick) if english else self._passage(pick, rng) for pick, english in pairs]
                targets.append(self.rows + picks)
                of_first = self.language[self.passages.ids[self.passages.starts[picks]]]
                languages.append(np.where(original, ENGLISH, of_first))
            elif kind == "english":
                ids += [self.english[pick] for pick in picks.tolist()]
                targets.append(picks)
                languages.append(np.full(len(picks), ENGLISH))
            else:
                store = self.plain if kind == "plain" else self.texts
                pair = self.plain_pair[picks] if kind == "plain" else picks
                ids += [store[pick] for pick in picks.tolist()]
                targets.append(self.row[pair])
                languages.append(self.language[pair])
        target, language = np.concatenate(targets), np.concatenate(languages)
        lengths = _round(np.array([len(row) for row in ids]))
        groups = list(batches(lengths, self.tokens))
        for group in rng.permutation(len(groups)).tolist():
            chosen = groups[group]
            length = int(lengths[chosen[0]])
            whole = np.empty((len(chosen), length + 2), np.int32)
            whole[:, 0], whole[:, -1] = CLS, SEP
            for place, text in enumerate(chosen.tolist()):
                whole[place, 1:-1] = ids[text][:length]
            yield Batch(whole, target[chosen], language[chosen])

    def _english(self, number: int) -> NDArray[np.int32]:
        return np.concatenate([self.english[row] for row in self.row[self.passages[number]].tolist()])

    def _passage(self, number: int, rng: np.random.Generator) -> NDArray[np.int32]:
        chosen = self.passages[number]
        if rng.random() >= SWITCHED:
            return np.concatenate([self.texts[index] for index in chosen])
        parts = []
        for row in self.row[chosen].tolist():
            other = int(rng.integers(-1, self.count[row]))
            parts.append(self.english[row] if other < 0 else self.texts[int(self.by_row[self.first[row] + other])])
        return np.concatenate(parts)


def _round(lengths: Ids) -> Ids:
    """Lengths that texts are cut to, so that many share one: a long text loses up to 7 tokens at its end."""
    lengths = np.minimum(lengths, 254)
    step = np.where(lengths > 64, 8, np.where(lengths > 32, 2, 1))
    return lengths // step * step
