"""Language tags: what is stored, and what people type for it.

Stored tags are BCP-47 and short: the ISO 639-1 code where there is one, a script only where it is not the language's
usual one (`sr` is Cyrillic, `sr-Latn` is not), except Chinese, which always says `zh-Hans` or `zh-Hant`.
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from ..errors import FilterError
from ..types import UNDETERMINED
from .languages import LANGUAGES
from .scripts import SCRIPTS

_SUBTAG = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_DEFAULT_SCRIPT = {tag: row.scripts[0] for tag, row in LANGUAGES.items()}
# A macrolanguage stands for its members; the text of `no` may be tagged nb, and that of `sh` bs, hr or sr.
_MEMBERS = {"no": ("nb", "nn"), "sh": ("bs", "hr", "sr"), "zh": ("yue",), "ku": ("ckb",)}
_REGION_SCRIPT = {"TW": "Hant", "HK": "Hant", "MO": "Hant", "CN": "Hans", "SG": "Hans", "MY": "Hans"}


def _aliases() -> dict[str, str]:
    aliases = {UNDETERMINED: UNDETERMINED}
    for tag, row in LANGUAGES.items():
        aliases[tag] = tag
        aliases.update(dict.fromkeys(row.codes, tag))
        aliases.update({name.casefold(): tag for name in row.names})
    aliases.update({"simplified chinese": "zh-Hans", "traditional chinese": "zh-Hant", "unknown": UNDETERMINED})
    return aliases


_ALIASES = _aliases()
_NAMES = [alias for alias in _ALIASES if len(alias) > 3]
# Of ISO 639-1 these have no row.
_TWO_LETTERS = frozenset(("ae", "cu", "ho", "kj", "ng", "pi"))
_THREE_LETTERS = re.compile("[a-z]{3}")


def known_tag(code: str) -> str | None:
    """The tag of a bare language code or English name, None when it is not known."""
    return _ALIASES.get(code.casefold())


def base_language(tag: str) -> str:
    """The language of a tag without script or region: `zh-Hant` gives `zh`."""
    return tag.partition("-")[0]


def script_of(tag: str) -> str | None:
    """ISO 15924 code of the script that a stored tag is written in (`ar` gives `Arab`); None when it is not known."""
    named = next((part for part in tag.split("-")[1:] if len(part) == 4), None)
    return named or _DEFAULT_SCRIPT.get(base_language(tag))


@lru_cache(maxsize=4096)
def canonical_tag(code: str) -> str:
    """The tag for what a user typed: BCP-47, ISO 639-1, -2 or -3, or an English name (`deu`, `German` give `de`).

    Regions are dropped (`en-US` gives `en`) except where they mean a script (`zh-TW` gives `zh-Hant`). A script stays
    where the language has several (`sr-Cyrl`, `sr-Latn`). A lower-case code without a row here stays as it is (`tlh`),
    since a source may declare it, unless it looks like the beginning or a misspelling of a name (`jap`). Raises
    FilterError, with close suggestions.
    """
    typed = code.strip().replace("_", "-")
    known = known_tag(typed)
    if known is not None:
        return known
    first, *rest = typed.split("-")
    tag = known_tag(first) if _SUBTAG.fullmatch(typed) else None
    if tag is not None and rest:
        return _with_subtags(code, tag, rest)
    if tag is None and _SUBTAG.fullmatch(typed) and _is_foreign(first):
        return first
    raise FilterError(_unknown(code))


def _is_foreign(code: str) -> bool:
    """Whether `code` is that of a language without a row here, as far as can be told without the 8,000 of ISO 639-3."""
    if code in _TWO_LETTERS:
        return True
    if not _THREE_LETTERS.fullmatch(code) or any(name.startswith(code) for name in _NAMES):
        return False
    return not difflib.get_close_matches(code, _NAMES, n=1, cutoff=0.6)


def _with_subtags(code: str, tag: str, subtags: list[str]) -> str:
    script = next((part.title() for part in subtags if len(part) == 4 and part.isalpha()), None)
    if script is None:
        region = next((part.upper() for part in subtags if len(part) == 2), "")
        script = _REGION_SCRIPT.get(region) if tag in ("zh", "yue") else None
    if script is None:
        return tag
    if tag == UNDETERMINED:
        if script in SCRIPTS:
            return f"{UNDETERMINED}-{script}"
        raise FilterError(f"Unknown script {script!r} in the language {code!r}. Use an ISO 15924 code such as Latn.")
    scripts = LANGUAGES[tag].scripts
    if script not in scripts:
        usual = ", ".join(_tag(tag, name) for name in scripts)
        raise FilterError(f"{code!r}: {LANGUAGES[tag].names[0]} is not expected in script {script}. Use {usual}.")
    return f"{tag}-{script}" if len(scripts) > 1 else tag


def _unknown(code: str) -> str:
    close = difflib.get_close_matches(code.strip().casefold(), list(_ALIASES), n=3, cutoff=0.6)
    hints = list(dict.fromkeys(f"{_ALIASES[name]} ({language_name(_ALIASES[name])})" for name in close))
    advice = f"Did you mean {' or '.join(hints)}?" if hints else "Use a tag such as de, zh-Hant, or a name: German."
    return f"Unknown language {code!r}. {advice}"


def language_name(tag: str) -> str:
    """The English name of a stored tag: `German`; the tag itself where none is known."""
    if tag == UNDETERMINED:
        return "undetermined"
    row = LANGUAGES.get(base_language(tag))
    return tag if row is None else row.names[0]


def _tag(language: str, script: str) -> str:
    return language if script == _DEFAULT_SCRIPT[language] and language != "zh" else f"{language}-{script}"


def stored_tag(language: str, script: str | None) -> str:
    """The tag to store for a text of `language` (a base tag) in `script` (ISO 15924 or None when not known).

    A script that the language is not written in is ignored (a German text with one Greek line stays `de`).
    """
    if language not in LANGUAGES or script not in LANGUAGES[language].scripts:
        return language
    return _tag(language, script)


def language_and_variants(wanted: str) -> tuple[str, ...]:
    """All stored tags that a filter for `wanted` (as `canonical_tag` gives it) must accept, `wanted` first.

    `zh` covers `zh-Hans` and `zh-Hant`, `no` covers `nb` and `nn`, `und` every undetermined tag; `zh-Hans` only itself.
    """
    base = base_language(wanted)
    if base == UNDETERMINED:
        return (
            (wanted,)
            if wanted != UNDETERMINED
            else (UNDETERMINED, *(f"{UNDETERMINED}-{script}" for script in SCRIPTS[1:]))
        )
    if base not in LANGUAGES:
        return (wanted,)
    if wanted != base:
        script = wanted.partition("-")[2]
        return tuple(dict.fromkeys((wanted, _tag(base, script))))
    tags = [wanted]
    for language in (base, *_MEMBERS.get(base, ())):
        tags += (_tag(language, script) for script in LANGUAGES[language].scripts)
    return tuple(dict.fromkeys(tags))


def matches(tag: str, wanted: str) -> bool:
    """Whether a text tagged `tag` is in `wanted`: `zh-Hans` is in `zh`, but `zh` is not in `zh-Hans`."""
    return tag in language_and_variants(wanted) or tag.startswith(f"{wanted}-")
