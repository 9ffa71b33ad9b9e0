"""Every source of training text: its licence, and whether the bundled model learns from it and why.

This table is the only place that decides it. `pairs.py` refuses a source that is not listed here, and `card.py`
writes the same table into the model card.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source of sentence or dictionary pairs (English, other language).

    `weight` is how often a pair is drawn relative to a human-translated sentence; `drop_languages` are languages of a
    kept source that are left out. `note` says why a source is dropped or limited.
    """

    key: str
    title: str
    licence: str
    kept: bool
    weight: float = 1.0
    drop_languages: frozenset[str] = frozenset()
    note: str = ""


def _kept(
    key: str, title: str, licence: str, *, weight: float = 1.0, drop: frozenset[str] = frozenset(), note: str = ""
) -> Source:
    return Source(key=key, title=title, licence=licence, kept=True, weight=weight, drop_languages=drop, note=note)


def _dropped(key: str, title: str, licence: str, note: str) -> Source:
    return Source(key=key, title=title, licence=licence, kept=False, note=note)


_TATOEBA = "CC BY 2.0 FR"
_MACHINE = "machine translated: drawn less often"
_OMW = (
    "als", "arb", "bul", "cow", "dan", "ell", "fas", "fra", "heb", "hrv", "isl", "ita", "iwn", "mcr", "msa", "nld",
    "nor", "pol", "por", "slk", "slv",
)  # fmt: skip

SOURCES: tuple[Source, ...] = (
    _kept("tatoeba_anki", "Tatoeba sentences, manythings.org/anki exports", _TATOEBA),
    _kept("tatoeba_opus", "Tatoeba sentences, tatoeba-test-v2021-08-07 of Helsinki-NLP/OPUS-MT-testsets", _TATOEBA,
          note="a published test set of machine translation: never report scores on it"),
    _kept("small_enja", "odashi/small_parallel_enja (Tanaka corpus, now Tatoeba)", _TATOEBA, note="Tatoeba's licence"),
    _kept("joshua_indian", "joshua-decoder/indian-parallel-corpora (Wikipedia)", "CC BY-SA 3.0"),
    _kept("nllb_seed", "common-parallel-corpora/multitext-nllb-seed (Wikipedia)", "CC BY-SA 4.0"),
    _kept("xcopa", "cambridgeltl/xcopa", "CC BY 4.0", note="as its dataset card states"),
    _kept("opensource_guide", "github/opensource.guide", "CC BY 4.0"),
    _kept("mozilla_www", "mozilla-l10n/www-l10n", "MPL-2.0"),
    _kept("mozilla_engagement", "mozilla-l10n/engagement-l10n", "MPL-2.0"),
    _kept("bitcoin_org", "bitcoin-dot-org/bitcoin.org translations", "MIT"),
    _kept("gnome_docs", "GNOME/gnome-user-docs", "CC BY 3.0", note="older pages CC BY-SA 3.0"),
    _kept("python_docs", "python/python-docs-* translations", "PSF-2.0 and CC0-1.0", weight=0.7),
    _kept("tldr", "tldr-pages/tldr", "CC BY 4.0", weight=0.7),
    _kept("godot_editor", "godotengine/godot-editor-l10n", "MIT", weight=0.7),
    _kept("iot_beginners", "microsoft/IoT-For-Beginners", "MIT", weight=0.3, note=_MACHINE),
    _kept("ms_beginners", "microsoft/edgeai-for-beginners, AZD-for-beginners", "MIT", weight=0.3, note=_MACHINE),
    _kept("bible", "seven1m/open-bibles: Open English Bible with Latvian", "public domain",
          drop=frozenset({"zh", "zh-TW", "sw"}),
          note="as its README declares; Chinese is misaligned, the Swahili text may be a modern translation"),
    _kept("osm_presets", "openstreetmap/id-tagging-schema (places, shops)", "ISC"),
    _kept("cldr_names", "unicode-cldr/cldr-localenames-modern (countries, languages)", "Unicode-3.0"),
    _kept("omw_wikt", "Open Multilingual Wordnet: Wiktionary lemmas", "CC BY-SA 3.0"),
    _kept("omw_cldr", "Open Multilingual Wordnet: Unicode CLDR lemmas", "Unicode-3.0"),
    *(_dropped(f"omw_{name}", f"Open Multilingual Wordnet: {name}", "differs per wordnet", "licence not stated here")
      for name in _OMW),
    _dropped("tico19", "TICO-19 (health, news, Wikipedia)", "CC0-1.0", "held out: the evaluation searches it"),
    _dropped("cboard", "cboard-org/cboard", "GPL-3.0", "GPL"),
    _dropped("dtdocs", "darktable-org/dtdocs", "GPL-3.0", "GPL"),
    _dropped("git_man", "jnavila/git-manpages-l10n", "GPL-2.0", "GPL"),
    _dropped("pixel_dungeon", "00-Evan/shattered-pixel-dungeon", "GPL-3.0", "GPL"),
    _dropped("freedict", "freedict/fd-dictionaries", "mostly GPL-2.0+", "GPL"),
    _dropped("skycultures", "Stellarium/stellarium-skycultures", "CC BY-SA, CC0 or GPL", "GPL parts not marked"),
    _dropped("udhr", "eric-muller/udhr", "no licence file", "no licence file, and it is the demo corpus"),
)  # fmt: skip

BY_KEY = {source.key: source for source in SOURCES}

DICTIONARY_WEIGHT = 0.15
"""A dictionary pair counts this much of a sentence of the same source."""
