"""Passwords and tokens that a source was given, kept out of what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from ..retrieval.errors import SourceError
from ..retrieval.protocols import Connector
from ..retrieval.types import Checkpoint, Document, Pending, Skip
from .wrapped import Item, wrapped

SHORTEST = 4
"""Characters: a shorter value would be found in ordinary words."""
SHORTEST_IN_NAMES = 8
"""The same for ids and addresses, in which a shorter one of a query may be a year or a language."""

Conceal = Callable[[str], str]


def concealing(connector: Connector, secrets: Mapping[str, str]) -> Connector:
    """`connector` with the names of `secrets` (value to name) in the place of their values.

    In skips and errors that is whatever was given. In what is stored and shown beside its passages (the name of the
    source, ids, addresses and metadata) it is the password and the query of a URL alone, since a folder or an address
    that was given is what they are made of.
    """
    everything = concealer(secrets)
    parts = {part: name for value, name in secrets.items() for part in _of_url(value) if len(part) >= SHORTEST_IN_NAMES}
    within = concealer(parts)
    return wrapped(connector, partial(_items, everything, within), name=within)


def concealer(secrets: Mapping[str, str]) -> Conceal:
    """What puts the names of `secrets` in their place, and those of the passwords and queries of URLs among them.

    A value is also found as an address, JSON or Python would spell it.
    """
    names: dict[str, str] = {}
    for value, name in secrets.items():
        for text in (value, *_of_url(value)):
            for spelling in _spellings(text):
                if len(spelling) >= SHORTEST:
                    names.setdefault(spelling, name)
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
    return partial(pattern.sub, lambda match: names[match[0]])


@contextmanager
def concealed(conceal: Conceal) -> Iterator[None]:
    """Conceal secrets in the messages of an exception that leaves the block, and of what it was caused by.

    One that goes on saying them becomes a SourceError that does not.
    """
    try:
        yield
    except Exception as error:
        _silence(error, conceal, set())
        said = str(error)
        if (better := conceal(said)) != said:
            raise SourceError(f"{type(error).__name__}: {better}") from None
        raise


def _silence(error: BaseException | None, conceal: Conceal, seen: set[int]) -> None:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    error.args = tuple(conceal(one) if isinstance(one, str) else one for one in error.args)
    if notes := getattr(error, "__notes__", None):
        notes[:] = map(conceal, notes)
    parts: Iterable[BaseException] = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (error.__cause__, error.__context__, *parts):
        _silence(other, conceal, seen)


def _items(everything: Conceal, within: Conceal, items: Iterator[Item]) -> Iterator[Item]:
    with concealed(everything):
        for item in items:
            if isinstance(item, Pending):
                yield replace(item, id=within(item.id), read=partial(_read, everything, within, item.read))
            elif isinstance(item, Document | Skip):
                yield _found(everything, within, item)
            else:
                yield item if isinstance(item, Checkpoint) else replace(item, id=within(item.id))


def _read(everything: Conceal, within: Conceal, read: Callable[[], Document | Skip]) -> Document | Skip:
    with concealed(everything):
        return _found(everything, within, read())


def _found(everything: Conceal, within: Conceal, found: Document | Skip) -> Document | Skip:
    if isinstance(found, Skip):
        return replace(found, id=within(found.id), reason=everything(found.reason))
    metadata = {key: _value(value, within) for key, value in found.metadata.items()}
    return replace(found, id=within(found.id), url=found.url and within(found.url), metadata=metadata)


def _value(value: Any, within: Conceal) -> Any:
    if isinstance(value, str):
        return within(value)
    return [_value(one, within) for one in value] if isinstance(value, list) else value


def _spellings(text: str) -> Iterator[str]:
    yield text
    for encoded in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    for escaped in (json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text)):
        yield escaped[1:-1]


def _of_url(value: str) -> set[str]:
    """The password of a URL and what stands in its query, as they are and decoded."""
    try:
        parts = urlsplit(value)
        password = parts.password if parts.scheme and parts.netloc else None
    except ValueError:  # no URL
        return set()
    if not parts.scheme or not parts.netloc:
        return set()
    found = {text for _, text in parse_qsl(parts.query)} | {password or "", unquote(password or "")}
    return {text for text in found if len(text) >= SHORTEST}
