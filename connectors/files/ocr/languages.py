"""Which of tesseract's data a language or a script is read with, and how to get them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from ....retrieval.errors import FilterError
from ....retrieval.text.codes import base_language, canonical_tag, script_of
from .tesseract import Tesseract

# Every language of tesseract 5 but variants of print (Fraktur, vertical lines) and of old spelling.
_CODES = (
    "afr amh ara asm aze aze_cyrl bel ben bod bos bre bul cat ceb ces chi_sim chi_tra chr cos cym dan deu div dzo ell "
    "eng epo est eus fao fas fil fin fra fry gla gle glg grc guj hat heb hin hrv hun hye iku ind isl ita jav jpn kan "
    "kat kaz khm kir kmr kor lao lat lav lit ltz mal mar mkd mlt mon mri msa mya nep nld nor oci ori pan pol por pus "
    "que ron rus san sin slk slv snd spa sqi srp srp_latn sun swa swe syr tam tat tel tgk tha tir ton tur uig ukr urd "
    "uzb uzb_cyrl vie yid yor"
)
_TAGS = {
    "aze_cyrl": "az-Cyrl", "chi_sim": "zh-Hans", "chi_tra": "zh-Hant", "fil": "tl", "kmr": "ku", "srp": "sr-Cyrl",
    "srp_latn": "sr-Latn", "uzb_cyrl": "uz-Cyrl",
}  # fmt: skip
_SAME = {"nb": "no", "nn": "no", "yue": "zh-Hant", "zh": "zh-Hans", "sr": "sr-Cyrl"}
_SCRIPTS = {
    "Arab": "Arabic", "Armn": "Armenian", "Beng": "Bengali", "Cans": "Canadian_Aboriginal", "Cher": "Cherokee",
    "Cyrl": "Cyrillic", "Deva": "Devanagari", "Ethi": "Ethiopic", "Geor": "Georgian", "Grek": "Greek",
    "Gujr": "Gujarati", "Guru": "Gurmukhi", "Hang": "Hangul", "Hans": "HanS", "Hant": "HanT", "Hani": "HanS",
    "Hebr": "Hebrew", "Hira": "Japanese", "Kana": "Japanese", "Jpan": "Japanese", "Kore": "Hangul", "Khmr": "Khmer",
    "Knda": "Kannada", "Laoo": "Lao", "Latn": "Latin", "Mlym": "Malayalam", "Mymr": "Myanmar", "Orya": "Oriya",
    "Sinh": "Sinhala", "Syrc": "Syriac", "Taml": "Tamil", "Telu": "Telugu", "Thaa": "Thaana", "Thai": "Thai",
    "Tibt": "Tibetan",
}  # fmt: skip
"""Name of the data of each script, by ISO 15924."""
_MAIN = {
    "Arab": "ara", "Beng": "ben", "Cyrl": "rus", "Deva": "hin", "Ethi": "amh", "Hani": "chi_sim", "Hans": "chi_sim",
    "Hant": "chi_tra", "Hebr": "heb", "Hira": "jpn", "Kana": "jpn", "Latn": "eng", "Tibt": "bod",
}  # fmt: skip
"""The data to read a script with whose language is not known."""
# As tesseract's detection of orientation and script says it.
_DETECTED = {name: script for script, name in reversed(_SCRIPTS.items())} | {
    "Han": "Hani",
    "Korean": "Hang",
    "Japanese": "Hira",
}

ORIENTATION = "osd"
"""Data that tell how a page is turned and which script it is in."""
_MOST = 4


@functools.cache
def _by_tag() -> dict[str, str]:
    found: dict[str, str] = {}
    for code in _CODES.split():
        try:
            found.setdefault(_TAGS.get(code) or canonical_tag(code), code)
        except FilterError:  # a language without a row of its own
            found[code] = code
    return found


def code_of(tag: str) -> str | None:
    """Name of tesseract's data of a language (`de` gives `deu`), None when there are none."""
    try:
        tag = canonical_tag(tag)
    except FilterError:
        return None
    tag = _SAME.get(tag, tag)
    return _by_tag().get(tag) or _by_tag().get(base_language(tag))


def script_named(name: str) -> str | None:
    """ISO 15924 code of a script as tesseract calls it."""
    return _DETECTED.get(name)


def data_for_languages(tags: Iterable[str], tesseract: Tesseract) -> tuple[tuple[str, ...], str | None]:
    """Names of the data to read pages in these languages with, and how to get what is missing, None when nothing is.

    Where a language's own are missing, those of its script read it as well, and are all that can be had for some.
    """
    data: list[str] = []
    fix: str | None = None
    for tag in tags:
        code = code_of(tag)
        script = _SCRIPTS.get(script_of(tag) or "")
        if code in tesseract.data:
            data.append(str(code))
        elif f"script/{script}" in tesseract.data:
            data.append(f"script/{script}")
        else:
            fix = fix or (how_to_get(code) if code else f"tesseract has no data for {tag}")
    return tuple(dict.fromkeys(data))[:_MOST], fix


def data_for_script(script: str, tesseract: Tesseract) -> tuple[tuple[str, ...], str | None]:
    """The same for a script (ISO 15924), whatever the language."""
    name = _SCRIPTS.get(script)
    if f"script/{name}" in tesseract.data:
        return (f"script/{name}",), None
    languages = [code for tag, code in _by_tag().items() if code in tesseract.data and in_script(tag, script)]
    languages.sort(key=lambda code: (code != _MAIN.get(script), code))
    if languages:
        return tuple(languages[:_MOST]), None
    main = _MAIN.get(script) or next((code for tag, code in _by_tag().items() if in_script(tag, script)), None)
    return (), how_to_get(main) if main else f"tesseract has no data for the script {script}"


def how_to_get(code: str) -> str:
    """What to do for data that are missing."""
    package = f"tesseract-ocr-{code.replace('_', '-')}"
    return f"install tesseract's data {code}.traineddata (Debian: apt-get install {package})"


def in_script(tag: str, script: str) -> bool:
    """Whether a language is written in a script (ISO 15924), of which Japanese and Chinese have several."""
    own = script_of(tag)
    east_asian: Sequence[str] = ("Hani", "Hans", "Hant", "Hira", "Kana", "Jpan")
    if script in ("Hira", "Kana"):
        return tag == "ja"
    return own == script or (script == "Hani" and own in east_asian and tag != "ja")
