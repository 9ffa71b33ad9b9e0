"""What both stores make of raw answers: hits in a fixed order, what is known of a document, facets counted by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..filters import where
from ..manifest import Manifest
from ..protocols import Known
from ..types import Hit
from .payload import to_chunk, to_origin

ScoredPayload = tuple[str, float, Mapping[str, Any]]
"""Chunk id, score, payload."""

FIRST_CHUNK = where(ordinal=0)
"""One chunk per document and stored version."""

_MOST_TIES = 1000
_DECIMALS = 6


def best(fetch: Callable[[int], Sequence[ScoredPayload]], limit: int) -> list[Hit]:
    """The first `limit` hits by score, then id, where `fetch(n)` returns the n best in any order among equals.

    Copies of a text score the same, and the engine returns equals in any order (28 equal points came back shuffled)
    and cuts among them at the limit. So one more than needed is fetched, and more yet while the cut falls among equals.
    Scores are rounded to 6 decimals, above the noise of float32, so that equals are equal.
    """
    if limit < 1:
        return []
    wanted = limit + 1
    while True:
        found = [(round(score, _DECIMALS), point, payload) for point, score, payload in fetch(wanted)]
        found.sort(key=lambda item: (-item[0], item[1]))
        cut_among_equals = len(found) == wanted and found[-1][0] == found[limit - 1][0]
        if not cut_among_equals or wanted > limit + _MOST_TIES:
            break
        wanted *= 4
    return [
        Hit(chunk=to_chunk(point, payload), score=score, scores={"dense": score})
        for score, point, payload in found[:limit]
    ]


def oversampling(manifest: Manifest, limit: int) -> float:
    """How many more candidates to take from the codes than hits are wanted, before rescoring.

    Rescoring alone cannot bring back what the codes ranked too low: recall@10 of int8 without a graph is 0.976, and
    1.000 with twice as many candidates; binary codes need more. A short list gets at least 50 candidates.
    """
    return max(2.0 if manifest.quantization == "int8" else 8.0, 50 / limit)


def known_of(payloads: Iterable[Mapping[str, Any]]) -> dict[str, Known]:
    """What is stored of each document, from the payloads of its chunks (fields of `Origin` and `document_id`)."""
    versions: dict[str, Counter[Any]] = {}
    for payload in payloads:
        versions.setdefault(payload["document_id"], Counter())[to_origin(payload)] += 1
    known = {}
    for document_id in sorted(versions):
        counts = versions[document_id]
        # Of several versions the one with the most chunks speaks; the document is incomplete either way.
        origin, stored = max(counts.items(), key=lambda item: (item[1], "" if item[0] is None else item[0].digest))
        complete = len(counts) == 1 and origin is not None and stored == origin.chunks
        known[document_id] = (
            Known(digest="", revision="", source="", complete=False)
            if origin is None
            else Known(digest=origin.digest, revision=origin.revision, source=origin.source, complete=complete)
        )
    return known


def unique(document_ids: Iterable[str]) -> Iterator[str]:
    """Each id once: a document has two first chunks while a new version is being written."""
    seen: set[str] = set()
    for document_id in document_ids:
        if document_id not in seen:
            seen.add(document_id)
            yield document_id


def count_values(payloads: Iterable[Mapping[str, Any]], key: str, limit: int) -> dict[str, int]:
    """Chunks per value of `key`; a list counts once for each of its distinct values."""
    counts: Counter[str] = Counter()
    for payload in payloads:
        counts.update({label(value) for value in _values_at(payload, key) if isinstance(value, (str, int, float))})
    return most_frequent(counts.items(), limit)


def most_frequent(counts: Iterable[tuple[str, int]], limit: int) -> dict[str, int]:
    """The `limit` most frequent, ties by value."""
    return dict(sorted(counts, key=lambda item: (-item[1], item[0]))[: max(limit, 0)])


def label(value: str | int | float) -> str:
    """A value as a facet shows it: booleans are `true` and `false`, as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values_at(payload: Mapping[str, Any], key: str) -> Iterator[Any]:
    root, _, rest = key.partition(".")
    found = [payload.get(root)]
    if rest:
        found = [_step(found[0], rest.split(".")), _step(found[0], [rest])][: 1 + ("." in rest)]
    for value in found:
        yield from value if isinstance(value, list) else [value]


def _step(value: Any, segments: Sequence[str]) -> Any:
    for segment in segments:
        value = value.get(segment) if isinstance(value, Mapping) else None
    return value
