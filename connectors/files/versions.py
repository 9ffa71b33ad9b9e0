"""Files whose names say which language they are in: `guide.de.md`, `de/guide.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...retrieval.errors import FilterError
from ...retrieval.text.codes import canonical_tag
from ...retrieval.text.languages import LANGUAGES

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<script>[A-Za-z]{4}))?(?:[-_](?P<region>[A-Z]{2}|[a-z]{2}|\d{3}))?"
)
_WORDS = frozenset(("ext", "io", "mai", "min", "os"))
"""Codes that are nearly always something else in a path: `app.min.js`, `io/`, a folder for May."""
# Of ISO 3166, and of UN M.49 those that locales are named after.
_COUNTRIES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW 001 002 009 019 142 150 419
"""
# In small letters, any two words are of this form: `to-do`, `my-pc`, `as-is`.
_LOCALES = """
af-za am-et ar-ae ar-eg ar-ma ar-sa az-az be-by bg-bg bn-bd bn-in bs-ba ca-es cs-cz cy-gb da-dk de-at de-ch de-de
el-gr en-au en-ca en-gb en-hk en-ie en-in en-my en-nz en-ph en-sg en-us en-za es-ar es-cl es-co es-es es-mx es-pe
es-us et-ee eu-es fa-ir fi-fi fil-ph fr-be fr-ca fr-ch fr-fr ga-ie gl-es gu-in he-il hi-in hr-hr hu-hu hy-am id-id
is-is it-ch it-it ja-jp ka-ge kk-kz km-kh kn-in ko-kr lb-lu lo-la lt-lt lv-lv mk-mk ml-in mn-mn mr-in ms-my mt-mt
my-mm nb-no ne-np nl-be nl-nl nn-no pa-in pl-pl pt-br pt-pt ro-ro ru-ru si-lk sk-sk sl-si sq-al sr-rs sv-se sw-ke
ta-in ta-lk te-in th-th tr-tr uk-ua ur-pk uz-uz vi-vn zh-cn zh-hk zh-mo zh-sg zh-tw zu-za
"""
_REGIONS = frozenset(_COUNTRIES.split())
_SMALL = frozenset(_LOCALES.split())


@dataclass(frozen=True, slots=True)
class Named:
    """What a path says: the language (as it is stored), and the path that the original without one would have."""

    language: str
    original: str


def named(path: str) -> Named | None:
    """What the path of a file, with `/`, says of its language; None where it says nothing, or is ambiguous.

    A tag stands before the extension (`guide.pt_BR.md`) or is a folder of its own (`docs/pt-BR/guide.md`). It is BCP-47
    in its usual form: a language known here by that very code, in small letters, then a script, then a region: a
    country in capitals, or as a whole a well-known locale (`pt-br`). That of the name counts before those of folders,
    unless a folder says the same; of several folders none counts.
    """
    *folders, name = path.split("/")
    said = [(place, tag) for place, folder in enumerate(folders) if (tag := language_tag(folder)) is not None]
    stem, dot, extension = name.rpartition(".")
    first, inner, code = stem.rpartition(".")
    own = language_tag(code) if inner and first else None
    if own is not None:
        name = f"{first}{dot}{extension}"
        said = [(place, tag) for place, tag in said if tag == own]
    if len(said) == 1:
        del folders[said[0][0]]
    elif own is None:
        return None
    return Named(language=own or said[0][1], original="/".join((*folders, name)))


def language_tag(part: str) -> str | None:
    """The tag, as it is stored, that a part of a path is; None for any other word."""
    match = _TAG.fullmatch(part)
    if match is None or match["language"] not in LANGUAGES or part in _WORDS or not _is_region(match):
        return None
    try:
        return canonical_tag(part)
    except FilterError:  # `en-docs`: no script that the language is written in
        return None


def _is_region(match: re.Match[str]) -> bool:
    """Whether what stands in the place of a region is one; nothing else there says that the word before is a tag."""
    region = match["region"]
    if region is None or region in _REGIONS:
        return True
    if match["script"] is not None:  # `sr-latn-rs`
        return region.upper() in _REGIONS
    return f"{match['language']}-{region}" in _SMALL
