"""What the tests of migrations share."""

from __future__ import annotations

from pathlib import Path

import interlingua
from interlingua import Document
from support import SENTENCES

TESTS = Path(__file__).parent.parent

QUERIES = [SENTENCES[tag] for tag in ("de", "ja", "ar", "hi", "th")]


def documents(count: int) -> list[Document]:
    """Documents of one chunk each, in many scripts, no two alike."""
    texts = list(SENTENCES.values())
    return [Document(id=f"d{n:04}", text=f"{texts[n % len(texts)]} № {n}") for n in range(count)]


def snapshot(index: interlingua.Index) -> dict[str, object]:
    """Every chunk with its payload and its vector, by id; Qdrant's imitation changes the last bits when it searches."""
    return {
        stored.chunk.id: (stored.chunk, None if stored.vector is None else stored.vector.round(5).tolist())
        for stored in index.store.scan(vectors=True)
    }
