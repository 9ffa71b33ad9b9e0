"""Step 6: measure an embedder on retrieval sets. Nothing measured here is ever trained on.

A set is a folder with `corpus.jsonl.gz` and `queries.jsonl.gz` (`{id, lang, text}` a line) and `qrels.tsv.gz`
(query_id, doc_id, score, with a header). Alone: `python -m training.evaluate NAME_OR_FOLDER SET...`.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from interlingua.retrieval.embedders import load
from interlingua.retrieval.protocols import Embedder
from numpy.typing import NDArray

DEPTH = 10


def measure(embedder: Embedder, folder: Path) -> dict[str, dict[str, float]]:
    """nDCG@10 and accuracy@1 for each pair of languages, keyed `query language>passage language`.

    Each pair is searched alone, among the passages of its one language. The key `own share` holds, for each language
    asked in, the share of the first hits that are in that language when all passages lie in one pool.
    """
    corpus, queries = _lines(folder / "corpus.jsonl.gz"), _lines(folder / "queries.jsonl.gz")
    relevant: dict[str, dict[str, float]] = defaultdict(dict)
    with gzip.open(folder / "qrels.tsv.gz", "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            query, document, score = line.rstrip("\n").split("\t")
            relevant[query][document] = float(score)
    passages = embedder.embed_passages([document["text"] for document in corpus])
    asked = embedder.embed_queries([query["text"] for query in queries])
    of_passage = np.array([document["lang"] for document in corpus])
    of_query = np.array([query["lang"] for query in queries])
    result: dict[str, dict[str, float]] = {"own share": {}}
    for source in sorted(set(of_query.tolist())):
        rows = np.flatnonzero(of_query == source)
        first = (asked[rows] @ passages.T).argmax(axis=1)
        result["own share"][source] = float((of_passage[first] == source).mean())
        for target in sorted(set(of_passage.tolist())):
            columns = np.flatnonzero(of_passage == target)
            scores = asked[rows] @ passages[columns].T
            gains = _gains([relevant[queries[r]["id"]] for r in rows], [corpus[c]["id"] for c in columns])
            answerable = gains.any(axis=1)
            if answerable.any():
                result[f"{source}>{target}"] = _quality(scores[answerable], gains[answerable])
    return result


def _gains(relevant: list[dict[str, float]], ids: list[str]) -> NDArray[np.float64]:
    place = {name: column for column, name in enumerate(ids)}
    gains = np.zeros((len(relevant), len(ids)))
    for row, scores in enumerate(relevant):
        for name, score in scores.items():
            if name in place:
                gains[row, place[name]] = score
    return gains


def _quality(scores: NDArray[np.float32], gains: NDArray[np.float64]) -> dict[str, float]:
    """Means over the rows. nDCG with linear gain and log2 discount (Järvelin and Kekäläinen 2002)."""
    discount = 1 / np.log2(np.arange(2, DEPTH + 2))[: scores.shape[1]]
    best = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    found = np.take_along_axis(gains, best, axis=1)
    ideal = -np.sort(-gains, axis=1)[:, :DEPTH]
    return {
        "ndcg@10": float(((found @ discount) / (ideal @ discount)).mean()),
        "accuracy@1": float((found[:, 0] > 0).mean()),
        "queries": len(scores),
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def evaluate(model: str, dev: Path) -> dict[str, dict[str, dict[str, float]]]:
    """`measure` on every set in the folder `dev`, by the set's name."""
    embedder = load(model)
    return {set_.parent.name: measure(embedder, set_.parent) for set_ in sorted(dev.glob("*/qrels.tsv.gz"))}


def summary(results: dict[str, dict[str, dict[str, float]]]) -> list[tuple[str, str, float]]:
    """(set, measure, mean value): same language, across languages, and the own share, with the pairs counted."""
    rows = []
    for name, result in results.items():
        cells = {key: value for key, value in result.items() if ">" in key}
        for label, same in (("same language", True), ("across languages", False)):
            chosen = [value for key, value in cells.items() if (key.split(">")[0] == key.split(">")[1]) is same]
            for metric in ("ndcg@10", "accuracy@1"):
                if chosen:
                    value = float(np.mean([cell[metric] for cell in chosen]))
                    rows.append((name, f"{metric}, {label} ({len(chosen)} pairs)", value))
    return rows


if __name__ == "__main__":
    found = {Path(name).name: measure(load(sys.argv[1]), Path(name)) for name in sys.argv[2:]}
    for line in summary(found):
        print("{}: {} {:.3f}".format(*line))
