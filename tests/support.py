"""Values and small parts that many tests use."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from interlingua.retrieval.protocols import Embedder, Tokenizer
from interlingua.retrieval.types import Matrix
from numpy.typing import NDArray

SENTENCES = {
    "en": "All human beings are born free and equal in dignity and rights.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "ru": "Все люди рождаются свободными и равными в своём достоинстве и правах.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "ar": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق.",
    "he": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "fa": "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند.",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतंत्रता और समानता प्राप्त है।",
    "bn": "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে।",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "zh-Hans": "人人生而自由，在尊严和权利上一律平等。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "ka": "ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.",
}
"""One sentence (article 1 of the Universal Declaration of Human Rights) per language."""


class NgramEmbedder:
    """Counts hashed runs of three characters: equal texts have score 1, texts that share words a high one.

    For tests of everything but the quality of a search: it is made at once and embeds a megabyte in half a second.
    Other processes reach it as `support:NgramEmbedder`, with this folder in PYTHONPATH.
    """

    model, dim, fingerprint, max_tokens = "ngrams", 256, "0" * 32, 256

    @property
    def tokenizer(self) -> Tokenizer:
        return Words()

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Matrix:
        rows = [np.bincount(_hashes(text) % self.dim, minlength=self.dim) for text in texts]
        counts = np.array(rows, np.float32).reshape(len(texts), self.dim)
        vectors: Matrix = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return vectors


def _hashes(text: str) -> NDArray[np.uint64]:
    """A number for each run of three characters of a text with a blank before and two behind it."""
    points = np.frombuffer(f" {text.casefold()}  ".encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    runs = points[:-2] << 42 | points[1:-1] << 21 | points[2:]
    return runs * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)


class Words:
    """A tokenizer: up to five letters or digits are a token, and so is any other character but a blank."""

    def token_starts(self, text: str) -> NDArray[np.int64]:
        return np.array([match.start() for match in re.finditer(r"\w{1,5}|[^\w\s]", text)], np.int64)


class CountingEmbedder:
    """An embedder that notes every text that reaches it."""

    def __init__(self, inner: Embedder) -> None:
        self.inner = inner
        self.passages: list[str] = []
        self.queries: list[str] = []
        self.model, self.dim, self.fingerprint = inner.model, inner.dim, inner.fingerprint
        self.max_tokens = inner.max_tokens
        self.tokenizer: Tokenizer | None = inner.tokenizer

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        self.queries += texts
        return self.inner.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        self.passages += texts
        return self.inner.embed_passages(texts)


class ShortNgrams(NgramEmbedder):
    """Another model: fewer numbers, other vectors. Other processes reach it as `support:ShortNgrams`."""

    model, dim, fingerprint = "short-ngrams", 64, "1" * 32
