"""The checks: a handful of short texts, alone and together, against what an embedder promises and its model needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..catalogue import embedding_model
from ..embedders.local import LocalEmbedder
from ..embedders.onnx import OnnxEmbedder
from ..protocols import Embedder
from ..served import ServedEmbedder
from .networks import prompt_fault, tail_fault
from .sample import SAME, TEXTS, Sample, cosines, draw, shown, unit

_UNIT = 1e-3

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was measured and, where it failed, the likely cause and the fix; skipped: it does not apply."""

    check: str
    outcome: Outcome
    message: str


def probe(embedder: Embedder) -> list[Finding]:
    """All checks, in a fixed order.

    Raises:
        ConfigurationError, EmbedderError: the model cannot be had, or gives no vectors at all.
    """
    return examine(embedder, draw(embedder))


def examine(embedder: Embedder, sample: Sample) -> list[Finding]:
    """All checks of what `embedder` gave. What a failed shape or a number that is none makes senseless is skipped."""
    shape = _shape(sample)
    finite = _finite(sample) if shape.outcome == "passed" else _skipped("finite", "the shape is wrong")
    if finite.outcome != "passed":
        names = ("norm", "distinct", "order", "batch", "repeat", "roles", "prompt", "tail")
        return [shape, finite, *(_skipped(name, "the vectors cannot be compared") for name in names)]
    distinct = _distinct(sample)
    order = _order(sample) if distinct.outcome == "passed" else _skipped("order", "texts share a vector")
    return [
        shape,
        finite,
        _norm(sample),
        distinct,
        order,
        _batch(sample),
        _repeat(sample),
        _roles(sample, _prompts(embedder)),
        *_inside(embedder, sample),
    ]


def _shape(sample: Sample) -> Finding:
    count = len(TEXTS)
    found: list[tuple[str, Any, int]] = [("queries", sample.queries, count), ("passages", sample.passages, count)]
    found += [("passages", sample.again, count), ("no texts", sample.none, 0)]
    found += [("one passage", vectors, 1) for vectors in sample.alone]
    for what, vectors, rows in found:
        if np.shape(vectors) != (rows, sample.dim):
            return _failed(
                "shape",
                f"{what} gave shape {np.shape(vectors)}, not {(rows, sample.dim)}: one row for each text, as long as "
                "the dimensions that the embedder states. Set the dimensions that the model gives.",
            )
    return _passed("shape", f"{sample.dim} dimensions, one vector for each text")


def _finite(sample: Sample) -> Finding:
    rows = np.concatenate([sample.queries, sample.passages, sample.again, *sample.alone])
    if wrong := int(np.count_nonzero(~np.isfinite(rows).all(axis=1))):
        return _failed(
            "finite",
            f"{wrong} of {len(rows)} vectors hold NaN or infinity. In float16 the model's numbers may be too large: "
            "compute in bfloat16 or float32.",
        )
    return _passed("finite", f"{len(rows)} vectors")


def _norm(sample: Sample) -> Finding:
    norms = np.linalg.norm(np.concatenate([sample.queries, sample.passages]), axis=1)
    said = f"norms from {norms.min():.4f} to {norms.max():.4f}"
    if np.abs(norms - 1).max() > _UNIT:
        return _failed("norm", f"{said}, not 1. Normalise the vectors, after they are cut and not before.")
    return _passed("norm", said)


def _distinct(sample: Sample) -> Finding:
    rows = unit(sample.passages)
    between = rows @ rows.T - 2 * np.eye(len(rows))
    first, second = np.unravel_index(int(between.argmax()), between.shape)
    nearest = between[first, second]
    if nearest >= SAME:
        return _failed(
            "distinct",
            f"{shown(first)} and {shown(second)} have one vector (cosine {nearest:.6f}). The server answers one text "
            "for all, or the model's weights are not those that were trained. Look at what it logs; load it again.",
        )
    return _passed("distinct", f"different texts have a cosine of at most {nearest:.3f}")


def _order(sample: Sample) -> Finding:
    nearest = (unit(np.concatenate(sample.alone)) @ unit(sample.passages).T).argmax(axis=1)
    moved = np.flatnonzero(nearest != np.arange(len(TEXTS)))
    if len(moved):
        return _failed(
            "order",
            f"the vector of {shown(moved[0])}, text {moved[0] + 1} of {len(TEXTS)}, came back at place "
            f"{nearest[moved[0]] + 1}: vectors would be stored with other texts. Return them in the order of the texts "
            "(sorted by length and not sorted back, or the `index` of an answer ignored).",
        )
    return _passed("order", "vectors come back in the order of their texts")


def _batch(sample: Sample) -> Finding:
    """Whatever its place: that is for `_order` to say."""
    found = (unit(np.concatenate(sample.alone)) @ unit(sample.passages).T).max(axis=1)
    worst = int(found.argmin())
    said = f"a text alone and among longer ones: cosine {found[worst]:.6f} ({shown(worst)})"
    if found[worst] < SAME:
        return _failed(
            "batch",
            f"{said}; at least {SAME} is due. Padding most likely reaches the vector: pad on the side that the model "
            "was trained with, and pass the attention mask on to attention and pooling. A TEI server: 1.8 or later.",
        )
    return _passed("batch", said)


def _repeat(sample: Sample) -> Finding:
    worst = cosines(sample.passages, sample.again).min()
    said = f"the same batch twice: cosine {worst:.6f}"
    if worst < SAME:
        return _failed("repeat", f"{said}; at least {SAME} is due. Switch dropout off (eval mode).")
    return _passed("repeat", said)


def _roles(sample: Sample, prompts: tuple[str, str] | None) -> Finding:
    if prompts is None:
        return _skipped("roles", "whether this model has prompts is not known")
    query, passage = prompts
    lowest = cosines(sample.queries, sample.passages).min()
    said = f"a text as query and as passage: cosine {lowest:.6f}"
    if query != passage and lowest >= SAME:
        return _failed(
            "roles",
            f"{said}, though queries begin with {query!r} and passages with {passage!r}: the prompts are not applied. "
            "Apply them before the text, or let Interlingua do so and start the server without prompts of its own.",
        )
    if query == passage and lowest < SAME:
        return _failed(
            "roles",
            f"{said}, though both roles begin with {query!r}: something else is put before one of them. Take the "
            "prompts out.",
        )
    return _passed("roles", f"{said}; {'their prompts differ' if query != passage else 'they have one prompt'}")


def _inside(embedder: Embedder, sample: Sample) -> list[Finding]:
    """What can be seen of a network in this process only."""
    if not isinstance(embedder, LocalEmbedder):
        reason = "only a sentence-transformers model in this process can be looked into"
        return [_skipped("prompt", reason), _skipped("tail", reason)]
    recipe = embedder.network().recipe
    fault = prompt_fault(embedder, TEXTS, sample.queries, sample.passages, least=SAME)
    prompted = f"queries begin with {recipe.query_prompt!r}, passages with {recipe.passage_prompt!r}"
    prompt = _failed("prompt", fault) if fault else _passed("prompt", f"{prompted}; equal to a run by hand")
    tail, wrong = tail_fault(embedder, TEXTS[0])
    if tail is None and not wrong:
        return [prompt, _skipped("tail", "nothing follows a text")]
    return [prompt, _failed("tail", wrong) if wrong else _passed("tail", f"a text ends with {tail}")]


def _prompts(embedder: Embedder) -> tuple[str, str] | None:
    """What queries and passages begin with; None where it is not known."""
    if isinstance(embedder, LocalEmbedder):
        recipe = embedder.network().recipe
        return recipe.query_prompt, recipe.passage_prompt
    if isinstance(embedder, ServedEmbedder):
        prompts = embedder.plan().prompts
        return prompts["query"], prompts["document"]
    if isinstance(embedder, OnnxEmbedder):
        return "", ""
    entry = embedding_model(embedder.model)
    return None if entry is None else (entry.query_prompt, entry.passage_prompt)


def _passed(check: str, message: str) -> Finding:
    return Finding(check=check, outcome="passed", message=message)


def _failed(check: str, message: str) -> Finding:
    return Finding(check=check, outcome="failed", message=message)


def _skipped(check: str, message: str) -> Finding:
    return Finding(check=check, outcome="skipped", message=message)
