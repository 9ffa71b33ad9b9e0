"""The model card, written from the table of sources, the counts, the timings and the evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .evaluate import summary
from .sources import SOURCES
from .vocabulary import PIECES

_HEAD = """\
# bundled: a multilingual static embedding model

Written by `python -m training`; do not edit it by hand.

The default embedder of Interlingua. It is one table of {pieces:,} token vectors of {dim} dimensions, held as int8. A
text's vector is the sum of its tokens' vectors, brought to length 1: no network is run, so it works offline on any CPU,
with numpy and `tokenizers` only. It was trained from scratch on translation pairs of English and {languages} other
languages; no other model's weights went in.

    import interlingua
    interlingua.embedder("bundled").embed_queries(["金利リスクの管理"])      # shape (1, {dim}), rows of length 1

- Files: {sizes}. Together {total:.1f} MB.
- Tokens: SentencePiece unigram, as a `tokenizers` file that holds all normalisation (NFKC, lower case, white space).
- The layout is that of model2vec (`embeddings` in `model.safetensors`, `tokenizer.json`, `config.json`).
- The first 64 dimensions were trained to stand alone: cut and bring to length 1 again.
- Nothing is cut off, but a mean blurs as a text grows; `max_tokens` ({max_tokens}) is advice for cutting passages.
- Unknown pieces count nothing. A text with no known piece at all gets one fixed direction that stands for nothing.

## What to expect

It is a first model: small, quick and weak. It matches words, inside a language and, where training had seen enough
pairs, across languages.

- Within one language it finds passages that share words, or words used alike, with the question; exact names and
  numbers it blurs.
- Across languages it is weak: good enough to find a translated sentence in a large language, not to be relied on for
  questions about long passages (see the figures).
- It favours passages in the question's own language when several languages lie in one pool.
- Word order, negation and context do not count: "dog bites man" is "man bites dog".
- Languages with few pairs (see the list below) hardly work; languages not listed work by shared words and names only.
- It was fed Wikipedia sentences, everyday sentences, software manuals and user interfaces, some of them translated by
  machines; it knows little of law, medicine or finance, and it holds whatever bias those texts hold.

For production, move to a contextual model such as multilingual-e5 or Qwen3-Embedding (`interlingua[models]`).
"""

_MAKE = """\
## How it was made

    pip install torch==2.13.0 sentencepiece safetensors
    python -m training --data DATA --dev DEV --work training/work --out retrieval/embedders/bundled

`DATA` holds `LANG.tsv.gz` and `dict_LANG.tsv.gz` (English, translation, source key), `DEV` one folder per evaluation
set. InfoNCE on translations at 256 and 64 dimensions, batches of 2048, Adam, fixed seeds; sources and languages are
drawn by weight (`training/sources.py`, `training/pairs.py`). Then frequent tokens are made to count less and the
directions that only tell languages apart are removed, both folded into the table (`training/fold.py`; these two
settings were chosen on the sets above). Time on two CPU cores, with other work going on beside it:
{timings}.

## Sources

Pairs are counted after duplicates and untranslated sentences were dropped.
"""


def write(work: Path, out: Path) -> str:
    """The text of README.md for the model published in `out`, in Markdown."""
    counts, timings, results = (_read(work / f"{name}.json") for name in ("counts", "timings", "evaluation"))
    config = _read(out / "config.json")
    files = {name: (out / name).stat().st_size for name in ("model.safetensors", "tokenizer.json", "config.json")}
    head = _HEAD.format(
        pieces=PIECES,
        dim=config["dim"],
        max_tokens=config["max_tokens"],
        languages=len(counts["languages"]),
        sizes=", ".join(f"`{name}` {size / 1e6:.2f} MB" for name, size in files.items()),
        total=sum(files.values()) / 1e6,
    )
    spent = ", ".join(f"{step} {seconds / 60:.1f} min" for step, seconds in timings.items() if step != "card")
    languages = ", ".join(f"{name} {count:,}" for name, count in sorted(counts["languages"].items()))
    parts = [
        head,
        _evaluation(results),
        _MAKE.format(timings=spent),
        _sources(counts),
        f"## Languages\n\nPairs with English, sentences and dictionary together: {languages}.\n",
    ]
    return "\n".join(part for part in parts if part)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _evaluation(results: dict[str, Any]) -> str:
    if not results:
        return "## Evaluation\n\nNot measured: no evaluation sets were given.\n"
    lines = ["## Evaluation", "", "| set | measure | value |", "|---|---|---|"]
    lines += [f"| {name} | {measure} | {value:.3f} |" for name, measure, value in summary(results)]
    if "belebele_en_de" in results:
        cells = results["belebele_en_de"]
        shares = ", ".join(f"{language} {share:.2f}" for language, share in cells["own share"].items())
        detail = ", ".join(f"{key} {value['ndcg@10']:.3f}" for key, value in cells.items() if ">" in key)
        lines += ["", f"belebele_en_de: questions, 488 passages per language; nDCG@10 by direction: {detail}."]
        lines += [f"First hits in the question's own language, both languages in one pool (fair: 0.50): {shares}."]
    if "ntrex" in results:
        by_language = {key.split(">")[0]: value for key, value in results["ntrex"].items() if ">" in key}
        detail = ", ".join(f"{key} {value['accuracy@1']:.2f}" for key, value in sorted(by_language.items()))
        lines += ["", "ntrex: news sentences, each to find its English original among 666; accuracy@1:", f"{detail}."]
    return "\n".join([*lines, ""])


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
