"""Recall of each length of vector with each quantization, by language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..manifest import Quantization
from ..protocols import Embedder
from ..types import Matrix
from .codes import code_bytes, search, shortened
from .sampling import Sample

LIMIT = 10
ENOUGH = 10  # queries, from which a language has a say in the recommendation
GIVEN = "given"  # stands for the language of queries that the user wrote

QUANTIZATIONS: tuple[Quantization, ...] = ("none", "int8", "binary")

At = Callable[[int], tuple[Matrix, Matrix]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A length and a quantization, and what was measured with them.

    `recall` is the mean over all queries of the share of the 10 best passages of the full vectors that are found,
    `by_language` the same of each language's queries, `worst` the lowest of the languages with at least ENOUGH.
    `vector_bytes` is what a search reads of each chunk first; `ram` and `disk` are bytes for all chunks: codes in
    memory and full vectors with their texts on disk, the graph of a server and its indexes apart.
    """

    dimensions: int
    quantization: Quantization
    recall: float
    worst: float
    by_language: Mapping[str, float]
    vector_bytes: int
    ram: int
    disk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All options, the full one first, and the recommended one; `queries` counts those of each language."""

    model: str
    dim: int
    passages: int
    queries: Mapping[str, int]
    for_chunks: int
    target: float
    options: tuple[Option, ...]
    recommended: Option


def measure(
    sample: Sample,
    embedder: Embedder,
    *,
    dimensions: Sequence[int],
    at: At | None = None,
    queries: Sequence[str] = (),
    target: float = 0.95,
    for_chunks: int = 1_000_000,
) -> Measured:
    """Measure each of `dimensions` with each quantization on a sample of an index made with `embedder`.

    Args:
        sample: what the vectors of the index are compared on.
        embedder: the one that made them; it embeds the queries.
        dimensions: lengths to measure, at most that of the stored vectors.
        at: gives the vectors of queries and passages at a length; None: the first numbers of the stored ones.
        queries: the user's own, in place of sentences of the sample.
        target: recall that every language must keep for an option to be recommended.
        for_chunks: size of the index that `ram` and `disk` are for.

    Raises:
        InputError: too few chunks, or a length that there is not.
    """
    full = sample.vectors.shape[1]
    if len(sample.chunks) <= 2 * LIMIT:
        raise InputError(
            f"The index holds {len(sample.chunks)} chunks; the {LIMIT} best of them say nothing about recall. "
            "Ingest more documents first."
        )
    if wrong := [size for size in dimensions if not 1 <= size <= full]:
        raise InputError(f"{wrong[0]} dimensions cannot be measured: the vectors have {full}.")
    asked = tuple(queries) or sample.queries
    own = np.full(len(asked), -1, dtype=np.int64) if queries else sample.own
    languages = [GIVEN] * len(asked) if queries else [sample.chunks[place].language for place in own.tolist()]
    vectors = embedder.embed_queries(asked)
    truth = search(vectors, sample.vectors, own, "none", limit=LIMIT)
    text = round(sum(len(chunk.text.encode()) for chunk in sample.chunks) / len(sample.chunks))
    options = []
    for dim in sorted({full, *dimensions}, reverse=True):
        if dim == full:
            q, p = vectors, sample.vectors
        else:
            q, p = (shortened(vectors, dim), shortened(sample.vectors, dim)) if at is None else at(dim)
        for quantization in QUANTIZATIONS:
            found = search(q, p, own, quantization, limit=LIMIT)
            shares = _shares(found, truth)
            options.append(_option(dim, quantization, shares, languages, text, for_chunks))
    return Measured(
        model=embedder.model,
        dim=full,
        passages=len(sample.chunks),
        queries={name: languages.count(name) for name in dict.fromkeys(languages)},
        for_chunks=for_chunks,
        target=target,
        options=tuple(options),
        recommended=min(
            (option for option in options if option.worst >= target), key=lambda option: (option.ram, option.disk)
        ),
    )


def _shares(found: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each query, which share of the true passages was found."""
    return (found[:, :, np.newaxis] == truth[:, np.newaxis, :]).any(axis=1).mean(axis=1)  # type: ignore[no-any-return]


def _option(
    dim: int,
    quantization: Quantization,
    shares: NDArray[np.float64],
    languages: Sequence[str],
    text: int,
    chunks: int,
) -> Option:
    of_language: dict[str, list[float]] = {}
    for language, share in zip(languages, shares.tolist(), strict=True):
        of_language.setdefault(language, []).append(share)
    by_language = {language: float(np.mean(values)) for language, values in of_language.items()}
    heard = [by_language[language] for language, values in of_language.items() if len(values) >= ENOUGH]
    codes, recall = code_bytes(dim, quantization), float(shares.mean())
    on_disk = 4 * dim + text + (0 if quantization == "none" else codes)
    return Option(
        dimensions=dim,
        quantization=quantization,
        recall=recall,
        worst=min(heard, default=recall),
        by_language=by_language,
        vector_bytes=codes,
        ram=codes * chunks,
        disk=on_disk * chunks,
    )
