"""Markdown: the text as it is, without its front matter."""

from __future__ import annotations

import re
import tomllib
from typing import Any, BinaryIO

from ..content import Content, as_title
from ..encoding import Decoded
from ..limits import Limits
from ..values import as_language, as_value
from .text import read_decoded

_FENCE = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"\w[\w .-]*")
# What may stand behind a heading is cut off in Python: as part of the pattern it takes time by the length cubed.
_ATX = re.compile(r"^ {0,3}#{1,6}[ \t]+([^\n]+)$", re.MULTILINE)
_SETEXT = re.compile(r"^(?![#>\-*+ \t])(.+)\n(?:=+|-{2,})[ \t]*$", re.MULTILINE)
_MAX_FRONT_MATTER = 100_000
_CLOSING = " \t#"


def read(file: BinaryIO, limits: Limits) -> Content:
    """The text, headings included; title and language from the front matter, else the first heading as title."""
    return content(read_decoded(file, limits))


def content(decoded: Decoded) -> Content:
    """Split front matter off a decoded Markdown text."""
    text, front = decoded.text.removeprefix("\ufeff"), {}
    match = _FENCE.match(text) if text.startswith(("---", "+++")) else None
    if match and len(match[2]) < _MAX_FRONT_MATTER:
        parsed = _toml(match[2]) if match[1] == "+++" else _simple_yaml(match[2])
        if parsed is not None:
            text, front = text[match.end() :].lstrip("\n"), parsed
    title = as_title(front.pop("title", None)) or _heading(text)
    language = next((tag for key in ("language", "lang") if (tag := as_language(front.get(key)))), None)
    metadata = {key: as_value(value) for key, value in front.items() if key not in ("language", "lang")}
    return Content(text=text, title=title, language=language, metadata={**metadata, **decoded.metadata})


def _heading(text: str) -> str | None:
    found = [match for match in (_first_atx(text), _SETEXT.search(text)) if match]
    return as_title(min(found, key=lambda match: match.start())[1].rstrip(_CLOSING)) if found else None


def _first_atx(text: str) -> re.Match[str] | None:
    return next((match for match in _ATX.finditer(text) if match[1].strip(_CLOSING)), None)


def _toml(block: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(block)
    except tomllib.TOMLDecodeError:
        return None


def _simple_yaml(block: str) -> dict[str, Any] | None:
    """`key: value` lines, `[a, b]` and `- item` lists; deeper YAML is passed over. None when it is not YAML at all."""
    values: dict[str, Any] = {}
    key = None
    for line in block.splitlines():
        name, colon, value = line.partition(":")
        if colon and _KEY.fullmatch(name := name.rstrip()) and (not value or value[0].isspace()):
            key = name
            values[key] = _yaml_value(value)
        elif not line.strip() or line.lstrip().startswith("#"):
            continue
        elif line.lstrip().startswith("- ") and key is not None:
            if not isinstance(values[key], list):
                values[key] = []
            values[key].append(_yaml_value(line.lstrip()[2:]))
        elif key is None or not line.startswith((" ", "\t")):
            return None  # a text between two thematic breaks
    return {name: value for name, value in values.items() if value not in ("", [])} if values else None


def _yaml_value(text: str) -> Any:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if text.startswith("[") and text.endswith("]"):
        return [_yaml_value(item) for item in text[1:-1].split(",") if item.strip()]
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return "" if text in ("|", ">", "~", "null") else text
