"""Passwords and tokens that a source was given, kept out of what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from urllib.parse import quote, unquote, urlsplit

from ..retrieval.protocols import Connector
from ..retrieval.types import Document, Pending, Skip
from .wrapped import Item, wrapped

SHORTEST = 4
"""Characters: a shorter value would be found in ordinary words."""

Conceal = Callable[[str], str]


def concealing(connector: Connector, conceal: Conceal) -> Connector:
    """`connector` whose skips and errors have gone through `conceal`."""
    return wrapped(connector, partial(_items, conceal))


def concealer(secrets: Mapping[str, str]) -> Conceal:
    """What puts the names of `secrets` (value to name) in their place, and those of the passwords of URLs among them.

    A value is also found percent-encoded, as it stands in an address.
    """
    names: dict[str, str] = {}
    for value, name in secrets.items():
        for text in {value, *_password(value)}:
            for spelling in (text, quote(text, safe=""), quote(text)):
                if len(spelling) >= SHORTEST:
                    names.setdefault(spelling, name)
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
    return partial(pattern.sub, lambda match: names[match[0]])


@contextmanager
def concealed(conceal: Conceal) -> Iterator[None]:
    """Conceal secrets in the messages of an exception that leaves the block, and of what it was caused by."""
    try:
        yield
    except Exception as error:
        step: BaseException | None = error
        seen: set[int] = set()
        while step is not None and id(step) not in seen:
            seen.add(id(step))
            step.args = tuple(conceal(one) if isinstance(one, str) else one for one in step.args)
            step = step.__cause__ or step.__context__
        raise


def _items(conceal: Conceal, items: Iterator[Item]) -> Iterator[Item]:
    with concealed(conceal):
        for item in items:
            if isinstance(item, Skip):
                yield _skip(item, conceal)
            elif isinstance(item, Pending):
                yield replace(item, read=partial(_read, conceal, item.read))
            else:
                yield item


def _read(conceal: Conceal, read: Callable[[], Document | Skip]) -> Document | Skip:
    with concealed(conceal):
        found = read()
    return _skip(found, conceal) if isinstance(found, Skip) else found


def _skip(skip: Skip, conceal: Conceal) -> Skip:
    return replace(skip, reason=conceal(skip.reason))


def _password(value: str) -> set[str]:
    try:
        password = urlsplit(value).password
    except ValueError:  # no URL
        return set()
    return {password, unquote(password)} if password else set()
