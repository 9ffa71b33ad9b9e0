"""Which data a page is read with: by its own bad text, what the user says, the other pages, or what tesseract sees."""

from __future__ import annotations

from dataclasses import dataclass

from ....retrieval.text.language import detect
from ....retrieval.text.scripts import dominant_script
from ..formats.pdf_gates import NO_TEXT, UNMAPPED, has_text
from .languages import (
    ORIENTATION,
    code_of,
    data_for_languages,
    data_for_script,
    how_to_get,
    in_script,
    script_named,
)
from .options import Ocr
from .tesseract import Tesseract

SAY = "say its languages (ocr_languages)"
_SURE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Names of tesseract's data, perhaps none; `fix` says what would be better.

    `guessed`: only the script is sure, or not even that.
    """

    data: tuple[str, ...] = ()
    fix: str | None = None
    guessed: bool = False


def for_page(text: str, fault: str | None, language: str | None, options: Ocr, tesseract: Tesseract) -> Choice:
    """For a page with this bad text, or none; `language` is that of the document's other pages, None without any."""
    script = _script(text, fault)
    # What the user says goes before what the other pages are in: a scan often has a cover page in another language.
    likely = [*options.languages, *([language] if language and code_of(language) else [])]
    if script is not None:
        written = [tag for tag in likely if in_script(tag, script)]
        if not written and (found := detect(text)).confidence >= _SURE and in_script(found.tag, script):
            written = [found.tag]
        data, fix = data_for_languages(written, tesseract)
        if data or (written and not fix):
            return Choice(data=data, fix=fix)
        data, missing = data_for_script(script, tesseract)
        return Choice(data=data, fix=fix or missing, guessed=True)
    if likely:
        data, fix = data_for_languages(likely, tesseract)
        return Choice(data=data, fix=fix)
    if ORIENTATION in tesseract.data:
        return Choice(guessed=True)
    return Choice(fix=f"{SAY}, or {how_to_get(ORIENTATION)}")


def for_turned(choice: Choice, script: str, tesseract: Tesseract) -> Choice:
    """For a page that tesseract sees to be in `script` (its own word), after `choice` has not done."""
    code = script_named(script)
    if code is None or (choice.data and code == "Latn"):  # Latin is what it says of anything
        return choice
    data, fix = data_for_script(code, tesseract)
    return choice if set(choice.data) & set(data) else Choice(data=data, fix=fix, guessed=True)


def for_text(text: str, choice: Choice, tesseract: Tesseract) -> Choice:
    """For a page on which only the script was sure, by the text that was read with that."""
    found = detect(text)
    code = code_of(found.tag)
    if found.confidence < _SURE or code is None or choice.data == (code,):
        return Choice(data=choice.data)
    data, fix = data_for_languages([found.tag], tesseract)
    return Choice(data=data or choice.data, fix=fix)


def _script(text: str, fault: str | None) -> str | None:
    """The script that a bad text is in, None where it need not be that of the page."""
    script = dominant_script(text)
    # Of glyphs that are not mapped back to characters, what is Latin is as likely nonsense.
    # A line stamped on a scan says nothing of it.
    if not has_text(text) or fault == NO_TEXT or (fault == UNMAPPED and script == "Latn"):
        return None
    return script
