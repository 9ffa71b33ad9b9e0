"""Step 2: learn the pieces with SentencePiece and write them as one `tokenizer.json`.

All normalisation (NFKC, lower case, white space) lives in `tokenizer.json`, and the text that SentencePiece learns
from goes through that same code, so nothing else has to agree with it at run time.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path

import sentencepiece as spm
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from .pairs import load

PIECES = 64_000
PER_LANGUAGE = 12_000  # lines a language may contribute, so that large ones do not own the vocabulary
ENGLISH = 40_000
SEED = 1


def normalizer() -> normalizers.Normalizer:
    """NFKC and lower case; white space is the pre-tokenizer's."""
    return normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])


def sample(work: Path) -> list[str]:
    """A balanced sample of lines, normalised, white space collapsed, in a fixed order."""
    by_language: dict[str, set[str]] = defaultdict(set)
    for pair in load(work):
        by_language[pair.language].add(pair.text)
        if not pair.dictionary:
            by_language["en"].add(pair.english)
    norm = normalizer()
    rng = random.Random(SEED)
    lines = []
    for language in sorted(by_language):
        texts = sorted(by_language[language])
        rng.shuffle(texts)
        lines += texts[: ENGLISH if language == "en" else PER_LANGUAGE]
    return [" ".join(norm.normalize_str(line).split()) for line in lines]


def learn(work: Path) -> None:
    """Write `pieces.model` (SentencePiece unigram) and `tokenizer.json` to `work`."""
    text = work / "pieces.txt"
    lines = sample(work)
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"learning {PIECES:,} pieces from {len(lines):,} lines")
    spm.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(work / "pieces"), vocab_size=PIECES, model_type="unigram",
        character_coverage=0.9998, num_threads=2, normalization_rule_name="identity", max_sentence_length=2000,
        unk_id=0, bos_id=-1, eos_id=-1, pad_id=-1, minloglevel=1,
    )  # fmt: skip
    convert(work / "pieces.model", work / "tokenizer.json")
    check(work, lines[:: max(1, len(lines) // 20_000)])


def convert(model: Path, out: Path) -> None:
    """Write the SentencePiece model as a compact `tokenizer.json` that yields the same ids.

    Pieces never cross white space, so cutting there first changes no id; it is what makes the word cache of
    `tokenizers` work.
    """
    pieces = spm.SentencePieceProcessor(model_file=str(model))
    # The file has one number fewer than 17 digits per piece: floats of 32 bits, written short.
    vocabulary = [(pieces.id_to_piece(i), float(f"{pieces.get_score(i):.7g}")) for i in range(pieces.get_piece_size())]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    out.write_text(compact, encoding="utf-8")


def check(work: Path, lines: list[str]) -> None:
    """Compare the ids of both tokenizers on normalised lines.

    Order is left out: two cuts of one word may score alike (once in 107,843 lines), and a sum does not see it.

    Raises:
        ValueError: they differ on a line.
    """
    ours = Tokenizer.from_file(str(work / "tokenizer.json")).encode_batch_fast(lines, add_special_tokens=False)
    theirs = spm.SentencePieceProcessor(model_file=str(work / "pieces.model")).encode(lines)
    for line, one, other in zip(lines, ours, theirs, strict=True):
        if sorted(one.ids) != sorted(other):
            raise ValueError(f"tokenizer.json and SentencePiece differ on {line!r}: {one.ids} and {other}")
    print(f"tokenizer.json gives the ids of SentencePiece on all {len(lines):,} lines compared")
