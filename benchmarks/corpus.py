"""Text to measure with, made from the demo corpus that the repository ships."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import interlingua
from interlingua.retrieval.text.chunking import chunk_spans

DEMO = Path(interlingua.__file__).parent / "examples" / "demo"


@cache
def sentences() -> tuple[str, ...]:
    """Short texts (20 to 160 characters) in 49 languages, in an order that mixes them."""
    manifest = json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))
    by_document = []
    for entry in manifest:
        text = (DEMO / entry["path"]).read_text(encoding="utf-8")
        spans = chunk_spans(text, max_tokens=40, tokenizer=None)
        by_document.append([s for a, b in spans if 20 <= len(s := " ".join(text[a:b].split())) <= 160])
    longest = max(map(len, by_document))
    mixed = (texts[place] for place in range(longest) for texts in by_document if place < len(texts))
    return tuple(dict.fromkeys(mixed))


def short_texts(count: int) -> list[str]:
    """`count` different short texts; beyond what the corpus has, numbered repetitions."""
    base = sentences()
    return [base[n % len(base)] + (f" ({n // len(base)})" if n >= len(base) else "") for n in range(count)]


def queries() -> list[str]:
    """The demo's queries."""
    lines = (DEMO / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]
