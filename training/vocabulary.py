"""Step 2: the student's pieces, written as one `tokenizer.json`.

The vocabulary is the teacher's own English word pieces, so that English keeps the cuts and the vectors that the
teacher knows, and beside them the pieces that SentencePiece (unigram) finds in the other languages. Scores are then
counted anew over both. As in the teacher's tokenizer, every punctuation mark is a word of its own.

Scripts with few texts are read in the letters of a related one (`scripts.py`). A run of a script without spaces between
words is a word of its own, and its pieces are the same at its start as within it.

All normalisation lives in `tokenizer.json`, and the text that SentencePiece learns from goes through that same code,
so nothing else has to agree with it at run time.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sentencepiece as spm
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from .pairs import load
from .scripts import normalizer
from .teacher import word_pieces

SIZE = 96_000
LEARNED = 84_000  # pieces asked of SentencePiece; the rarest make room for the teacher's
PER_LANGUAGE = 6_000  # lines a language may contribute, and
PER_LARGE = 30_000  # what one of the large languages may
ENGLISH = 250_000
ROUNDS = 3
RARE = 3  # a character seen less often than this is no piece
SEED = 1
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
UNKNOWN, CLS, SEP = 1, 2, 3
SPACE = "▁"
# Scripts without spaces between words: Thai and Lao, Burmese, Khmer, hiragana, Han.
UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u309f\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"

# The 40 languages with most web pages (W3Techs, content languages of websites), by the codes of the data.
LARGE = {
    "en", "es", "de", "ja", "fr", "pt", "ru", "it", "nl", "pl", "tr", "zh", "zh-TW", "fa", "vi", "cs", "id", "ko",
    "uk", "hu", "ar", "ro", "sv", "el", "da", "fi", "he", "sk", "th", "bg", "hr", "sr", "no", "lt", "sl", "ca", "et",
    "lv", "hi", "bn", "ms",
}  # fmt: skip


def _words() -> list[pre_tokenizers.PreTokenizer]:
    return [
        pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.Punctuation("isolated"),
        pre_tokenizers.Split(Regex(UNSPACED + "+"), "isolated"),
    ]


def tokenizer(vocabulary: list[tuple[str, float]]) -> Tokenizer:
    """A unigram tokenizer over (piece, log probability); the first four are SPECIAL."""
    made = Tokenizer(models.Unigram(vocabulary, unk_id=UNKNOWN, byte_fallback=False))
    made.normalizer = normalizer()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *_words(),
            pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always"),
            pre_tokenizers.Split(Regex(f"{SPACE}(?={UNSPACED})"), "removed"),
        ]
    )
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)]
    )
    return made


def learn(work: Path) -> None:
    """Write `tokenizer.json` to `work`."""
    others, english = _sample(work)
    learned = _sentencepiece(work, others)
    ours = _teachers()
    texts = others + english
    frequency = Counter(itertools.chain.from_iterable(line.split() for line in english))
    total = sum(frequency.values())
    scores = dict(learned)
    for piece in ours:
        count = frequency[piece.removeprefix(SPACE)] if piece.startswith(SPACE) else 1
        scores[piece] = max(scores.get(piece, -math.inf), math.log((count + 0.5) / total))
    characters = Counter(itertools.chain.from_iterable(_normalised(work)))
    letters = {letter for letter, count in characters.items() if count >= RARE and not letter.isspace()}
    for letter in letters:
        scores.setdefault(letter, math.log((characters[letter] + 0.5) / sum(characters.values())))
    starts = {SPACE + letter for letter in letters if not re.match(UNSPACED, letter)}
    for start in starts:
        scores[start] = max(scores.get(start, -math.inf), scores[start[1:]])
    keep = ours | letters | starts | {SPACE}
    for _ in range(ROUNDS):
        vocabulary = _listed(scores)
        counts = dict(zip((piece for piece, _ in vocabulary), _counts(tokenizer(vocabulary), texts), strict=True))
        room = SIZE - len(SPECIAL) - len(keep)
        alive = keep | set(sorted(scores.keys() - keep, key=lambda piece: (-counts[piece], piece))[:room])
        mass = math.log(sum(counts.values()))
        scores = {piece: math.log(max(counts[piece], 0.5)) - mass for piece in alive}
    # The file has one number fewer than 17 digits per piece: floats of 32 bits, written short.
    final = [(piece, float(f"{score:.6g}")) for piece, score in _listed(scores)]
    compact = json.dumps(json.loads(tokenizer(final).to_str()), ensure_ascii=False, separators=(",", ":"))
    (work / "tokenizer.json").write_text(compact, encoding="utf-8")
    counts_file = work / "counts.json"
    kept = json.loads(counts_file.read_text(encoding="utf-8")) | {"pieces": len(final), "teacher's pieces": len(ours)}
    counts_file.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
    print(f"{len(final):,} pieces, {len(ours):,} of them the teacher's")


def _sample(work: Path) -> tuple[list[str], list[str]]:
    """Lines of the other languages, balanced, and English lines; normalised, words and punctuation set apart."""
    pairs = load(work)
    by_language: dict[str, list[str]] = {name: [] for name in pairs.languages}
    for language, text in zip(pairs.language.tolist(), pairs.texts, strict=True):
        by_language[pairs.languages[language]].append(text)
    rng = random.Random(SEED)
    lines = []
    for name, texts in sorted(by_language.items()):
        distinct = list(dict.fromkeys(texts))
        lines += rng.sample(distinct, min(len(distinct), PER_LARGE if name in LARGE else PER_LANGUAGE))
    english = rng.sample(pairs.english, min(len(pairs.english), ENGLISH))
    return _apart(lines), _apart(english)


def _normalised(work: Path) -> Iterator[str]:
    norm = normalizer()
    pairs = load(work)
    for texts in (pairs.texts, pairs.english):
        for start in range(0, len(texts), 10_000):
            yield norm.normalize_str("\n".join(texts[start : start + 10_000]))


def _apart(texts: list[str]) -> list[str]:
    norm = normalizer()
    cut = pre_tokenizers.Sequence(_words())
    return [" ".join(word for word, _ in cut.pre_tokenize_str(norm.normalize_str(text))) for text in texts]


def _sentencepiece(work: Path, texts: list[str]) -> dict[str, float]:
    """Log probability of each piece that SentencePiece learns, without its unknown piece."""
    path = work / "pieces.txt"
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    print(f"learning {LEARNED:,} pieces from {len(texts):,} lines", flush=True)
    spm.SentencePieceTrainer.train(
        input=str(path), model_prefix=str(work / "pieces"), vocab_size=LEARNED, model_type="unigram",
        character_coverage=0.9999, num_threads=2, normalization_rule_name="identity", max_sentence_length=2000,
        hard_vocab_limit=False,
        unk_id=0, bos_id=-1, eos_id=-1, pad_id=-1, minloglevel=1,
    )  # fmt: skip
    model = spm.SentencePieceProcessor(model_file=str(work / "pieces.model"))
    learned: dict[str, float] = {}
    for i in range(1, model.get_piece_size()):
        piece = model.id_to_piece(i)
        bare = piece.removeprefix(SPACE)
        if re.match(UNSPACED, bare):
            piece = bare
        learned[piece] = max(learned.get(piece, -math.inf), model.get_score(i))
    return learned


def _teachers() -> set[str]:
    """The teacher's word pieces in our writing: `▁word` for the start of a word, `piece` for what goes on.

    Left out are its placeholders and the single letters of other scripts, which SentencePiece knows better.
    """
    kept = set()
    for piece in word_pieces():
        inner = piece.removeprefix("##")
        if inner.isascii() and inner.isalnum():
            kept.add(inner if piece.startswith("##") else SPACE + inner)
        elif len(piece) == 1 and unicodedata.category(piece)[0] in "PS":
            kept.add(SPACE + piece)
    return kept


def _listed(scores: dict[str, float]) -> list[tuple[str, float]]:
    """The special tokens, then the pieces, likeliest first."""
    return [(special, -100.0) for special in SPECIAL] + sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _counts(made: Tokenizer, texts: list[str]) -> list[int]:
    """In how many of the texts each piece stands."""
    counts = np.zeros(made.get_vocab_size(), np.int64)
    for start in range(0, len(texts), 50_000):
        for encoding in made.encode_batch_fast(texts[start : start + 50_000], add_special_tokens=False):
            counts[encoding.ids] += 1
    return counts.tolist()  # type: ignore[no-any-return]
