"""Wikitext: the sentences of a page, its headings as lines of their own; templates, tables and files are dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from ....retrieval.errors import MissingExtraError
from ..content import Content, UnreadableError
from ..encoding import decode
from ..limits import Limits

# fmt: off
_DROPPED = frozenset((
    "ref", "references", "gallery", "math", "chem", "ce", "timeline", "score", "imagemap", "templatedata", "mapframe",
    "maplink", "graph", "hiero", "table", "style", "script", "indicator", "categorytree", "inputbox", "templatestyles",
    "section", "syntaxhighlight", "source", "rp", "rt", "includeonly",
))
# fmt: on
_SHOWN = {"nowrap": 1, "nobr": 1, "lang": 2, "formatnum": 0}
"""Templates that most wikis have and whose text belongs to the sentence: which of their arguments is shown."""
_LISTS = {"li": "- ", "dd": "", "dt": ""}
_HIDDEN = ("file", "image", "media", "category")
_INTERLANGUAGE = re.compile(r"(?:[a-z]{2,3}|simple|be-tarask|zh-[a-z-]+|[a-z]{3}-[a-z]+):[^:]")
_MAGIC_WORD = re.compile(r"__[^\W\d_]{3,}__")
_VARIANT = re.compile(r"-\{(?:[^{}|]*\|)?([^{}]*)\}-")
_EMPTY_BRACKETS = re.compile(r" ?[(（][\s;,:，；、]*[)）]")
_BRACKET_BEGINS = re.compile(r"([(（])[ ;,，；、]+")
_BRACKET_ENDS = re.compile(r"[ ;,，；、]+([)）])")
_BULLETS = re.compile(r"^(?:- )+", re.MULTILINE)
_BLANKS = re.compile(r"[ \t]+")
_BREAKS = re.compile(r"\n{3,}")


def read(file: BinaryIO, limits: Limits) -> Content:
    """The text. Namespaces of files and categories have their English names here, or are taken for links."""
    source = decode(file.read(limits.max_file_bytes)).text
    try:
        import mwparserfromhell
    except ImportError:
        raise UnreadableError(str(MissingExtraError("mwparserfromhell", "dumps"))) from None
    return Content(text=_tidy("".join(_parts(mwparserfromhell.parse(source)))))


def _parts(code: Any) -> Iterator[str]:
    if code is None:
        return
    for node in code.nodes:
        show = _NODES.get(type(node).__name__)
        if show is not None:
            yield from show(node)


def _plain(node: Any) -> Iterator[str]:
    yield str(node.value)


def _heading(node: Any) -> Iterator[str]:
    title = " ".join("".join(_parts(node.title)).split())
    yield f"\n\n{'#' * node.level} {title}\n\n" if title else "\n\n"


def _link(node: Any) -> Iterator[str]:
    title = str(node.title).strip()
    space, colon, _ = title.partition(":")
    if colon and space.strip().lower() in _HIDDEN:
        return
    if node.text is None:
        if not _INTERLANGUAGE.match(title):  # which is a link to this page in another language
            yield title.removeprefix(":")
    else:
        yield from _parts(node.text)


def _external(node: Any) -> Iterator[str]:
    if node.title is not None:
        yield from _parts(node.title)
    elif not node.brackets:
        yield str(node.url)


def _entity(node: Any) -> Iterator[str]:
    try:
        yield node.normalize()
    except ValueError:  # a number that is no character
        return


def _template(node: Any) -> Iterator[str]:
    name, _, value = str(node.name).strip().partition(":")
    place = _SHOWN.get(name.lower())
    if place == 0:
        yield value
    elif place is not None and node.has(str(place), ignore_empty=True):
        yield from _parts(node.get(str(place)).value)


def _tag(node: Any) -> Iterator[str]:
    tag = str(node.tag).strip().lower()
    if tag in _DROPPED:
        return
    if tag == "br":
        yield "\n"
    elif tag in _LISTS and node.wiki_markup:
        yield _LISTS[tag]
    elif tag == "nowiki":
        yield str(node.contents or "")
    else:
        block = tag in ("div", "p", "blockquote", "center", "poem", "pre")
        yield from ("\n\n",) if block else ()
        yield from _parts(node.contents)
        yield from ("\n\n",) if block else ()


_NODES: dict[str, Callable[[Any], Iterator[str]]] = {
    "Text": _plain,
    "Heading": _heading,
    "Wikilink": _link,
    "ExternalLink": _external,
    "HTMLEntity": _entity,
    "Template": _template,
    "Tag": _tag,
}


def _variant(match: re.Match[str]) -> str:
    """Of what is written for several scripts, the first: `-{zh-hans:计算机; zh-hant:電腦}-`."""
    first = match[1].partition(";")[0]
    return first.partition(":")[2].strip() if re.match(r"\s*[a-z-]{2,12}:", first) else match[1]


def _tidy(text: str) -> str:
    text = _VARIANT.sub(_variant, _MAGIC_WORD.sub("", text)).replace("\xa0", " ")
    text = _BRACKET_ENDS.sub(r"\1", _BRACKET_BEGINS.sub(r"\1", _EMPTY_BRACKETS.sub("", text)))
    lines = (_BLANKS.sub(" ", line).strip() for line in _BULLETS.sub("- ", text).split("\n"))
    return _BREAKS.sub("\n\n", "\n".join(line for line in lines if line != "-")).strip()
