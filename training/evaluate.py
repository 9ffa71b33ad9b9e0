"""Step 8: measure embedders on retrieval sets. Nothing measured here is ever trained on.

A set is a folder with `corpus.jsonl.gz` and `queries.jsonl.gz` (`{id, lang, text}` a line) and `qrels.tsv.gz`
(query_id, doc_id, score, with a header). Two more are made: `ntrex_documents` (from a sentence to the document that it
was taken from, which holds only its other sentences), and `tatoeba` and `tico19` (what `pairs.py` held back).
Alone: `python -m training.evaluate NAME DEV WORK`, where NAME is `student`,
`contextual`, `untrained`, `teacher` or any embedder.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from interlingua.retrieval.embedders import load
from interlingua.retrieval.types import Matrix
from numpy.typing import NDArray

from . import parts, student
from .pairs import HELD_OUT, lines
from .parts import unit

DEPTH = 10
LANGUAGES = (
    "en",
    "de",
    "es",
    "ro",
    "ru",
    "el",
    "tr",
    "ar",
    "hi",
    "th",
    "vi",
    "zh",
)  # of XQuAD: the sets across languages ask in these
COMPARED = ("belebele_en_de", "ntrex_documents")
SMALLEST = 20  # held-out sentences that a language needs to be measured

Cells = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Texts with `id`, `lang` and `text`; `relevant[query id][passage id]` is a gain above 0.

    A passage with `pool` is searched by the queries of that language alone.
    """

    corpus: list[dict[str, Any]]
    queries: list[dict[str, Any]]
    relevant: dict[str, dict[str, float]]


def read(folder: Path) -> RetrievalSet:
    """A set from its folder."""
    relevant: dict[str, dict[str, float]] = defaultdict(dict)
    with gzip.open(folder / "qrels.tsv.gz", "rt", encoding="utf-8") as rows:
        next(rows)
        for line in rows:
            query, document, score = line.rstrip("\n").split("\t")
            relevant[query][document] = float(score)
    return RetrievalSet(_json(folder / "corpus.jsonl.gz"), _json(folder / "queries.jsonl.gz"), relevant)


def to_english(ntrex: Path) -> RetrievalSet:
    """The sentences of every language ask for their English originals."""
    data = read(ntrex)
    corpus = [row for row in data.corpus if row["lang"] == "en"]
    return RetrievalSet(corpus, [row for row in data.queries if row["lang"] != "en"], data.relevant)


def documents(ntrex: Path) -> RetrievalSet:
    """Every second sentence of a document asks for the rest of it, in each of LANGUAGES and across them."""
    of: dict[str, list[str]] = defaultdict(list)
    text: dict[tuple[str, str], str] = {}
    for row in _json(ntrex / "corpus.jsonl.gz"):
        if row["lang"] in LANGUAGES:
            text[row["group"], row["lang"]] = row["text"]
            if row["lang"] == "en":
                of[row["doc"]].append(row["group"])
    made = RetrievalSet([], [], defaultdict(dict))
    for name, groups in of.items():
        if len(groups) < 4:
            continue
        for language in LANGUAGES:
            body = " ".join(text[group, language] for group in groups[1::2])
            made.corpus.append({"id": f"{name}_{language}", "lang": language, "text": body})
            for group in groups[::2]:
                key = f"{group}_{language}"
                made.queries.append({"id": key, "lang": language, "text": text[group, language]})
                made.relevant[key] = {f"{name}_{other}": 1.0 for other in LANGUAGES}
    return made


def held_out(work: Path, name: str) -> RetrievalSet:
    """From the held-out sentences of each language to their English ones (not to those of other languages).

    `name` is one of `pairs.HELD_OUT`.
    """
    rows = [row[1:] for row in (line.split("\t") for line in lines(work / "held_out.tsv")) if row[0] == name]
    counts = Counter(language for language, _, _ in rows)
    made = RetrievalSet([], [], defaultdict(dict))
    english: dict[tuple[str, str], str] = {}
    for number, (language, original, translation) in enumerate(rows):
        if counts[language] >= SMALLEST:
            if (language, original) not in english:
                english[language, original] = f"en{number}"
                made.corpus.append({"id": f"en{number}", "lang": "en", "text": original, "pool": language})
            made.queries.append({"id": str(number), "lang": language, "text": translation})
            made.relevant[str(number)][english[language, original]] = 1.0
    return made


def measure(embedder: Any, data: RetrievalSet) -> Cells:
    """nDCG@10 and accuracy@1 for each pair of languages, keyed `query language>passage language`.

    Each pair is searched alone, among the passages of its one language. The key `own share` holds, for each language
    asked in, the share of the first hits that are in that language when all passages lie in one pool.
    """
    passages = embedder.embed_passages([document["text"] for document in data.corpus])
    return _measure(data, passages, embedder.embed_queries([query["text"] for query in data.queries]))


def shortened(embedder: Any, data: RetrievalSet, dims: Sequence[int]) -> dict[int, Cells]:
    """`measure` of the vectors cut to their first numbers, for each of `dims`."""
    passages = embedder.embed_passages([document["text"] for document in data.corpus])
    asked = embedder.embed_queries([query["text"] for query in data.queries])
    return {dim: _measure(data, unit(passages[:, :dim]), unit(asked[:, :dim])) for dim in dims}


def _measure(data: RetrievalSet, passages: Matrix, asked: Matrix) -> Cells:
    of_passage = np.array([document["lang"] for document in data.corpus])
    pool = np.array([document.get("pool", "") for document in data.corpus])
    of_query = np.array([query["lang"] for query in data.queries])
    result: Cells = {"own share": {}}
    for source in sorted(set(of_query.tolist())):
        rows = np.flatnonzero(of_query == source)
        scores = asked[rows] @ passages.T
        result["own share"][source] = float((of_passage[scores.argmax(axis=1)] == source).mean())
        for target in sorted(set(of_passage.tolist())):
            columns = np.flatnonzero((of_passage == target) & np.isin(pool, ["", source]))
            if not len(columns):
                continue
            gains = _gains(
                [data.relevant[data.queries[r]["id"]] for r in rows], [data.corpus[c]["id"] for c in columns]
            )
            answerable = gains.any(axis=1)
            if answerable.any():
                result[f"{source}>{target}"] = _quality(scores[:, columns][answerable], gains[answerable])
    return result


def _gains(relevant: list[dict[str, float]], ids: list[str]) -> NDArray[np.float32]:
    place = {name: column for column, name in enumerate(ids)}
    gains = np.zeros((len(relevant), len(ids)), np.float32)
    for row, scores in enumerate(relevant):
        for name, score in scores.items():
            if name in place:
                gains[row, place[name]] = score
    return gains


def _quality(scores: NDArray[np.float32], gains: NDArray[np.float32]) -> dict[str, float]:
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


def _json(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        return [json.loads(line) for line in rows]


def sets(dev: Path, work: Path, names: Iterable[str] = ()) -> dict[str, RetrievalSet]:
    """The sets in the folder `dev` and those made, by name; all of them, or those named."""
    found = {path.parent.name: path.parent for path in sorted(dev.glob("*/qrels.tsv.gz"))}
    wanted = list(names) or [*found, "ntrex_documents", *HELD_OUT]
    made = {
        "ntrex": lambda: to_english(dev / "ntrex"),
        "ntrex_documents": lambda: documents(dev / "ntrex"),
        "tatoeba": lambda: held_out(work, "tatoeba"),
        "tico19": lambda: held_out(work, "tico19"),
    }
    return {name: made[name]() if name in made else read(found[name]) for name in wanted}


def embedder(name: str, work: Path) -> Any:
    """The embedder called `name`, those of training among them."""
    if name in ("student", "contextual", "untrained"):
        return getattr(student, name)(work)
    return student.teachers() if name == "teacher" else load(name)


def evaluate(out: Path, dev: Path, work: Path) -> None:
    """Write `evaluation.json`: the published model on every set, and on COMPARED what it is compared with."""
    published = load(str(out))
    results = {"published": _all(published, sets(dev, work))}
    compared = sets(dev, work, COMPARED)
    for name, data in compared.items():
        for dim, cells in shortened(published, data, parts.DIMENSIONS[:-1]).items():
            results.setdefault(f"published, {dim} dimensions", {})[name] = cells
    for name in ("student", "contextual", "untrained", "teacher"):
        results[name] = _all(embedder(name, work), compared)
    (work / "evaluation.json").write_text(json.dumps(results, indent=1, sort_keys=True), encoding="utf-8")


def _all(measured: Any, data: dict[str, RetrievalSet]) -> dict[str, Cells]:
    return {name: measure(measured, each) for name, each in data.items()}


def summary(results: dict[str, Cells]) -> list[tuple[str, str, float]]:
    """(set, measure, mean value): same language, across languages, and English alone, with the pairs counted."""
    rows = []
    for name, result in results.items():
        cells = {key: value for key, value in result.items() if ">" in key}
        same = {key: cell for key, cell in cells.items() if len(set(key.split(">"))) == 1}
        groups = {"same language": same, "across languages": {k: v for k, v in cells.items() if k not in same}}
        groups["English"] = {key: cell for key, cell in same.items() if key == "en>en"}
        for label, chosen in groups.items():
            for metric in ("ndcg@10", "accuracy@1"):
                if chosen:
                    value = float(np.mean([cell[metric] for cell in chosen.values()]))
                    rows.append((name, f"{metric}, {label} ({len(chosen)} pairs)", value))
        if same:
            rows.append((name, "own share of first hits", float(np.mean(list(result["own share"].values())))))
    return rows


if __name__ == "__main__":
    model, dev, work, *chosen = sys.argv[1:]
    measured = embedder(model, Path(work))
    for line in summary(_all(measured, sets(Path(dev), Path(work), chosen))):
        print("{}: {} {:.3f}".format(*line))
