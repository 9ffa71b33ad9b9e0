"""EPUB: chapters in the order of the spine."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any, BinaryIO
from urllib.parse import unquote

from ..content import Content, UnreadableError, as_title, check_length
from ..limits import Limits
from .html import page
from .xml import local, parse

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"


def read(file: BinaryIO, limits: Limits) -> Content:
    """The chapters separated by empty lines; title and authors from the package file."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        package_name = _package_name(archive, names)
        package = parse(archive.read(package_name))
        chapters = [name for name in _spine(package, posixpath.dirname(package_name)) if name in names]
        if not chapters:
            raise UnreadableError("damaged EPUB: no chapter in it")
        if _ENCRYPTION in names and _encrypted(parse(archive.read(_ENCRYPTION))) & set(chapters):
            raise UnreadableError("encrypted (DRM): cannot be read")
        texts: list[str] = []
        length = 0
        for name in chapters:
            texts.append(page(archive.read(name), limits).text)
            length += len(texts[-1])
            check_length(length, limits.max_characters)
    authors = [author for author in _facts(package, "creator") if author]
    title = next(iter(_facts(package, "title")), None)
    text = "\n\n".join(text for text in texts if text)
    return Content(text=text, title=title, metadata={"author": ", ".join(authors)} if authors else {})


def _package_name(archive: zipfile.ZipFile, names: set[str]) -> str:
    if _CONTAINER in names:
        for element in parse(archive.read(_CONTAINER)).iter():
            path = element.get("full-path") if local(element) == "rootfile" else None
            if path and path in names:
                return str(path)
    found = sorted(name for name in names if name.endswith(".opf"))
    if not found:
        raise UnreadableError("damaged EPUB: no package file (OPF)")
    return found[0]


def _spine(package: Any, folder: str) -> list[str]:
    """Names of the chapters' files; each once."""
    items: dict[str, str] = {}
    for element in package.iter():
        if local(element) == "item" and element.get("id") and element.get("href"):
            path = unquote(element.get("href").partition("#")[0])
            items[element.get("id")] = posixpath.normpath(posixpath.join(folder, path))
    order = [items.get(element.get("idref", "")) for element in package.iter() if local(element) == "itemref"]
    return list(dict.fromkeys(name for name in order if name is not None))


def _encrypted(encryption: Any) -> set[str]:
    """Files that are encrypted; fonts often are, and do not matter."""
    return {unquote(element.get("URI", "")) for element in encryption.iter() if local(element) == "CipherReference"}


def _facts(package: Any, name: str) -> list[str | None]:
    return [as_title(element.text) for element in package.iter() if local(element) == name]
