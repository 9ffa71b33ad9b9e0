"""Whether there is a tesseract on this machine, and which languages it can read."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
from dataclasses import dataclass

from .options import Ocr

EXTRA = "pip install 'interlingua[ocr]'"
PROGRAM = "install tesseract (Debian: apt-get install tesseract-ocr)"
OFF = "set ocr = true"

_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tesseract:
    """The program, with the names of the data that are installed (`deu`, `script/Latin`)."""

    version: str
    data: frozenset[str]

    @property
    def key(self) -> str:
        """Equal where the same can be read."""
        return " ".join([self.version, *sorted(self.data)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """There is none; `fix` says what to do."""

    fix: str

    @property
    def key(self) -> str:
        """Equal where the same is missing."""
        return self.fix


def find(options: Ocr) -> Tesseract | Missing:
    """What pages can be read with. Runs the program, some 50 ms, where the extra is installed."""
    if not options.enabled:
        return Missing(fix=OFF)
    if importlib.util.find_spec("pytesseract") is None:
        return Missing(fix=EXTRA)
    if shutil.which("tesseract") is None:
        return Missing(fix=PROGRAM)
    try:
        version = _lines("--version")[0].removeprefix("tesseract").strip()
        return Tesseract(version=version, data=frozenset(_lines("--list-langs")[1:]))
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        return Missing(fix=f"repair tesseract, which does not run ({type(error).__name__})")


def revisions(options: Ocr, found: Tesseract | Missing) -> tuple[str, str]:
    """What is added to the revision of a document that OCR has read, and of one that it could not read.

    The first changes with the options, the second with what is installed as well: then the document is read again.
    """
    asked = json.dumps(options.key(), sort_keys=True)
    return f" ocr:{_digest(asked)}", f" needs-ocr:{_digest(asked + found.key)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _lines(option: str) -> list[str]:
    done = subprocess.run(
        ["tesseract", option], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=True
    )
    return [line.strip() for line in (done.stdout or done.stderr).splitlines() if line.strip()]
