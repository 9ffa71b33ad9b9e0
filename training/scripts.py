"""Scripts that few texts are written in, read in the letters of a related one: what the student's tokenizer does first.

Gujarati, Gurmukhi, Oriya, Kannada, Malayalam, Tamil and Telugu are read in Devanagari, letter for letter (Unicode names
their letters alike), so that they share pieces with Hindi and with each other. Armenian, Georgian and Ethiopic have no
such relative and are read in Latin letters, by anyascii's table, so that names and loan words are pieces the teacher
knows. Digits are read as ASCII in every script.

Scripts with texts enough of their own stay as they are: Cyrillic, Greek, Arabic, Hebrew, Devanagari and Korean were
tried in Latin letters too, and what names gained there, everyday words lost, since they fall together with words of
other languages.
"""

from __future__ import annotations

import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path

import sentencepiece as spm
from anyascii import anyascii
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, normalizers

_INDIC = ("GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM")
_LATIN = ((0x0531, 0x0587), (0x10D0, 0x10FF), (0x1200, 0x137F))  # Armenian, Georgian, Ethiopic
_NAMES = {"EE": "E", "OO": "O", "TIPPI": "SIGN ANUSVARA", "SIGN BINDI": "SIGN ANUSVARA"}  # whose Devanagari differs
_CHILLU = {"NN": "ण", "N": "न", "RR": "र", "L": "ल", "LL": "ळ", "K": "क", "M": "म"}  # Malayalam, without a vowel
_VIRAMA = "\u094d"


@lru_cache
def normalizer() -> normalizers.Normalizer:
    """NFKC, lower case, and the related letters; white space is the pre-tokenizer's."""
    spelled, silent = letters()
    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(f"[{''.join(silent)}]"), ""),
            normalizers.Precompiled(_compiled(spelled)),
        ]
    )


def letters() -> tuple[dict[str, str], list[str]]:
    """What each letter, sign or digit becomes, and those that nothing is left of."""
    spelled, silent = {}, ["\u200b", "\u200c", "\u200d"]  # joiners
    for letter in map(chr, range(0x80, 0x10000)):
        if unicodedata.category(letter) == "Nd":
            spelled[letter] = str(unicodedata.digit(letter))
    for letter in map(chr, range(0x0A00, 0x0D80)):
        script, _, rest = unicodedata.name(letter, "").partition(" ")
        if script in _INDIC and letter not in spelled:
            if rest.startswith("LETTER CHILLU "):
                base = _CHILLU.get(rest.removeprefix("LETTER CHILLU "))
                if base:
                    spelled[letter] = base + _VIRAMA
            elif (related := _devanagari(rest)) is not None:
                spelled[letter] = related
            elif rest == "ADDAK":  # doubles the consonant after it
                silent.append(letter)
    for first, last in _LATIN:
        for letter in map(chr, range(first, last + 1)):
            if unicodedata.category(letter)[0] in "LM":
                latin = "".join(c for c in anyascii(letter).lower() if "a" <= c <= "z")
                if latin:
                    spelled[letter] = latin
                else:
                    silent.append(letter)
    return spelled, silent


def _devanagari(name: str) -> str | None:
    """The letter of that name, the vowels of the south without their length."""
    kind, _, last = name.rpartition(" ")
    for named in (name, _NAMES.get(name), f"{kind} {_NAMES.get(last)}"):
        try:
            return unicodedata.lookup(f"DEVANAGARI {named}")
        except KeyError:
            continue
    return None


def _compiled(spelled: dict[str, str]) -> bytes:
    """The table in SentencePiece's binary form, which `tokenizers` reads in one pass over a text."""
    with tempfile.TemporaryDirectory() as folder:
        rules, text, model = Path(folder) / "rules.tsv", Path(folder) / "text.txt", Path(folder) / "model"
        lines = (f"{ord(letter):X}\t{' '.join(f'{ord(c):X}' for c in other)}\n" for letter, other in spelled.items())
        rules.write_text("".join(lines), encoding="utf-8")
        text.write_text("a b c\n" * 10, encoding="utf-8")
        spm.SentencePieceTrainer.train(
            input=str(text), model_prefix=str(model), vocab_size=8, hard_vocab_limit=False, minloglevel=2,
            normalization_rule_tsv=str(rules),
        )  # fmt: skip
        proto = sentencepiece_model_pb2.ModelProto.FromString(model.with_suffix(".model").read_bytes())
        return proto.normalizer_spec.precompiled_charsmap  # type: ignore[no-any-return]
