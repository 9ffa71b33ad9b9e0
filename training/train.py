"""Step 6: train the student to put every text where the teacher puts its English.

The loss of a text, whose vector is s and whose English text the teacher puts at t:

- 10 (1 - cos(s, t)): be there;
- InfoNCE at temperature 1/20: be nearer to t than to the other targets of the batch and to BANK more English texts, on
  all 384 numbers and on the first 128 and 64 (Matryoshka).

Texts that stay far from their target when others of their language have arrived are taken for wrong translations and
left out (`Arrivals`). A step changes only the rows of the token table that its batch uses.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.func import functional_call

from . import model
from .align import familiar as familiar_pieces
from .draw import ENGLISH, Batch, Draw
from .targets import Targets

CHUNKS = 16  # of 100,000 texts
DECAY = 0.6  # share of the chunks, at the end, over which the learning rate falls to nothing
WARMUP = 200  # steps
TABLE_RATE = 3e-3
SETTLING = 25  # steps after which a row of the table moves at 0.7 of that, and ever less
FAMILIAR = 400  # steps that the rows of the teacher's own pieces are taken to have made
NETWORK_RATE = 1.6e-4
NETWORK_EVERY = 3  # steps: the others, a third cheaper, move the table alone, which has most to learn
TEMPERATURE = 1 / 20
SCALES = ((384, 1.0), (128, 0.3), (64, 0.3))  # (leading numbers, weight of their InfoNCE)
PLACE_WEIGHT = 10.0
BANK = 3072  # English texts drawn as negatives at each step
TWINS = 0.95  # cosine from which two English texts count as the same
SETTLED = 2000  # steps before wrong translations are looked for
NETWORK_KEPT, TABLE_KEPT = 0.45, 0.2  # share of the start in the student: of the network, of the teacher's own pieces
WRONG = 2.5  # standard deviations below its language's mean that a text counts as one


class SparseAdam:
    """Adam (Kingma and Ba 2015) that touches only the rows given, each with its own count of steps.

    A row slows down with the root of its steps, as in Adagrad (Duchi et al. 2011): a rare piece moves fast, and a
    frequent one, or one that the teacher knows, is not shaken by every batch. `familiar` counts as steps made.
    """

    def __init__(self, table: torch.Tensor, familiar: torch.Tensor, betas: tuple[float, float] = (0.9, 0.98)) -> None:
        self.table, self.familiar, self.betas = table, familiar, betas
        self.mean, self.square = torch.zeros_like(table), torch.zeros_like(table)
        self.steps = torch.zeros(len(table), device=table.device)

    def step(self, rows: torch.Tensor, gradient: torch.Tensor, rate: float) -> None:
        """Move the given rows (distinct), gradient of shape (rows, dim)."""
        self.steps[rows] += 1
        mean = self.mean[rows].lerp_(gradient, 1 - self.betas[0])
        square = self.square[rows].lerp_(gradient.square(), 1 - self.betas[1])
        self.mean[rows], self.square[rows] = mean, square
        count = self.steps[rows, None]
        mean = mean / (1 - self.betas[0] ** count)
        square = square / (1 - self.betas[1] ** count)
        slowed = rate / (1 + (self.familiar[rows, None] + count) / SETTLING).sqrt()
        self.table[rows] -= slowed * mean / (square.sqrt() + 1e-8)

    def state(self) -> dict[str, torch.Tensor]:
        """To be given to `restore`."""
        return {"mean": self.mean, "square": self.square, "steps": self.steps}

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Go on from `state`."""
        self.mean, self.square, self.steps = state["mean"], state["square"], state["steps"]


class Arrivals:
    """Running mean and spread of the cosine to the target, by language: which texts are likely wrong translations."""

    def __init__(self, languages: int) -> None:
        self.mean, self.square, self.seen = np.zeros(languages + 1), np.zeros(languages + 1), np.zeros(languages + 1)
        self.english = languages

    def wrong(self, cosine: NDArray[np.float64], language: NDArray[np.int64], step: int) -> NDArray[np.bool_]:
        """Which texts of the batch to leave out; learns from the batch."""
        place = np.where(language == ENGLISH, self.english, language)
        spread = np.sqrt(np.maximum(self.square - self.mean**2, 1e-4))
        wrong = (cosine < (self.mean - WRONG * spread)[place]) & (self.seen[place] > 100) & (step > SETTLED)
        count = np.bincount(place, minlength=len(self.mean))
        rate = 1 - 0.998**count
        divide = np.maximum(count, 1)
        self.mean += rate * (np.bincount(place, cosine, len(self.mean)) / divide - self.mean)
        self.square += rate * (np.bincount(place, cosine**2, len(self.mean)) / divide - self.square)
        self.seen += count
        return wrong


def loss_of(
    vectors: torch.Tensor, targets: torch.Tensor, bank: torch.Tensor, wrong: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean loss of the texts that are not wrong, shape (), and the cosines, shape (texts,).

    Args:
        vectors: of the student, shape (texts, 384), not scaled.
        targets: of the teacher, unit length, shape (texts, 384).
        bank: vectors of other English texts, unit length, shape (BANK, 384).
        wrong: shape (texts,), texts to leave out.
    """
    texts = len(vectors)
    others = torch.cat([targets, bank])
    twins = targets @ others.T > TWINS
    own = torch.arange(texts, device=vectors.device)
    twins[own, own] = False
    cosine = functional.cosine_similarity(vectors, targets)
    each = PLACE_WEIGHT * (1 - cosine)
    for dim, weight in SCALES:
        u = functional.normalize(vectors[:, :dim], dim=1)
        v = functional.normalize(others[:, :dim], dim=1)
        scores = (u @ v.T / TEMPERATURE).masked_fill(twins, -1e4)
        each = each + weight * functional.cross_entropy(scores, own, reduction="none")
    right = (~wrong).float()
    return (each * right).sum() / right.sum().clamp(min=1), cosine


class Trainer:
    """Network, table and optimizers, on one device; saved and restored as one file."""

    def __init__(self, work: Path, device: str, seed: int) -> None:
        torch.manual_seed(seed)
        self.device = device
        self.draw = Draw(work, seed)
        self.targets = Targets(work, device)
        self.rotation = torch.from_numpy(self.targets.rotation).to(device)
        self.table = torch.from_numpy(np.load(work / "first.npy")).to(device)
        self.network = model.teacher_network()[0].to(device)
        familiar = torch.zeros(len(self.table), device=device)
        self.own = torch.tensor(list(familiar_pieces(Tokenizer.from_file(str(work / "tokenizer.json")).get_vocab())))
        self.first = self.table[self.own].clone()
        familiar[self.own] = FAMILIAR
        self.adam = SparseAdam(self.table, familiar)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=NETWORK_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.arrivals = Arrivals(len(self.draw.languages))
        self.steps = self.pairs = self.chunks = 0
        self.curve: list[dict[str, float]] = []
        self.random = np.random.default_rng(seed)
        self.bank = np.zeros(0, np.int64)

    def look_up(self, batches: list[Batch]) -> None:
        """Have the targets of all batches ready, and draw negatives from them."""
        drawn = np.unique(np.concatenate([batch.target for batch in batches]))
        self.targets.prepare(drawn)
        self.bank = drawn[drawn < self.draw.rows]

    def step(self, batch: Batch, scale: float) -> tuple[float, NDArray[np.float64]]:
        """One step at `scale` times the learning rates; the loss, and the cosine of each text."""
        used, place = np.unique(batch.ids, return_inverse=True)
        rows = torch.from_numpy(used.astype(np.int64)).to(self.device)
        table = self.table[rows].requires_grad_(True)
        whole = self.steps % NETWORK_EVERY == 0
        half = {
            name: (value if whole else value.detach()).to(torch.bfloat16)
            for name, value in self.network.named_parameters()
        }
        tokens = table.to(torch.bfloat16)[torch.from_numpy(place.reshape(batch.ids.shape)).to(self.device)]
        vectors = functional_call(self.network, half, (tokens,)) @ self.rotation.T
        targets = self.targets.take(batch.target)
        bank = self.targets.take(self.random.choice(self.bank, BANK))
        with torch.no_grad():
            cosine = functional.cosine_similarity(vectors, targets).cpu().numpy().astype(np.float64)
        wrong = torch.from_numpy(self.arrivals.wrong(cosine, batch.language, self.steps)).to(self.device)
        loss, _ = loss_of(vectors, targets, bank, wrong)
        loss.backward()  # type: ignore[no-untyped-call]  # torch
        if whole:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            for group in self.optimizer.param_groups:
                group["lr"] = NETWORK_RATE * scale
            self.optimizer.step()
            self.optimizer.zero_grad()
        if table.grad is not None:
            self.adam.step(rows, table.grad, TABLE_RATE * scale)
        self.steps += 1
        self.pairs += len(batch.target)
        return loss.item(), cosine

    def student(self) -> tuple[model.Network, torch.Tensor]:
        """Network and table, drawn back towards the teacher's by averaging weights (Wortsman et al. 2022).

        Questions and long passages gain, everyday sentences lose: see the table in README.md.
        """
        network, _ = model.teacher_network()
        start = network.to(self.device).state_dict()
        network.load_state_dict(
            {name: value.lerp(start[name], NETWORK_KEPT) for name, value in self.network.state_dict().items()}
        )
        drawn = self.table.clone()
        drawn[self.own] = drawn[self.own].lerp(self.first, TABLE_KEPT)
        return network, drawn

    def save(self, path: Path) -> None:
        """Everything that going on needs; written beside and renamed, so that a killed run leaves the last one."""
        state = {
            "network": self.network.state_dict(), "table": self.table, "adam": self.adam.state(),
            "optimizer": self.optimizer.state_dict(), "steps": self.steps, "pairs": self.pairs, "chunks": self.chunks,
            "curve": self.curve, "arrivals": vars(self.arrivals), "random": self.random.bit_generator.state,
        }  # fmt: skip
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def restore(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, map_location=self.device, weights_only=False)
        self.network.load_state_dict(state["network"])
        self.table.copy_(state["table"])
        self.adam.restore(state["adam"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps, self.pairs, self.chunks, self.curve = (state[key] for key in ("steps", "pairs", "chunks", "curve"))
        vars(self.arrivals).update(state["arrivals"])
        self.random.bit_generator.state = state["random"]


def train(work: Path, *, chunks: int = CHUNKS, device: str = "cpu", seed: int = 0) -> None:
    """Write the student to `work/student`; goes on from `work/checkpoint.pt` where there is one.

    A checkpoint is written after each chunk, and kept apart (`before_decay.pt`) where the learning rate starts to fall:
    a longer run goes on from there.
    """
    trainer = Trainer(work, device, seed)
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        trainer.restore(checkpoint)
        print(f"going on after chunk {trainer.chunks}, {trainer.pairs:,} texts", flush=True)
    begin, tokens = time.perf_counter(), 0
    fall = round(chunks * DECAY)
    while trainer.chunks < chunks:
        if trainer.chunks == chunks - fall:
            trainer.save(work / "before_decay.pt")
        batches = list(trainer.draw.chunk(trainer.chunks))
        trainer.look_up(batches)
        losses, cosines = [], []
        for number, batch in enumerate(batches):
            left = chunks - trainer.chunks - number / len(batches)
            loss, cosine = trainer.step(batch, min(1.0, (trainer.steps + 1) / WARMUP, left / max(fall, 1)))
            tokens += batch.ids.size
            losses.append(loss)
            cosines.append(cosine)
            if trainer.steps % 50 == 0:
                near, speed = np.concatenate(cosines[-50:]).mean(), tokens / (time.perf_counter() - begin)
                print(
                    f"chunk {trainer.chunks} step {trainer.steps} texts {trainer.pairs:,} "
                    f"loss {np.mean(losses[-50:]):.3f} cosine {near:.3f} {speed:.0f} tokens/s",
                    flush=True,
                )
        trainer.chunks += 1
        trainer.curve.append(
            {"texts": trainer.pairs, "loss": float(np.mean(losses)), "seconds": time.perf_counter() - begin}
        )
        trainer.save(checkpoint)
        model.save(work / "student", *trainer.student(), trainer.rotation.contiguous())
        (work / "curve.json").write_text(json.dumps(trainer.curve), encoding="utf-8")
