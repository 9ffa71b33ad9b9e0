"""One version of what is there in several languages: the one that the reader reads.

Documents that are versions of one another have the same `translation_group` in their metadata. A group may be named
after a document that says nothing itself: the original of translations (`guide.md` of `guide.de.md`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .errors import FilterError, InputError
from .filters import AnyOf, Filter, Match
from .protocols import Readable
from .text.codes import base_language, canonical_tag, language_and_variants, matches, script_of
from .types import TRANSLATION_GROUP, UNDETERMINED, Chunk, Hit

GROUP = f"metadata.{TRANSLATION_GROUP}"
_FIRST = Match("ordinal", (0,))
_SPARE = 4
"""Passages looked at for each that is wanted: versions of a text are found beside one another."""
LARGEST = 500
"""Documents in a group; with more it is no group for a reader, since all of them are read for each search."""
_NEAR = [frozenset(group.split()) for group in ("bs hr sh sr", "da nb nn no", "id ms", "yue zh")]
"""Languages that are hardly told apart by their texts."""
_PARTS = re.compile("[./]")

Group = str | int
Nearest = Callable[[int, Filter | None], list[Hit]]
"""The best so many passages under a filter; fewer only where there are no more."""


def group_of(chunk: Chunk) -> Group:
    """The group that a passage's document belongs to: what its metadata say, else its own id."""
    named = chunk.metadata.get(TRANSLATION_GROUP)
    if isinstance(named, bool) or not isinstance(named, str | int) or named == "":
        return chunk.document_id
    return named


def language_by(tag: str, said: str | None) -> str:
    """The language of a text found to be in `tag` that has a name which says `said`: of near relatives the name's."""
    if said is None or tag in language_and_variants(said):
        return tag
    found, name = base_language(tag), base_language(said)
    if found == name or not any({found, name} <= group for group in _NEAR):
        return tag
    return said if script_of(tag) in {script_of(one) for one in language_and_variants(said)} else tag


def members(groups: Iterable[Group]) -> Filter:
    """The passages of these groups, those of their originals too; there has to be one group at least."""
    names = tuple(groups)
    ids = tuple(name for name in names if isinstance(name, str))
    said = Filter((Match(GROUP, names),))
    return Filter((AnyOf((said, Filter((Match("document_id", ids),)))),)) if ids else said


def reading(reader: str | Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The languages of a reader, in order, each as the tags that it takes in. Raises FilterError, InputError."""
    names = [reader] if isinstance(reader, str) else list(reader)
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"reader is {reader!r}. Give a language, or several with the best first: de, or [de, fr].")
    return tuple(language_and_variants(canonical_tag(name)) for name in names)


@dataclass(slots=True)
class _Versions:
    """What is known of one group: the language that each document begins in, and the passages found of it.

    `best`: the highest score of its passages in known languages. `tag`: the language that is shown; None where there is
    no choice. `first`: the best passage in it.
    """

    best: float
    languages: dict[str, str] = field(default_factory=dict)
    tag: str | None = None
    first: Hit | None = None

    def shows(self, document_id: str) -> bool:
        """Whether a document is in the language that is shown."""
        return self.tag is not None and self.languages[document_id] == self.tag

    def hides(self, document_id: str) -> bool:
        """Whether a document gives way to those in another language; one whose language is not known never does."""
        return self.tag is not None and self.languages[document_id] != self.tag and _known(self.languages[document_id])


@dataclass(frozen=True, slots=True)
class Collapse:
    """Shows each group in one language; see `Retriever.search` for what that means to a caller."""

    store: Readable
    nearest: Nearest
    vector: NDArray[np.float32]
    reader: tuple[tuple[str, ...], ...]
    where: Filter | None
    score_threshold: float | None

    def search(self, limit: int) -> list[Hit]:
        """The best `limit` passages, best first. Asks again without what is hidden, until there are enough."""
        groups: dict[Group, _Versions] = {}
        hidden: set[str] = set()
        wanted = limit * _SPARE
        while True:
            found = self.nearest(wanted, self._without(hidden))
            self._learn([hit for hit in found if group_of(hit.chunk) not in groups], groups)
            for hit in found:  # the first passage of a document may be outside the filter
                groups[group_of(hit.chunk)].languages.setdefault(hit.chunk.document_id, _language(hit.chunk))
            shown = _shown(found, groups)
            hides = {hit.chunk.document_id for hit in found if groups[group_of(hit.chunk)].hides(hit.chunk.document_id)}
            if len(shown) >= limit or len(found) < wanted or not hides:
                return shown[:limit]
            hidden |= hides
            wanted *= 2

    def _without(self, hidden: set[str]) -> Filter | None:
        if not hidden:
            return self.where
        return Filter(must_not=(Match("document_id", tuple(sorted(hidden))),)) & self.where

    def _learn(self, hits: Sequence[Hit], groups: dict[Group, _Versions]) -> None:
        """Add the groups of `hits`, best first, each with the version of it that is shown."""
        if not hits:
            return
        new: dict[Group, _Versions] = {}
        found: dict[Group, list[Hit]] = {}
        for hit in hits:
            found.setdefault(group_of(hit.chunk), []).append(hit)
            new.setdefault(group_of(hit.chunk), _Versions(best=hit.score))
        groups |= new
        for name in self._large(list(new)):
            del new[name], found[name]
        if not new:
            return
        for stored in self.store.scan(self._beginnings(new)):
            if (name := group_of(stored.chunk)) in new:  # not of a document whose id is a group, but which has another
                new[name].languages.setdefault(stored.chunk.document_id, _language(stored.chunk))
        for name, own in found.items():
            for hit in own:
                new[name].languages.setdefault(hit.chunk.document_id, _language(hit.chunk))
        fetched = self._fetched(self._lacking(new, found))
        for name, versions in new.items():
            self._choose(versions, found[name], fetched)

    def _beginnings(self, groups: Iterable[Group]) -> Filter:
        return members(groups) & (Filter((_FIRST,)) & self.where)

    def _large(self, groups: Sequence[Group]) -> list[Group]:
        """The groups of too many documents, found by halves: there are hardly ever any, and one count says so."""
        if self.store.count(self._beginnings(groups)) <= LARGEST:
            return []
        half = len(groups) // 2
        return [*self._large(groups[:half]), *self._large(groups[half:])] if half else list(groups)

    def _lacking(self, groups: Mapping[Group, _Versions], found: Mapping[Group, Sequence[Hit]]) -> list[str]:
        """Documents in languages of the reader that go before those in which something was found."""
        lacking: list[str] = []
        for name, versions in groups.items():
            have = {hit.chunk.document_id for hit in found[name]}
            for tags in self.reader:
                documents = [document for document, tag in versions.languages.items() if tag in tags]
                if have.intersection(documents):
                    break
                lacking += documents
        return lacking

    def _fetched(self, documents: Sequence[str]) -> dict[str, Hit]:
        """The best passage of each document: one search, and further ones where a few have very many near passages."""
        best: dict[str, Hit] = {}
        left = set(documents)
        while left:
            wanted = len(left) * _SPARE
            within = Filter((Match("document_id", tuple(sorted(left))),)) & self.where
            found = self.store.search(self.vector, limit=wanted, where=within, score_threshold=self.score_threshold)
            for hit in found:
                best.setdefault(hit.chunk.document_id, hit)
            left -= best.keys()
            if len(found) < wanted:
                break
        return best

    def _choose(self, versions: _Versions, own: Sequence[Hit], fetched: Mapping[str, Hit]) -> None:
        """Decide which version is shown: the first that the reader reads, else that of the best passage."""
        others = (fetched[document] for document in versions.languages if document in fetched)
        ranked = sorted([*own, *others], key=_order)
        known = [hit for hit in ranked if _known(versions.languages[hit.chunk.document_id])]
        read = (hit for tags in self.reader for hit in known if versions.languages[hit.chunk.document_id] in tags)
        versions.first = next(read, next(iter(known), None))
        if versions.first is not None:
            versions.tag = versions.languages[versions.first.chunk.document_id]
            scores = (hit.score for hit in own if _known(versions.languages[hit.chunk.document_id]))
            versions.best = max(scores, default=versions.first.score)


def _shown(found: Sequence[Hit], groups: Mapping[Group, _Versions]) -> list[Hit]:
    """`found` without what is hidden; the best passage in the language that is shown has the rank of its group."""
    shown: list[Hit] = []
    begun: set[Group] = set()
    for hit in found:
        name = group_of(hit.chunk)
        versions, document_id = groups[name], hit.chunk.document_id
        if versions.shows(document_id) and name not in begun:
            begun.add(name)
            shown.append(_ranked(hit, versions.best))
        elif not versions.hides(document_id):
            shown.append(hit)
    rest = (versions for name, versions in groups.items() if name not in begun and versions.first is not None)
    shown += (_ranked(versions.first, versions.best) for versions in rest if versions.first is not None)
    return sorted(shown, key=_order)


def _language(chunk: Chunk) -> str:
    """The language that a passage's document counts for, `und` where its name says another than its text.

    Such a name may mean a department (`it`) or a country (`ch`), so that the document is no version of the others.
    """
    said = _said(chunk)
    tag = language_by(chunk.language, said)
    agrees = said is None or base_language(tag) == base_language(said) or matches(tag, said)
    return tag if agrees else UNDETERMINED


def _said(chunk: Chunk) -> str | None:
    """The tag for which the id of a file is not that of its group: `de` of `docs/de/guide.md` in `docs/guide.md`."""
    group = group_of(chunk)
    if not isinstance(chunk.metadata.get("path"), str) or not isinstance(group, str) or group == chunk.document_id:
        return None
    own, shared = Counter(_PARTS.split(chunk.document_id)), Counter(_PARTS.split(group))
    tags = own - shared
    if len(tags) != 1 or shared - own:
        return None
    try:
        return canonical_tag(next(iter(tags)))
    except FilterError:
        return None


def _ranked(hit: Hit, score: float) -> Hit:
    return hit if hit.score == score else replace(hit, score=score)


def _order(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.chunk.id


def _known(tag: str) -> bool:
    return base_language(tag) != UNDETERMINED
