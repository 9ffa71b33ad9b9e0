"""Steps 3 and 4: turn the pairs into token ids, then train the table of token vectors.

The loss is InfoNCE both ways: in a batch of translation pairs, each text must find its own translation. It is
taken on all 256 dimensions and on the first 64 (Matryoshka), so that vectors may be cut to 64.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .pairs import load

DIM = 256
SCALES = ((256, 1.0), (64, 0.5))  # (leading dimensions, weight of their loss)
BATCH = 2048
PASSES = 2.0
PIVOT = 0.3  # share of pairs whose English side is swapped for another translation of it: German meets Thai directly
TEMPERATURE = 1 / 30
LEARNING_RATE = 5e-3
MAX_TOKENS = 64
UNKNOWN = 0

Ids = NDArray[np.int64]


def encode(work: Path) -> None:
    """Write `tokens.npz`: ids of the distinct English texts (`a`) and of the translations (`b`), and the weights."""
    pairs = load(work)
    english = {text: row for row, text in enumerate(dict.fromkeys(pair.english for pair in pairs))}
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    a, a_starts = _ids(tokenizer, list(english))
    b, b_starts = _ids(tokenizer, [pair.text for pair in pairs])
    row = np.array([english[pair.english] for pair in pairs], np.int32)
    weights = np.array([pair.weight for pair in pairs])
    weights[(np.diff(b_starts) == 0) | (np.diff(a_starts)[row] == 0)] = 0  # nothing known on one side
    sentences = sum(not pair.dictionary for pair in pairs)
    np.savez(work / "tokens.npz", a=a, a_starts=a_starts, b=b, b_starts=b_starts, row=row, weights=weights,
             sentences=np.array(sentences))  # fmt: skip


def _ids(tokenizer: Tokenizer, texts: list[str]) -> tuple[NDArray[np.uint16], Ids]:
    """Known token ids of all texts in a row, at most MAX_TOKENS each; where each text starts, shape (texts + 1,)."""
    parts: list[NDArray[np.uint16]] = []
    lengths: list[int] = []
    for batch in _batched(texts, 20_000):
        rows = [encoding.ids[:MAX_TOKENS] for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False)]
        rows = [[i for i in row if i != UNKNOWN] for row in rows]
        lengths += map(len, rows)
        parts.append(np.fromiter(itertools.chain.from_iterable(rows), np.uint16))
    return np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)])


def _batched(texts: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


class Batches:
    """Draws pairs by weight, with replacement."""

    def __init__(self, work: Path, seed: int) -> None:
        data = np.load(work / "tokens.npz")
        self.a, self.a_starts = data["a"].astype(np.int64), data["a_starts"]
        self.b, self.b_starts = data["b"].astype(np.int64), data["b_starts"]
        self.row = data["row"]
        self.sentences = int(data["sentences"])
        self.cumulative = np.cumsum(data["weights"])
        # Pairs with one English text lie together in `by_row`, from `group_start[row]` on.
        usable = np.flatnonzero(data["weights"] > 0)
        self.by_row = usable[np.argsort(self.row[usable], kind="stable")]
        self.group_size = np.bincount(self.row[usable], minlength=len(self.a_starts) - 1)
        self.group_start = np.cumsum(self.group_size) - self.group_size
        self.rng = np.random.default_rng(seed)

    def draw(self) -> tuple[Ids, tuple[Ids, Ids], tuple[Ids, Ids]]:
        """English rows, then (ids, starts) of one side and of the other, BATCH texts each."""
        pick = np.searchsorted(self.cumulative, self.rng.random(BATCH) * self.cumulative[-1], side="right")
        rows = self.row[pick]
        other = self.by_row[self.group_start[rows] + self.rng.integers(0, self.group_size[rows])]
        pivot = (self.rng.random(BATCH) < PIVOT) & (other != pick)
        starts = np.where(pivot, self.b_starts[other], self.a_starts[rows])
        ends = np.where(pivot, self.b_starts[other + 1], self.a_starts[rows + 1])
        lengths = ends - starts
        bounds = np.cumsum(lengths) - lengths
        place = np.repeat(starts - bounds, lengths) + np.arange(lengths.sum())
        from_b = np.repeat(pivot, lengths)
        left = np.where(from_b, self.b[np.where(from_b, place, 0)], self.a[np.where(from_b, 0, place)])
        return rows, (left, bounds), self._translations(pick)

    def _translations(self, pick: Ids) -> tuple[Ids, Ids]:
        lengths = self.b_starts[pick + 1] - self.b_starts[pick]
        bounds = np.cumsum(lengths) - lengths
        return self.b[np.repeat(self.b_starts[pick] - bounds, lengths) + np.arange(lengths.sum())], bounds


def loss_of(left: torch.Tensor, right: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """InfoNCE of matching rows, shape (); two pairs with one English text are no negatives of each other."""
    target = torch.arange(len(rows))
    same = rows[:, None] == rows[None, :]
    same.fill_diagonal_(False)
    total = torch.zeros(())
    for dim, weight in SCALES:
        u = functional.normalize(left[:, :dim], dim=1)
        v = functional.normalize(right[:, :dim], dim=1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = u @ v.T
        scores = (scores.float() / TEMPERATURE).masked_fill(same, -1e4)
        both = functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)
        total = total + weight / 2 * both
    return total


def train(work: Path, *, passes: float = PASSES, seed: int = 0) -> None:
    """Write `table.npy` (float16, shape (pieces, 256)) to `work`."""
    torch.manual_seed(seed)
    batches = Batches(work, seed)
    pieces = Tokenizer.from_file(str(work / "tokenizer.json")).get_vocab_size()
    table = torch.nn.EmbeddingBag(pieces, DIM, mode="mean")
    torch.nn.init.normal_(table.weight, std=0.1)
    optimizer = torch.optim.Adam(table.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), fused=True)
    steps = int(passes * batches.sentences / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 100) * max(0.02, 1 - step / steps)
    )
    begin = time.perf_counter()
    for step in range(steps):
        rows, left, right = batches.draw()
        loss = loss_of(
            table(*map(torch.from_numpy, left)), table(*map(torch.from_numpy, right)), torch.from_numpy(rows)
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}/{steps} loss {loss.item():.3f} {time.perf_counter() - begin:.0f} s", flush=True)
    np.save(work / "table.npy", table.weight.detach().numpy().astype(np.float16))
