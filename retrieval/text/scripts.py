"""Which script a text is written in, by code point ranges and numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Letters (and the marks that make up words), by ISO 15924 code: hexadecimal ranges, ends included. Rare scripts are
# left out: their letters count as no script.
_RANGES = """
Latn 41-5A 61-7A AA BA C0-D6 D8-F6 F8-2AF 1E00-1EFF 2C60-2C7F A722-A7FF AB30-AB6F FB00-FB06 FF21-FF3A FF41-FF5A
Grek 370-373 376-37D 37F 386-3E1 3F0-3FF 1F00-1FFF
Cyrl 400-481 48A-52F 1C80-1C8F 2DE0-2DFF A640-A69F
Armn 531-556 560-588 FB13-FB17
Hebr 5B0-5F4 FB1D-FB4F
Arab 610-61A 620-64A 64F-65F 66E-6D3 6D5-6DC 6DF-6E8 6EA-6EF 6FA-6FF 750-77F 870-8FF FB50-FDFF FE70-FEFE
Syrc 710-74F
Thaa 780-7B1
Nkoo 7CA-7FA
Deva 900-963 971-97F A8E0-A8FF
Beng 980-9E3 9F0-9F1
Guru A00-A63 A70-A76
Gujr A80-AE3
Orya B00-B63 B71
Taml B80-BE3
Telu C00-C63
Knda C80-CE3
Mlym D00-D63 D7A-D7F
Sinh D80-DF4
Thai E01-E3A E40-E4E
Laoo E80-ECF EDC-EDF
Tibt F00-F0B F40-FBC
Mymr 1000-103F 1050-108F A9E0-A9FF AA60-AA7F
Geor 10A0-10FF 1C90-1CBF 2D00-2D2F
Hang 1100-11FF 3131-318E A960-A97F AC00-D7FF
Ethi 1200-1360 1380-139F 2D80-2DDF AB00-AB2F
Cher 13A0-13FF AB70-ABBF
Cans 1400-167F 18B0-18FF
Khmr 1780-17D3 17D7
Mong 1820-18AA
Hira 3041-309F 1B001-1B11F
Kana 30A1-30FA 30FC-30FF 31F0-31FF FF66-FF9D
Bopo 3105-312F
Hani 3005-3007 3021-3029 3400-4DBF 4E00-9FFF F900-FAFF 20000-323AF
Yiii A000-A48C
Olck 1C5A-1C7D
Tfng 2D30-2D7F
"""

SCRIPTS: tuple[str, ...] = ("Zyyy", *(line.split()[0] for line in _RANGES.strip().splitlines()))
"""ISO 15924 codes by index; 0 (Zyyy) is everything that is no letter of a listed script."""

UNSPACED = frozenset({"Thai", "Laoo", "Tibt", "Mymr", "Khmr", "Hira", "Kana", "Hani", "Bopo", "Yiii"})
"""Scripts written without blanks between words."""

# How much a letter says, in Latin letters: the English of one news corpus has 2.7 letters per Chinese character,
# 2.0 per Japanese one and 2.0 per Hangul syllable of its translations.
_WEIGHTS = {"Hani": 3, "Hira": 2, "Kana": 2, "Hang": 2}
WEIGHTS: NDArray[np.int64] = np.array([_WEIGHTS.get(script, 1) for script in SCRIPTS], dtype=np.int64)
"""Weight of one letter of each script, shape (len(SCRIPTS),), so that scripts of denser letters compare."""


def _table() -> NDArray[np.uint8]:
    table = np.zeros(0x32400, dtype=np.uint8)
    for index, line in enumerate(_RANGES.strip().splitlines(), start=1):
        for item in line.split()[1:]:
            first, _, last = item.partition("-")
            table[int(first, 16) : int(last or first, 16) + 1] = index
    return table


_TABLE = _table()


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of `text`, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def script_indices(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Index into SCRIPTS of each code point, same shape."""
    return _TABLE[np.minimum(points, _TABLE.size - 1)]


def script_counts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Letters of each script in each text, shape (len(texts), len(SCRIPTS)); column 0 (no letters) is zero."""
    # One pass over all texts: a numpy call per short text would take longer than the counting itself.
    width = len(SCRIPTS)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    rows = np.repeat(np.arange(len(texts), dtype=np.int64) * width, lengths)
    rows += script_indices(code_points("".join(texts)))
    counts = np.bincount(rows, minlength=width * len(texts)).reshape(len(texts), width)
    counts[:, 0] = 0
    return counts


def dominant_script(text: str) -> str:
    """ISO 15924 code of the script that says most of `text`; `Zyyy` for a text without letters."""
    return dominant_scripts(script_counts([text]))[0]


def dominant_scripts(counts: NDArray[np.int64]) -> list[str]:
    """The script that says most, per row of `script_counts`; ties go to the first in SCRIPTS."""
    return [SCRIPTS[index] for index in (counts * WEIGHTS).argmax(axis=1)]
