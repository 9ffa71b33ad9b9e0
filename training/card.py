"""The model card, written from the table of sources, the counts, the timings, the curve and the evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .evaluate import COMPARED, Cells, summary
from .parts import CONTEXTUAL, LEXICAL
from .sources import SOURCES

# Measured on the static model of version 1 (16 MB, 256 dimensions, word vectors averaged), before it was replaced.
_STATIC = {
    "belebele_en_de": {"same": 0.579, "across": 0.363, "en": 0.625},
    "ntrex_documents": {"same": 0.308, "across": 0.153, "en": 0.326},
}

_HEAD = """\
# bundled: a multilingual sentence-embedding model in {total:.0f} MB

Written by `python -m training`; do not edit it by hand.

The default embedder of Interlingua: vectors of {dim} dimensions in two parts.

- {contextual} are contextual: six transformer layers over {pieces:,} multilingual pieces, a student of all-MiniLM-L6-v2
  (Apache-2.0), which knows English alone. The student was taught to put a text of any language where the teacher puts
  its English translation, so that a question finds the passage that answers it in another language.
- {lexical} are lexical: a sum of one fixed vector per piece, rare pieces longer, pieces that translate each other
  or are spelled alike near each other. They keep names, numbers and rare terms apart, which a small network blurs.

Licence: Apache-2.0, as the teacher's; the sources of its training text are listed below.

    import interlingua
    interlingua.embedder("bundled").embed_queries(["金利リスクの管理"])      # shape (1, {dim}), rows of length 1

- Files: {sizes}. Together {total:.1f} MB. Run by onnxruntime and `tokenizers` on any CPU; no torch, no network.
- No prompts: queries and passages are embedded alike. Cosine similarity.
- `max_tokens` is {max_tokens}, the length the teacher read; up to {positions} are read, what exceeds them is cut off.
- Shorter vectors: the contextual numbers are in the order of how much they tell (principal components of the teacher's
  vectors, and trained so). Cut to 384 (a third of them lexical), 256 (a quarter), 128 or 64 and bring to
  length 1 again; the loss is in the table below.
- Weights are stored in 8 bits, token vectors in 4. One text at a time is run, so a text has one vector, bit for bit,
  whatever it is embedded with.
- The folder is laid out for sentence-transformers:
  `SentenceTransformer(folder, trust_remote_code=True)` with interlingua installed gives the same vectors.

## What it is for, and what it is not good at

Trying out, tests, demonstrations, laptops and machines without a network. For production move to a model that has read
the world: multilingual-e5, Qwen3-Embedding-0.6B or larger (`interlingua[models]`).

- It is best where most pairs were (see the languages below), in everyday and technical language. Languages not listed
  work by what they share with listed ones.
- It knows little of law, medicine, finance and of names that its pieces do not hold; rare words are guessed from parts.
- Short queries in a language of few pairs, and text without accents or in the wrong script, find less.
- In one pool of many languages it prefers the question's own: equal words are a good reason, but not always a right one
  (see "own share" below; search with `languages=` or group by language where that matters).
- Part of its text is machine translated (drawn less often), and it holds whatever bias its teacher and its text hold.
"""

_MAKE = """\
## How it was made

    make model DATA=FOLDER        # FOLDER/bitext: LANG.tsv.gz and dict_LANG.tsv.gz; FOLDER/dev: evaluation sets

1. Pieces: the teacher's {shared} English word pieces, and those that SentencePiece finds in the other languages.
2. First vectors: words of the pairs are aligned (IBM Model 1 in both directions, made to agree); a foreign piece
   starts as the mean of the teacher's vectors of the English pieces it is linked with. With the teacher's layers
   unchanged this already searches across languages ("untrained" below).
3. Training: cosine to the teacher's vector of the English text, and InfoNCE against thousands of other English texts,
   at 384, 128 and 64 dimensions; sentences, dictionary entries, passages of several sentences (some with a language per
   sentence), text without accents or in Latin letters, and English itself. Sources and languages are drawn by weight;
   texts that stay far from their target when others of their language have arrived are left out as mistranslated.
4. The lexical part is computed, not learned (`training/lexical.py`).
5. Publishing: one ONNX graph in 8 and 4 bits.

{begun}Time on two CPU cores without an accelerator, other work going on beside it: {timings}. At some 30 W for two
cores of a server that is about {energy:.2f} kWh.

{curve}
## Sources

Pairs are counted after duplicates, untranslated sentences and the held-out ones were dropped.
"""


def write(work: Path, out: Path) -> str:
    """The text of README.md for the model published in `out`, in Markdown."""
    counts, timings, results = (_read(work / f"{name}.json") for name in ("counts", "timings", "evaluation"))
    config = _read(out / "config.json")
    files = {str(path.relative_to(out)): path.stat().st_size for path in sorted(out.rglob("*")) if _shipped(path)}
    large = ", ".join(f"`{name}` {size / 1e6:.1f} MB" for name, size in files.items() if size > 1_000_000)
    head = _HEAD.format(
        pieces=config["vocab_size"],
        dim=CONTEXTUAL + LEXICAL,
        contextual=CONTEXTUAL,
        lexical=LEXICAL,
        max_tokens=config["interlingua"]["max_tokens"],
        positions=config["max_position_embeddings"],
        sizes=large,
        total=sum(files.values()) / 1e6,
    )
    spent = {step: seconds for step, seconds in timings.items() if step != "card"}
    make = _MAKE.format(
        shared="{:,}".format(counts["teacher's pieces"]),
        timings=", ".join(f"{step} {seconds / 60:.0f} min" for step, seconds in spent.items()),
        energy=sum(spent.values()) / 3600 * 0.03,
        begun=_begun(work),
        curve=_curve(work),
    )
    pairs = ", ".join(f"{name} {count:,}" for name, count in sorted(counts["languages"].items()))
    languages = f"## Languages\n\nPairs with English, sentences and dictionary together: {pairs}.\n"
    return "\n".join([head, _evaluation(results), make, _sources(counts), languages])


def _shipped(path: Path) -> bool:
    return path.is_file() and path.suffix in (".onnx", ".json", ".safetensors")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _begun(work: Path) -> str:
    """What `work`/begun.md says of where the training began, for weights that were not made in one go."""
    path = work / "begun.md"
    return path.read_text(encoding="utf-8") + "\n" if path.exists() else ""


def _curve(work: Path) -> str:
    curve = json.loads((work / "curve.json").read_text(encoding="utf-8")) if (work / "curve.json").exists() else []
    if not curve:
        return ""
    lines = ["| texts seen | training loss, mean of the chunk |", "|---|---|"]
    return "\n".join([*lines, *(f"| {point['texts']:,} | {point['loss']:.2f} |" for point in curve), ""])


def _evaluation(results: dict[str, dict[str, Cells]]) -> str:
    if not results:
        return "## Evaluation\n\nNot measured: no evaluation sets were given.\n"
    lines = [
        "## Evaluation",
        "",
        "None of it was trained on. `python -m training.evaluate` measures any embedder so.",
        "",
    ]
    lines += ["| set | measure | value |", "|---|---|---|"]
    published = results["published"]
    lines += [f"| {name} | {measure} | {value:.3f} |" for name, measure, value in summary(published)]
    lines += ["", "What it is compared with, nDCG@10:", ""]
    lines += ["| model | belebele_en_de same | across | English | ntrex_documents same | across | English |"]
    lines += ["|---|---|---|---|---|---|---|"]
    labels = {
        "teacher": "all-MiniLM-L6-v2, the teacher",
        "untrained": "untrained: its layers over the aligned table",
        "contextual": "trained, 384 contextual numbers, 32 bits",
        "student": f"{CONTEXTUAL} contextual and {LEXICAL} lexical ones, 32 bits",
        "published": "**published: the same in 8 and 4 bits**",
    }
    lines.append(_row("static model (version 1)", [_STATIC[name][cell] for name in _STATIC for cell in _STATIC[name]]))
    for model in (
        "teacher",
        "untrained",
        "contextual",
        "student",
        *sorted((name for name in results if name.startswith("published")), key=_dimensions, reverse=True),
    ):
        if model in results:
            cells = [value for name in COMPARED for value in _means(results[model][name])]
            lines.append(_row(labels.get(model, model), cells))
    lines += ["", *_by_language(published)]
    return "\n".join([*lines, ""])


def _dimensions(name: str) -> int:
    return int(name.split()[1]) if " " in name else CONTEXTUAL + LEXICAL


def _row(name: str, values: list[float]) -> str:
    return f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |"


def _means(cells: Cells) -> list[float]:
    """Mean nDCG@10 in the same language and across languages, and that of English."""
    same = [cell["ndcg@10"] for key, cell in cells.items() if _is_same(key)]
    across = [cell for key, cell in cells.items() if ">" in key and not _is_same(key)]
    return [sum(same) / len(same), sum(cell["ndcg@10"] for cell in across) / len(across), cells["en>en"]["ndcg@10"]]


def _is_same(key: str) -> bool:
    source, _, target = key.partition(">")
    return source == target


def _by_language(published: dict[str, Cells]) -> list[str]:
    lines = []
    for name, what in (
        ("ntrex", "news sentences, each to find its English original among 666"),
        ("tatoeba", "everyday sentences, each to find its English one among those of its language"),
        ("tico19", "sentences on health, each to find its English one among those of its language"),
    ):
        cells = sorted((key.split(">")[0], cell) for key, cell in published[name].items() if ">" in key)
        detail = ", ".join(f"{key} {cell['accuracy@1']:.2f}" for key, cell in cells)
        lines += [f"{name}: {what}; accuracy@1: {detail}.", ""]
    same = {key.split(">")[0]: cell for key, cell in published["ntrex_documents"].items() if _is_same(key)}
    detail = ", ".join(f"{language} {cell['ndcg@10']:.2f}" for language, cell in same.items())
    lines += [
        "ntrex_documents: from every second sentence of a news text to the rest of the text, 92 texts a language; "
        f"nDCG@10 within each language: {detail}.",
    ]
    return lines


def _sources(counts: dict[str, Any]) -> str:
    lines = ["| source | licence | sentences | dictionary | note |", "|---|---|---|---|---|"]
    for source in SOURCES:
        if source.kept:
            number = [f"{counts[kind].get(source.key, 0):,}" for kind in ("sentences", "dictionary")]
            title = f"`{source.key}`: {source.title}"
            lines.append(f"| {title} | {source.licence} | {number[0]} | {number[1]} | {source.note} |")
    lines += ["", "Known and left out:", "", "| source | licence | why |", "|---|---|---|"]
    lines += [f"| `{s.key}`: {s.title} | {s.licence} | {s.note} |" for s in SOURCES if not s.kept]
    return "\n".join([*lines, ""])
